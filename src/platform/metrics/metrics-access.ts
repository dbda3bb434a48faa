import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RouteNotFound } from '../errors/app-error.js';

/** Headers a proxy adds: what comes with one of them comes from elsewhere, whatever the socket says. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'x-forwarded-host'];

/**
 * Who may see the metrics: whoever has `METRICS_TOKEN`; without one only this very machine, by a connection of its own
 * and not through a proxy. Everybody else is told that there is no such route.
 */
@Injectable()
export class MetricsAccess {
  private readonly token: Buffer | undefined;

  constructor(config: Config) {
    this.token = config.metricsToken ? digest(config.metricsToken) : undefined;
  }

  /** @throws RouteNotFound */
  require(request: IncomingMessage): void {
    const isAllowed = this.token ? this.hasToken(request, this.token) : isLocal(request);
    if (!isAllowed) throw new RouteNotFound();
  }

  private hasToken({ headers }: IncomingMessage, token: Buffer): boolean {
    const given = /^Bearer +(\S{1,512})$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), token);
  }
}

function isLocal({ socket, headers }: IncomingMessage): boolean {
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** Of one length, so that comparing tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
