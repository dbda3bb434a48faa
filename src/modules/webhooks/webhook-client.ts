import type http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { removeControls } from '../../platform/validation/text.js';
import { hostOf, OutboundFailed, requestGuarded } from '../../platform/outbound/guarded-request.js';
import { isAllowedIp, isPrivateIp } from '../../platform/outbound/ssrf-guard.js';
import { NameResolver } from '../../platform/outbound/name-resolver.js';
import type { SignedWebhook } from './webhook-signature.js';
import { WebhookUrlPolicy } from './webhook-url.policy.js';

/** The result of one attempt. */
export interface AttemptResult {
  readonly at: Date;
  readonly durationMs: number;
  readonly statusCode: number | null;
  /** Why the attempt failed, as a code of ours; never the error text of an internal system. */
  readonly error: string | null;
  /** The first bytes of the response; null without one. */
  readonly answer: string | null;
  readonly retryAfterSeconds: number | null;
  /**
   * Whether the connection was to an IP address that only `WEBHOOK_ALLOW_PRIVATE_NETWORK` allows; without a connection,
   * whether one of the candidate IP addresses was.
   */
  readonly isPrivate: boolean;
}

const MAX_RESPONSE_BYTES = 64 * 1024;
const EXCERPT_CHARACTERS = 500;

/** What is read of a response, and how long an attempt may take; `WEBHOOK_TIMEOUT_MS` if omitted. */
export interface AttemptBounds {
  readonly maxCharacters?: number;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
}
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** What is known of the target of a request: first from its name, then from the connection. */
interface RequestTarget {
  isPrivate: boolean;
}

/**
 * Sends one webhook, protected against SSRF: the name is resolved, every IP address is validated, the connection is
 * made to one of exactly these IP addresses, and its remote address is compared with them. Redirects are not followed.
 * Every attempt validates anew; it reuses an open connection only if the same IP addresses were validated for that.
 */
@Injectable()
export class WebhookClient {
  constructor(
    private readonly config: Config,
    private readonly urls: WebhookUrlPolicy,
    private readonly resolver: NameResolver,
  ) {}

  /** Never throws: a failure is a result, too. The result contains the first `maxCharacters` of the response. */
  async post(
    target: string,
    { body, headers }: SignedWebhook,
    { maxCharacters = EXCERPT_CHARACTERS, maxBytes = MAX_RESPONSE_BYTES, timeoutMs }: AttemptBounds = {},
  ): Promise<AttemptResult> {
    const at = new Date();
    const destination: RequestTarget = { isPrivate: false };
    const begun = performance.now();
    const done = (result: Partial<AttemptResult>): AttemptResult => ({
      at,
      durationMs: Math.round(performance.now() - begun),
      statusCode: null,
      error: null,
      answer: null,
      retryAfterSeconds: null,
      isPrivate: destination.isPrivate,
      ...result,
    });
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs ?? this.config.webhookTimeoutMs);
    const isLate = new Promise<never>((_resolve, reject) => {
      deadline.signal.addEventListener('abort', () => reject(new OutboundFailed('timeout')));
    });
    try {
      return done(
        await Promise.race([
          this.exchange(target, { body, headers, destination, maxCharacters, maxBytes, signal: deadline.signal }),
          isLate,
        ]),
      );
    } catch (error) {
      return done({ error: reasonOf(error) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until the attempt would have ended if the receiver had never responded. */
  async waitOut({ durationMs }: AttemptResult): Promise<void> {
    await sleep(Math.max(0, this.config.webhookTimeoutMs - durationMs));
  }

  private async exchange(target: string, sending: OutgoingRequest): Promise<Partial<AttemptResult>> {
    if (this.urls.check(target)) throw new OutboundFailed('address_not_allowed');
    const url = new URL(target);
    const allowed = await this.allowedAddresses(hostOf(url));
    sending.destination.isPrivate = allowed.some(isPrivateIp);
    const { body, headers, signal, destination } = sending;
    const response = await requestGuarded(url, allowed, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Parley-Webhooks/1',
        'accept-encoding': 'identity',
        ...headers,
      },
      body,
      signal,
      onConnect: (address) => (destination.isPrivate = isPrivateIp(address)),
    });
    const answer = await readExcerpt(response, sending);
    const statusCode = response.statusCode ?? 0;
    return { statusCode, answer, error: errorOf(statusCode), retryAfterSeconds: retryAfterOf(response) };
  }

  /** One forbidden IP address among them rejects all: a name that mixes them is an attack. */
  private async allowedAddresses(host: string): Promise<string[]> {
    const addresses = await this.resolver.resolve(host);
    if (addresses.length === 0) throw new OutboundFailed('name_not_resolved');
    const allowPrivate = this.config.webhookAllowPrivateNetwork;
    if (!addresses.every((address) => isAllowedIp(address, { allowPrivate }))) {
      throw new OutboundFailed('address_not_allowed');
    }
    return addresses;
  }
}

interface OutgoingRequest {
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly maxCharacters: number;
  readonly maxBytes: number;
  /** Updated as soon as there is a connection. */
  readonly destination: RequestTarget;
}

/** Reads up to `maxBytes`; a longer response is cut, and its connection is closed. */
async function readExcerpt(
  response: http.IncomingMessage,
  { maxCharacters, maxBytes }: Pick<OutgoingRequest, 'maxCharacters' | 'maxBytes'>,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= maxBytes) break; // leaving the loop destroys the stream
  }
  const text = removeControls(Buffer.concat(chunks).toString('utf8', 0, maxCharacters * 4));
  return text.length <= maxCharacters ? text : [...text].slice(0, maxCharacters).join('');
}

function errorOf(statusCode: number): string | null {
  if (statusCode >= 200 && statusCode < 300) return null;
  return statusCode >= 300 && statusCode < 400 ? 'redirect_not_followed' : 'refused';
}

function retryAfterOf({ headers }: http.IncomingMessage): number | null {
  const value = headers['retry-after'];
  if (value === undefined) return null;
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, Math.ceil(seconds)), MAX_RETRY_AFTER_SECONDS) : null;
}

const REASONS: Readonly<Record<string, string>> = {
  ABORT_ERR: 'timeout',
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  ETIMEDOUT: 'timeout',
  HPE_HEADER_OVERFLOW: 'answer_not_understood',
};

function reasonOf(error: unknown): string {
  if (error instanceof OutboundFailed) return error.message;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (REASONS[code]) return REASONS[code];
  if (code.startsWith('HPE_')) return 'answer_not_understood';
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return 'certificate_not_trusted';
  return 'connection_failed';
}
