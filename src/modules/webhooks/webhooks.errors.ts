import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

/** Also for other people’s webhooks: their ids cannot be probed. */
@ErrorDoc('There is no such webhook, or it is somebody else’s.', 'Treat it as gone.')
export class WebhookNotFound extends AppError {
  readonly code = 'WEBHOOK_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such webhook.');
  }
}

@ErrorDoc('There is no such delivery, it is of somebody else’s webhook, or it has been forgotten.', 'Treat it as gone.')
export class DeliveryNotFound extends AppError {
  readonly code = 'DELIVERY_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such delivery.');
  }
}

@ErrorDoc('Nothing is sent to a disabled webhook.', 'Make it active first.')
export class WebhookDisabled extends AppError {
  readonly code = 'WEBHOOK_DISABLED';
  readonly status = 409;

  constructor() {
    super('This webhook is disabled. Activate it first.');
  }
}

@ErrorDoc(
  'The caller has as many webhooks at this host (`details.host`) as one may have there (`details.max`); a port makes no other host.',
  'Delete one of them, or let one webhook have all events.',
)
export class TooManyWebhooksForHost extends AppError {
  readonly code = 'TOO_MANY_WEBHOOKS_FOR_HOST';
  readonly status = 409;

  constructor(host = '', max = 0) {
    super('You have as many webhooks at this host as one may have.', { host, max });
  }
}

@ErrorDoc('The caller has as many webhooks as one may have (`details.max`).', 'Delete one.')
export class TooManyWebhooks extends AppError {
  readonly code = 'TOO_MANY_WEBHOOKS';
  readonly status = 409;

  constructor(max = 0) {
    super('You have as many webhooks as one may have.', { max });
  }
}
