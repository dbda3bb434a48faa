import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import type { ParleyRequest } from '../../platform/http/request-context.js';
import { SessionsRevoked } from '../auth/auth.events.js';
import { PresenceLeases } from './presence-leases.js';
import { PresenceRepository } from './presence.repository.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** With leases of 60 s: a client that calls once in 50 s keeps its status. */
const RENEW_MS = 10_000;

/**
 * The presence of clients without a socket. The status they set holds a lease of their session, which every request of
 * the session renews, at whichever node: one statement each ten seconds for all sessions that called, not one a request.
 */
@Injectable()
export class CallerLeases implements NestInterceptor, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly unkept = new RepeatedWarning(
    new Logger(CallerLeases.name),
    'the presence of clients without a socket is not kept right now',
    { over: 'the presence of clients without a socket is kept again' },
  );
  private called = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: PresenceRepository,
    private readonly leases: PresenceLeases,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.events.on(SessionsRevoked, ({ userId, sessionIds }) => this.leases.endCalls(userId, sessionIds));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.renew(), RENEW_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { actor } = context.switchToHttp().getRequest<ParleyRequest>();
    if (actor) this.called.add(actor.sessionId);
    return next.handle();
  }

  /** Prolongs the leases of the sessions that called since the last time. Never throws. */
  async renew(): Promise<void> {
    if (this.called.size === 0) return;
    const sessionIds = [...this.called];
    this.called = new Set();
    await this.unkept.watch(() => this.repository.renewByCalls(sessionIds)).catch(() => undefined);
  }
}
