import type { AttemptResult, WebhookClient } from '../../../src/modules/webhooks/webhook-client.js';
import type { SignedWebhook } from '../../../src/modules/webhooks/webhook-signature.js';

/** Ends every attempt with `result`, without a network; without one, as if the receiver had accepted it. */
export class ScriptedWebhookClient implements Pick<WebhookClient, 'post'> {
  result: Partial<AttemptResult> = {};
  /** The ids of the events that were sent. */
  sent: string[] = [];
  /** What was sent, by the URL. */
  bodies: { url: string; event: string; data: Record<string, unknown> }[] = [];

  post(url: string, { headers, body }: SignedWebhook): Promise<AttemptResult> {
    this.sent.push(headers['webhook-id']!);
    this.bodies.push({ url, ...(JSON.parse(body) as { event: string; data: Record<string, unknown> }) });
    const nothing = { error: null, answer: null, retryAfterSeconds: null, isPrivate: false };
    return Promise.resolve({ at: new Date(), durationMs: 1, statusCode: 204, ...nothing, ...this.result });
  }
}
