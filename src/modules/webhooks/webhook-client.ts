import type http from 'node:http';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { withoutControls } from '../../platform/validation/text.js';
import { isAllowedAddress, isPrivateAddress, isSameAddress } from './ssrf-guard.js';
import { openRequest } from './pinned-agents.js';
import { WebhookResolver } from './webhook-resolver.js';
import type { SignedWebhook } from './webhook-signature.js';
import { hostOf, WebhookUrls } from './webhook-url.js';

/** What became of one try. */
export interface AttemptResult {
  readonly at: Date;
  readonly durationMs: number;
  readonly statusCode: number | null;
  /** Why there is no success: a word of ours, never what an inner system said. */
  readonly error: string | null;
  /** The first bytes of the answer; only of receivers that could be asked. */
  readonly answer: string | null;
  readonly retryAfterSeconds: number | null;
  /**
   * Whether the other end of the connection was an address that only `WEBHOOK_ALLOW_PRIVATE_NETWORK` opens; where no
   * connection was made, whether one of the addresses that were to be used was.
   */
  readonly isPrivate: boolean;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const KEPT_ANSWER_CHARACTERS = 500;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** Where a request goes, as far as is known. */
interface Destination {
  isPrivate: boolean;
}

/** A try that ended without an answer; the message is shown to the webhook's owner. */
class DeliveryFailed extends Error {}

/**
 * Sends one webhook, to nobody it should not reach: the name is resolved, every address judged, the connection made to
 * one of the very addresses that were judged and its other end compared with them. Redirects are not followed. Each try
 * is judged anew; it uses an open connection again only where the same addresses were judged for that.
 */
@Injectable()
export class WebhookClient {
  constructor(
    private readonly config: Config,
    private readonly urls: WebhookUrls,
    private readonly resolver: WebhookResolver,
  ) {}

  /** Never throws: whatever happens is the result. Of the answer the first `keptCharacters` are in it. */
  async post(
    address: string,
    { body, headers }: SignedWebhook,
    keptCharacters = KEPT_ANSWER_CHARACTERS,
  ): Promise<AttemptResult> {
    const at = new Date();
    const destination: Destination = { isPrivate: false };
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
    const timer = setTimeout(() => deadline.abort(), this.config.webhookTimeoutMs);
    const isLate = new Promise<never>((_resolve, reject) => {
      deadline.signal.addEventListener('abort', () => reject(new DeliveryFailed('timeout')));
    });
    try {
      return done(
        await Promise.race([
          this.exchange(address, { body, headers, destination, keptCharacters, signal: deadline.signal }),
          isLate,
        ]),
      );
    } catch (error) {
      return done({ error: reasonOf(error) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the attempt would have ended had the other end been silent. */
  async waitOut({ durationMs }: AttemptResult): Promise<void> {
    await sleep(Math.max(0, this.config.webhookTimeoutMs - durationMs));
  }

  private async exchange(address: string, sending: Sending): Promise<Partial<AttemptResult>> {
    if (this.urls.checkAddress(address)) throw new DeliveryFailed('address_not_allowed');
    const url = new URL(address);
    const allowed = await this.allowedAddresses(hostOf(url));
    sending.destination.isPrivate = allowed.some(isPrivateAddress);
    const response = await request(url, allowed, sending);
    const answer = await readStart(response, sending.keptCharacters);
    const statusCode = response.statusCode ?? 0;
    return { statusCode, answer, error: errorOf(statusCode), retryAfterSeconds: retryAfterOf(response) };
  }

  /** One bad address among them and none is used: whoever mixes them in means no good. */
  private async allowedAddresses(host: string): Promise<string[]> {
    const addresses = await this.resolver.resolve(host);
    if (addresses.length === 0) throw new DeliveryFailed('name_not_resolved');
    const allowPrivate = this.config.webhookAllowPrivateNetwork;
    if (!addresses.every((address) => isAllowedAddress(address, { allowPrivate }))) {
      throw new DeliveryFailed('address_not_allowed');
    }
    return addresses;
  }
}

interface Sending {
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly keptCharacters: number;
  /** Corrected as soon as there is a connection. */
  readonly destination: Destination;
}

function request(
  url: URL,
  allowed: readonly string[],
  { body, headers, signal, destination }: Sending,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = openRequest(url, {
      method: 'POST',
      judged: allowed,
      signal,
      maxHeaderSize: MAX_HEADER_BYTES,
      lookup: answerWith(allowed),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Parley-Webhooks/1',
        'accept-encoding': 'identity',
        ...headers,
      },
    });
    sent.once('socket', (socket: Socket) => {
      const check = (): void => {
        const other = socket.remoteAddress ?? '';
        destination.isPrivate = isPrivateAddress(other);
        if (!allowed.some((address) => isSameAddress(address, other)))
          sent.destroy(new DeliveryFailed('address_not_allowed'));
      };
      // For plain http this is before the first byte of the request, for https before the handshake.
      if (socket.connecting) socket.once('connect', check);
      else check();
    });
    sent.once('response', resolve);
    // Answered 101, which nobody asked for: without a listener the request would end without a word.
    sent.once('upgrade', (_answer, socket) => {
      socket.destroy();
      reject(new DeliveryFailed('answer_not_understood'));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** The name is not resolved a second time: a name server may have another answer for us by then. */
function answerWith(allowed: readonly string[]): LookupFunction {
  const records = allowed.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all) callback(null, records);
    else callback(null, records[0]!.address, records[0]!.family);
  };
}

/** Reads up to 64 kB and no further; what is longer is cut, and the connection with it. */
async function readStart(response: http.IncomingMessage, keptCharacters: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= MAX_ANSWER_BYTES) break; // leaving the loop destroys the stream
  }
  const text = Buffer.concat(chunks).toString('utf8', 0, keptCharacters * 4);
  return [...withoutControls(text)].slice(0, keptCharacters).join('');
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
  if (error instanceof DeliveryFailed) return error.message;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (REASONS[code]) return REASONS[code];
  if (code.startsWith('HPE_')) return 'answer_not_understood';
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return 'certificate_not_trusted';
  return 'connection_failed';
}
