import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type AppError, RateLimitExceeded, RouteNotFound, ValidationError } from '../../errors/app-error.js';
import { toAppErrorAndLog } from '../../errors/error.filter.js';
import type { PresentedError } from '../../errors/error-formats.js';
import { RequestValidator } from '../../http/request-validator.js';
import { ConnectionGate } from './connection-gate.js';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** The URL of the request: its path and query. */
  readonly url: URL;
  /** The rate limit key of the client's IP address; empty for a session that was counted when it began. */
  readonly ipKey: string;
}

interface UpgradeRoute {
  readonly matches: (path: string) => boolean;
  /** Takes over the socket. A rejection before anything was written is sent as an HTTP response. */
  readonly open: (upgrade: Upgrade) => Promise<void> | void;
  /** Whether this upgrade continues an existing session. @throws AppError if it may not */
  readonly continuesSession?: (request: IncomingMessage, url: URL) => boolean;
  /** Formats an error for its clients over HTTP; by default in Parley's own format. */
  readonly present?: (error: AppError) => PresentedError;
}

/**
 * Routes upgrades by path. One listener handles all of them: an upgrade without a route gets a 404 and is destroyed,
 * because an upgrade that no listener handles stays open forever.
 */
@Injectable()
export class UpgradeRoutes implements OnApplicationBootstrap {
  private readonly logger = new Logger('Sockets');
  private readonly routes: UpgradeRoute[] = [];

  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly gate: ConnectionGate,
    private readonly requests: RequestValidator,
  ) {}

  /**
   * Registers a path, with or without a trailing slash, or a predicate. Failures of `open` are sent as 401, 403, 429 or
   * 503.
   */
  register(
    path: string | ((path: string) => boolean),
    open: UpgradeRoute['open'],
    more: Pick<UpgradeRoute, 'continuesSession' | 'present'> = {},
  ): void {
    this.routes.push({
      matches: typeof path === 'string' ? (requested) => requested === path || requested === `${path}/` : path,
      open,
      ...more,
    });
  }

  onApplicationBootstrap(): void {
    const server = this.adapter.httpAdapter.getHttpServer() as Server;
    server.on('upgrade', (request, socket, head) => {
      if (isWebSocketUpgrade(request)) void this.route(request, socket, head);
      else processWithoutUpgrade(server, request, socket, head);
    });
  }

  private async route(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const url = parseUrl(request);
    const route = url && this.routes.find(({ matches }) => matches(url.pathname));
    try {
      const ipKey = await this.authorize(request, url, route);
      await route!.open({ request, socket, head, url: url!, ipKey });
    } catch (error) {
      refuse(socket, toAppErrorAndLog(error, this.logger), route?.present);
    } finally {
      // The protocol has its own listener now. While the socket is being refused this one must stay.
      if (socket.listenerCount('error') > 1) socket.removeListener('error', onError);
    }
  }

  /**
   * Returns the rate limit key of the client's IP address. An upgrade that is refused before the gate counts it is
   * counted as a call of that address.
   */
  private async authorize(
    request: IncomingMessage,
    url: URL | undefined,
    route: UpgradeRoute | undefined,
  ): Promise<string> {
    let isCounted = false;
    try {
      this.requests.validate(request);
      if (!url || !route) throw new RouteNotFound();
      if (request.url!.includes('%00')) throw ValidationError.of('', 'the URL contains a NUL');
      const continuesSession = route.continuesSession?.(request, url) ?? false;
      isCounted = true;
      if (!continuesSession) return await this.gate.check(request);
      this.gate.checkOpen(request);
      return '';
    } catch (error) {
      if (!isCounted) await this.gate.countRefused(request);
      throw error;
    }
  }
}

function parseUrl({ url = '' }: IncomingMessage): URL | undefined {
  return URL.canParse(url, 'http://host') ? new URL(url, 'http://host') : undefined;
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

function presentAsParley({ status, code, message, details }: AppError): PresentedError {
  return { status, body: { error: { code, message, details } } };
}

/** The error as a complete HTTP response. */
export function refusal(
  error: AppError,
  present: (error: AppError) => PresentedError = presentAsParley,
): { status: number; headers: Record<string, string>; body: string } {
  const { details } = error;
  const { status, body: content } = present(error);
  const body = JSON.stringify(content);
  const headers: Record<string, string> = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  };
  if (typeof details.retry_after === 'number') headers['Retry-After'] = String(details.retry_after);
  if (error instanceof RateLimitExceeded && error.spent) {
    headers['X-RateLimit-Limit'] = String(error.spent.limit);
    headers['X-RateLimit-Remaining'] = '0';
    headers['X-RateLimit-Reset'] = String(error.spent.resetAt);
  }
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer';
  return { status, headers, body };
}

/** Responds to an upgrade with the error and ends it. */
export function refuse(socket: Duplex, error: AppError, present?: (error: AppError) => PresentedError): void {
  if (!socket.writable) return void socket.destroy();
  const { status, headers, body } = refusal(error, present);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const response = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
  socket.end(response, () => socket.destroy());
}

/** Headers that offer another protocol and are not part of the request itself. */
const OFFERS = new Set(['upgrade', 'connection', 'http2-settings']);

/** Whether a request is an upgrade to WebSocket. */
function isWebSocketUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Processes a request that offers another protocol as if it had not, which a server may do (RFC 9110, 7.8): Java's
 * client and `curl --http2` offer `h2c` with every first request. Node has detached the socket from its parser by then,
 * so the request is parsed again without the offer; `head` is the part of its body received so far. The connection ends
 * with the response: parsing again leaves listeners on the socket and restarts the count of its requests.
 */
function processWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!OFFERS.has(rawHeaders[at]!.toLowerCase())) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  lines.push('Connection: close');
  const again = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]);
  server.emit('connection', socket);
  socket.unshift(again);
  process.nextTick(() => socket.resume());
}
