import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Repeating } from '../../concurrency/repeating.js';
import { Authenticator } from '../../identity/authenticator.js';
import { Connections } from './connections.js';
import { RealtimeSettings } from './realtime-settings.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

/** Sessions in one query. */
const SESSIONS_PER_QUERY = 1_000;

/**
 * Queries every 5 s which sessions and session keys of this node's connections have ended, and which roles have
 * changed. Hints on the bus apply sooner; this covers a bus that is down and hints that are lost.
 */
@Injectable()
export class SessionReconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly checkFailures = new RepeatedWarning(
    new Logger('Revocation'),
    'the sessions of live connections could not be checked',
    { recovered: 'the sessions of live connections are checked again', level: 'error' },
  );
  private checks: Repeating | undefined;

  constructor(
    private readonly settings: RealtimeSettings,
    private readonly connections: Connections,
    private readonly authenticator: Authenticator,
  ) {}

  onApplicationBootstrap(): void {
    this.checks = Repeating.every(this.settings.sessionCheckMs, () => this.reconcile());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.checks?.stop();
  }

  /** Closes the connections of ended sessions. A query that fails is repeated at the next run. */
  async reconcile(): Promise<void> {
    const { connections, authenticator } = this;
    const sessionIds = connections.sessionIds();
    const keyIds = connections.keyIds();
    const roles = connections.knownRoles();
    try {
      for (let from = 0; from < sessionIds.length; from += SESSIONS_PER_QUERY) {
        const ended = await authenticator.findEnded(sessionIds.slice(from, from + SESSIONS_PER_QUERY));
        for (const { sessionId, reason } of ended) connections.disconnectSessions([sessionId], reason);
      }
      for (let from = 0; from < keyIds.length; from += SESSIONS_PER_QUERY) {
        connections.disconnectSessionKeys(
          await authenticator.findEndedKeys(keyIds.slice(from, from + SESSIONS_PER_QUERY)),
        );
      }
      for (let from = 0; from < roles.length; from += SESSIONS_PER_QUERY) {
        const changed = await authenticator.findChangedRoles(roles.slice(from, from + SESSIONS_PER_QUERY));
        for (const { userId, role } of changed) {
          for (const connection of connections.ofUser(userId)) connection.changeRole(role);
        }
      }
      this.checkFailures.worked();
    } catch (error) {
      this.checkFailures.failed({ err: error });
    }
  }
}
