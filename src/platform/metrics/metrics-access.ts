import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RouteNotFound } from '../errors/app-error.js';
import { isLocalRequest } from '../http/request-validator.js';

/**
 * Controls access to the metrics. With `METRICS_TOKEN` a request must contain it. Without one only direct requests from
 * this machine are allowed, under a local host name and not through a proxy. All others get a 404.
 */
@Injectable()
export class MetricsAccess {
  private readonly token: Buffer | undefined;

  constructor(config: Config) {
    this.token = config.metricsToken ? digest(config.metricsToken) : undefined;
  }

  /** @throws RouteNotFound */
  requireAccess(request: IncomingMessage): void {
    const isAllowed = this.token ? this.hasToken(request, this.token) : isLocalRequest(request);
    if (!isAllowed) throw new RouteNotFound();
  }

  private hasToken({ headers }: IncomingMessage, token: Buffer): boolean {
    const given = /^Bearer +(\S{1,512})$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), token);
  }
}

/** A digest of constant length, so that a comparison leaks nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
