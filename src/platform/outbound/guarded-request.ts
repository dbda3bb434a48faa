import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { isSameIp } from './ssrf-guard.js';

/** A request that ended without a response, for a reason of ours; the message is a code. */
export class OutboundFailed extends Error {}

const MAX_HEADER_BYTES = 16 * 1024;
/** Names that resolve only inside a machine or a network, including single-label names. */
const LOCAL_NAME = /^[^.]+\.?$|\.(localhost|local|internal|home\.arpa|localdomain)\.?$/i;

/** What is sent, besides the URL and the IP addresses that were validated for it. */
export interface GuardedRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string | number>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Called with the IP address at the other end as soon as there is a connection. */
  readonly onConnect?: (address: string) => void;
}

/**
 * Sends a request to one of exactly these IP addresses, which the caller has validated, and compares the remote address of
 * the connection with them. Redirects are not followed. A connection is used again only if the same addresses were
 * validated for it. @throws OutboundFailed, and the errors of the connection
 */
export function requestGuarded(
  url: URL,
  validated: readonly string[],
  { method, headers, body, signal, onConnect }: GuardedRequest,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = openRequest(url, {
      method,
      validated,
      signal,
      maxHeaderSize: MAX_HEADER_BYTES,
      lookup: lookupOf(validated),
      headers,
    });
    sent.once('socket', (socket: Socket) => {
      const check = (): void => {
        const other = socket.remoteAddress ?? '';
        onConnect?.(other);
        if (!validated.some((address) => isSameIp(address, other)))
          sent.destroy(new OutboundFailed('address_not_allowed'));
      };
      // For plain http this is before the first byte of the request, for https before the handshake.
      if (socket.connecting) socket.once('connect', check);
      else check();
    });
    sent.once('response', resolve);
    // An unrequested 101: without a listener the request would end without an event.
    sent.once('upgrade', (_answer, socket) => {
      socket.destroy();
      reject(new OutboundFailed('answer_not_understood'));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Whether a name resolves only inside a machine or a network. */
export function isLocalName(host: string): boolean {
  return LOCAL_NAME.test(host);
}

/** The host in the form used to connect: without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}

/** Prevents a second resolution of the name, which could return other IP addresses. */
function lookupOf(allowed: readonly string[]): LookupFunction {
  const records = allowed.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all) callback(null, records);
    else callback(null, records[0]!.address, records[0]!.family);
  };
}

/** Shorter than any server keeps idle connections open, so that no connection is used while its other end closes it. */
const IDLE_MS = 1000;
const OPTIONS: http.AgentOptions = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 5 };

/** Options of a request, with the IP addresses that were validated for it. */
interface PinnedOptions extends https.RequestOptions {
  readonly validated: readonly string[];
}

/**
 * Connections that are used again within a second, but only by an attempt with exactly the same validated IP addresses.
 */
class PinnedHttpAgent extends http.Agent {
  override getName(options?: http.ClientRequestArgs): string {
    return `${super.getName(options)}:${validatedOf(options)}`;
  }
}

class PinnedHttpsAgent extends https.Agent {
  override getName(options?: https.RequestOptions): string {
    return `${super.getName(options)}:${validatedOf(options)}`;
  }
}

const agents = { 'http:': new PinnedHttpAgent(OPTIONS), 'https:': new PinnedHttpsAgent(OPTIONS) };

/** Opens a request over the agent of its protocol. */
function openRequest(url: URL, options: PinnedOptions): http.ClientRequest {
  return url.protocol === 'https:'
    ? https.request(url, { ...options, agent: agents['https:'] })
    : http.request(url, { ...options, agent: agents['http:'] });
}

function validatedOf(options: object | undefined): string {
  return [...((options as PinnedOptions | undefined)?.validated ?? [])].sort().join(',');
}
