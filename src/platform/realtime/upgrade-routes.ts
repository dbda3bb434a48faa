import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type AppError, RateLimitExceeded, RouteNotFound, ValidationError } from '../errors/app-error.js';
import { toAppErrorAndLog } from '../errors/error.filter.js';
import type { PresentedError } from '../errors/error-formats.js';
import { RequestValidator } from '../http/request-validator.js';
import { ConnectionGate } from './connection-gate.js';
import { answerWithoutUpgrade, asksForWebSocket } from './ignored-upgrade.js';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Path and query of the request's address. */
  readonly url: URL;
  /** What limits count the client's address as; empty for a session that was counted when it began. */
  readonly address: string;
}

interface UpgradeRoute {
  readonly takes: (path: string) => boolean;
  /** Takes over the socket. A rejection before anything was written is answered as HTTP. */
  readonly open: (upgrade: Upgrade) => Promise<void> | void;
  /** Whether this upgrade continues a session that exists already. @throws AppError where it may not */
  readonly continues?: (request: IncomingMessage, url: URL) => boolean;
  /** How its clients are told of an error over HTTP; left out, as ours are. */
  readonly present?: (error: AppError) => PresentedError;
}

/**
 * The addresses under which sockets open. One listener decides for all of them: whatever nobody registered is answered
 * 404 and destroyed, because an upgrade nobody touches stays open for ever.
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

  /** Registers an address: a path, which may end in a slash, or a question about it. Failures of `open` are answered 401, 403, 429 or 503. */
  register(
    path: string | ((path: string) => boolean),
    open: UpgradeRoute['open'],
    more: Pick<UpgradeRoute, 'continues' | 'present'> = {},
  ): void {
    this.routes.push({
      takes: typeof path === 'string' ? (asked) => asked === path || asked === `${path}/` : path,
      open,
      ...more,
    });
  }

  onApplicationBootstrap(): void {
    const server = this.adapter.httpAdapter.getHttpServer() as Server;
    server.on('upgrade', (request, socket, head) => {
      if (asksForWebSocket(request)) void this.route(request, socket, head);
      else answerWithoutUpgrade(server, request, socket, head);
    });
  }

  private async route(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    const url = parseAddress(request);
    const route = url && this.routes.find(({ takes }) => takes(url.pathname));
    try {
      const address = await this.admit(request, url, route);
      await route!.open({ request, socket, head, url: url!, address });
    } catch (error) {
      refuse(socket, toAppErrorAndLog(error, this.logger), route?.present);
    } finally {
      // From here on the protocol's own listener stands in; while the socket is being refused this one has to stay.
      if (socket.listenerCount('error') > 1) socket.removeListener('error', onError);
    }
  }

  /**
   * Answers what limits count the client's address as. What is refused before the admission counts it, is counted as a
   * call of the address.
   */
  private async admit(
    request: IncomingMessage,
    url: URL | undefined,
    route: UpgradeRoute | undefined,
  ): Promise<string> {
    let isCounted = false;
    try {
      this.requests.require(request);
      if (!url || !route) throw new RouteNotFound();
      if (request.url!.includes('%00')) throw ValidationError.of('', 'the address holds a NUL');
      const continues = route.continues?.(request, url) ?? false;
      isCounted = true;
      if (!continues) return await this.gate.check(request);
      this.gate.checkOpen(request);
      return '';
    } catch (error) {
      if (!isCounted) await this.gate.countRefused(request);
      throw error;
    }
  }
}

function parseAddress({ url = '' }: IncomingMessage): URL | undefined {
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

function toParleyRequest({ status, code, message, details }: AppError): PresentedError {
  return { status, body: { error: { code, message, details } } };
}

/** The error as a whole HTTP answer. */
export function refusal(
  error: AppError,
  present: (error: AppError) => PresentedError = toParleyRequest,
): { status: number; headers: Record<string, string>; body: string } {
  const { details } = error;
  const { status, body: told } = present(error);
  const body = JSON.stringify(told);
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

/** Answers an upgrade with the error and ends it. */
export function refuse(socket: Duplex, error: AppError, present?: (error: AppError) => PresentedError): void {
  if (!socket.writable) return void socket.destroy();
  const { status, headers, body } = refusal(error, present);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const answer = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
  socket.end(answer, () => socket.destroy());
}
