import { AppError } from '../../platform/errors/app-error.js';

/** Also for other people's webhooks: their ids cannot be probed. */
export class WebhookNotFound extends AppError {
  readonly code = 'WEBHOOK_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such webhook.');
  }
}

export class DeliveryNotFound extends AppError {
  readonly code = 'DELIVERY_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such delivery.');
  }
}

/** Nothing is sent to a disabled webhook; make it active first. */
export class WebhookDisabled extends AppError {
  readonly code = 'WEBHOOK_DISABLED';
  readonly status = 409;

  constructor() {
    super('This webhook is disabled. Activate it first.');
  }
}

/** The user has as many as one may have. */
export class TooManyWebhooks extends AppError {
  readonly code = 'TOO_MANY_WEBHOOKS';
  readonly status = 409;

  constructor(max = 0) {
    super('You have as many webhooks as one may have.', { max });
  }
}
