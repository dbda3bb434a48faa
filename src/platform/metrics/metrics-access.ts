import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RouteNotFound } from '../errors/app-error.js';
import { isLocal } from '../http/local-request.js';

/**
 * Who may see the metrics: with `METRICS_TOKEN` who has it; without one only this very machine, by a connection of its
 * own, under a name of its own, and not through a proxy. All others are told that there is no such route.
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

/** Of one length, so that comparing tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
