import { defineError } from '../../platform/errors/app-error.js';
import { integer, text } from '../../platform/errors/error-details.js';

const MAX = { max: integer('The maximum number') };

/** Also for webhooks of other users, so that ids cannot be probed. */
export class WebhookNotFound extends defineError('WEBHOOK_NOT_FOUND', 404, {
  message: 'No such webhook.',
  meaning: 'The webhook does not exist, or belongs to another user.',
  action: 'Treat it as gone.',
}) {}

export class DeliveryNotFound extends defineError('DELIVERY_NOT_FOUND', 404, {
  message: 'No such delivery.',
  meaning: 'The delivery does not exist, belongs to a webhook of another user, or is past its retention.',
  action: 'Treat it as gone.',
}) {}

export class WebhookDisabled extends defineError('WEBHOOK_DISABLED', 409, {
  message: 'This webhook is disabled. Activate it first.',
  meaning: 'Nothing is sent to a disabled webhook.',
  action: 'Make it active first.',
}) {}

export class TooManyWebhooksForHost extends defineError('TOO_MANY_WEBHOOKS_FOR_HOST', 409, {
  message: 'You have reached the maximum number of webhooks at this host.',
  meaning:
    'The user has the maximum number of webhooks (`details.max`) at this host (`details.host`), whatever the port.',
  action: 'Delete one of them, or subscribe one webhook to all events.',
  details: {
    fields: { host: text('The host of the URL'), ...MAX },
    of: (host: string = '', max: number = 0) => ({ host, max }),
  },
}) {}

export class TooManyWebhooks extends defineError('TOO_MANY_WEBHOOKS', 409, {
  message: 'You have reached the maximum number of webhooks.',
  meaning: 'The user has the maximum number of webhooks (`details.max`).',
  action: 'Delete one.',
  details: { fields: MAX, of: (max: number = 0) => ({ max }) },
}) {}
