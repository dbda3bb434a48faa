import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import { SessionsRevoked } from '../auth/auth.events.js';
import { PresenceLeases } from './presence-leases.js';
import { PresenceLeasesRepository } from './presence-leases.repository.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** With leases of 60 s: a client that sends a request every 50 s keeps its status. */
const RENEW_MS = 10_000;

/**
 * The presence of clients without a socket. Setting a status opens a lease of the session, which every request of the
 * session renews, on any node: with one statement every ten seconds for all sessions with requests, not one per
 * request.
 */
@Injectable()
export class RequestLeaseInterceptor implements NestInterceptor, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly failures = new RepeatedWarning(
    new Logger(RequestLeaseInterceptor.name),
    'the presence of clients without a socket cannot be stored',
    { recovered: 'the presence of clients without a socket is stored again' },
  );
  private sessionsWithRequests = new Set<string>();
  private renewing: Repeating | undefined;

  constructor(
    private readonly repository: PresenceLeasesRepository,
    private readonly leases: PresenceLeases,
  ) {}

  @OnDomainEvent(SessionsRevoked)
  endLeases({ userId, sessionIds }: SessionsRevoked): Promise<void> {
    return this.leases.endRequestLeases(userId, sessionIds);
  }

  onApplicationBootstrap(): void {
    this.renewing = Repeating.every(RENEW_MS, () => this.renew());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.renewing?.stop();
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { actor } = context.switchToHttp().getRequest<ParleyRequest>();
    // The requests of the host's backend do not make a user online.
    if (actor && !actor.serverKey) this.sessionsWithRequests.add(actor.sessionId);
    return next.handle();
  }

  /** Renews the leases of the sessions with requests since the last renewal. Never throws. */
  async renew(): Promise<void> {
    if (this.sessionsWithRequests.size === 0) return;
    const sessionIds = [...this.sessionsWithRequests];
    this.sessionsWithRequests = new Set();
    await this.failures.watch(() => this.repository.renewRequestLeases(sessionIds)).catch(() => undefined);
  }
}
