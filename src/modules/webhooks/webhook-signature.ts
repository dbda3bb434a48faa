import { createHmac } from 'node:crypto';
import { standardKeyOf } from './webhook-secrets.js';

/** The content of a webhook before it is signed. */
export interface WebhookContent {
  readonly id: string;
  readonly event: string;
  /** When the event happened. */
  readonly at: Date;
  readonly data: object;
}

export interface SignedWebhook {
  readonly body: string;
  readonly headers: Record<string, string>;
}

/**
 * Builds body and headers of one attempt. The body is `{"event":…,"timestamp":…,"data":…,"signature":"sha256=…"}` in
 * this order; its signature is the HMAC-SHA256 over the same text without that member. The headers sign the final
 * bytes: those of Standard Webhooks with every secret, `X-Webhook-Signature` with the newest. During a rotation the
 * previous secret also signs: as a second Standard signature, as `X-Webhook-Signature-Previous` and as
 * `previous_signature`.
 */
export function signWebhook(content: WebhookContent, secrets: readonly string[], now: Date): SignedWebhook {
  const { id, event, at, data } = content;
  const [newest = '', previous] = secrets;
  const unsigned = JSON.stringify({ event, timestamp: at.toISOString(), data });
  const members = [`"signature":"sha256=${hmacHex(newest, unsigned)}"`];
  if (previous !== undefined) members.push(`"previous_signature":"sha256=${hmacHex(previous, unsigned)}"`);
  const body = `${unsigned.slice(0, -1)},${members.join(',')}}`;
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const standard = secrets.map((secret) => `v1,${hmacBase64(standardKeyOf(secret), `${id}.${timestamp}.${body}`)}`);
  return {
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': standard.join(' '),
      'x-webhook-signature': `sha256=${hmacHex(newest, body)}`,
      ...(previous !== undefined && { 'x-webhook-signature-previous': `sha256=${hmacHex(previous, body)}` }),
    },
  };
}

function hmacHex(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'utf8').digest('hex');
}

function hmacBase64(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('base64');
}
