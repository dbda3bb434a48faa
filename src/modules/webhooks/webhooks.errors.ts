import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

/** Also for webhooks of other users, so that ids cannot be probed. */
@ErrorDoc('The webhook does not exist, or belongs to another user.', 'Treat it as gone.')
export class WebhookNotFound extends AppError {
  readonly code = 'WEBHOOK_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such webhook.');
  }
}

@ErrorDoc(
  'The delivery does not exist, belongs to a webhook of another user, or is past its retention.',
  'Treat it as gone.',
)
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
  'The user has the maximum number of webhooks (`details.max`) at this host (`details.host`), whatever the port.',
  'Delete one of them, or subscribe one webhook to all events.',
)
export class TooManyWebhooksForHost extends AppError {
  readonly code = 'TOO_MANY_WEBHOOKS_FOR_HOST';
  readonly status = 409;

  constructor(host = '', max = 0) {
    super('You have reached the maximum number of webhooks at this host.', { host, max });
  }
}

@ErrorDoc('The user has the maximum number of webhooks (`details.max`).', 'Delete one.')
export class TooManyWebhooks extends AppError {
  readonly code = 'TOO_MANY_WEBHOOKS';
  readonly status = 409;

  constructor(max = 0) {
    super('You have reached the maximum number of webhooks.', { max });
  }
}
