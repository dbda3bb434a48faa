import type { IncomingMessage } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { type AppError, RateLimitExceeded, ServiceUnavailable } from '../../errors/app-error.js';
import { toAppError } from '../../errors/error.filter.js';
import { DrainCoordinator } from '../../health/drain-coordinator.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { subjectOfIp } from '../../throttling/limit-subject.js';
import { Limits } from '../../throttling/limits.service.js';
import { Connections } from '../connection/connections.js';
import { RealtimeSettings } from '../connection/realtime-settings.js';
import { Handshake } from './handshake.js';
import { TooManyConnections } from '../realtime.errors.js';
import { CALL_LIMIT, CONNECT_IP_LIMIT } from '../../throttling/limits.js';

/** Allows `perSecond` calls a second, and as many at once after a quiet second. */
class TokenBucket {
  private tokens: number;
  private filled = performance.now();

  constructor(private readonly perSecond: number) {
    this.tokens = perSecond;
  }

  take(): boolean {
    const now = performance.now();
    this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.filled) / 1000) * this.perSecond);
    this.filled = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}

/** Clients refused by the bucket retry after a random number of seconds up to this one. */
const JITTER_SECONDS = 10;

/** Decides whether a new connection may be opened, before it costs anything. */
@Injectable()
export class ConnectionGate {
  private readonly bucket: TokenBucket;
  private readonly refusals = new RepeatedWarning(
    new Logger('Sockets'),
    'sockets are refused: an IP address has reached SOCKETS_PER_ADDRESS or LIMIT_CONNECT_IP. ' +
      'Behind a proxy, set TRUST_PROXY so that clients can be distinguished',
  );

  constructor(
    private readonly drain: DrainCoordinator,
    private readonly limits: Limits,
    private readonly handshake: Handshake,
    private readonly connections: Connections,
    private readonly config: Config,
    settings: RealtimeSettings,
  ) {
    this.bucket = new TokenBucket(Math.max(1, settings.upgradesPerSecond * config.rateLimitMultiplier));
  }

  /**
   * Returns the rate limit key of the IP address that the connection counts for.
   * @throws ServiceUnavailable, OriginNotAllowed, RateLimitExceeded, TooManyConnections
   */
  async check(request: IncomingMessage): Promise<string> {
    try {
      return await this.checkLimits(request);
    } catch (error) {
      this.report(toAppError(error), request);
      throw error;
    }
  }

  /** The same for a session that was counted when it began. @throws ServiceUnavailable, OriginNotAllowed */
  checkOpen(request: IncomingMessage): void {
    if (this.drain.isRefusingSockets) throw new ServiceUnavailable(1 + Math.floor(Math.random() * JITTER_SECONDS));
    this.handshake.checkOrigin(request);
  }

  /**
   * Counts a request that was refused before any limit counted it, as a call of its IP address. @throws
   * RateLimitExceeded
   */
  async countRefused(request: IncomingMessage): Promise<void> {
    await this.limits.checkIp(CALL_LIMIT, this.handshake.clientIpOf(request));
  }

  private async checkLimits(request: IncomingMessage): Promise<string> {
    this.checkOpen(request);
    const ip = this.handshake.clientIpOf(request);
    const ipKey = subjectOfIp(ip);
    if (!this.connections.hasCapacityFor(ipKey)) {
      throw new TooManyConnections({ limit: this.config.socketsPerAddress, counted_by: 'address' });
    }
    // The limit of the IP address comes first: refused connections take no token from the shared bucket.
    await this.limits.checkIp(CONNECT_IP_LIMIT, ip);
    if (!this.bucket.take()) throw new ServiceUnavailable(1 + Math.floor(Math.random() * JITTER_SECONDS));
    return ipKey;
  }

  private report(error: AppError, request: IncomingMessage): void {
    const { code } = error;
    this.connections.notifyRefused(code);
    if (!(error instanceof RateLimitExceeded) && !(error instanceof TooManyConnections)) return;
    this.refusals.failed({ code, address: this.handshake.clientIpOf(request) });
  }
}
