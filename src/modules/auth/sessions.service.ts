import { Injectable } from '@nestjs/common';
import { AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { UsersPolicy } from '../users/users.policy.js';
import type { SessionDto, SessionListDto, TicketDto } from './auth.dto.js';
import { SessionNotFound } from './auth.errors.js';
import { hashSecret, newSecret } from './secrets.js';
import { SessionRevocation } from './session-revocation.js';
import { type SessionRow, SessionsRepository } from './sessions.repository.js';

const TICKET_SECONDS = 60;

/** The actor's own sessions: listing and ending them, and tickets to open sockets. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly revocation: SessionRevocation,
    private readonly policy: UsersPolicy,
  ) {}

  async list(actor: Actor): Promise<SessionListDto> {
    const rows = await this.sessions.list(actor.userId);
    return { data: rows.map((row) => ({ ...presentSession(row), is_current: row.id === actor.sessionId })) };
  }

  /** Ends the current session of the actor. @throws PermissionDenied for a server key */
  async endCurrent(actor: Actor): Promise<void> {
    requireOwnSession(actor);
    await this.revocation.revoke(actor.userId, { only: actor.sessionId, reason: 'logout' });
  }

  /** @throws AuthenticationRequired, AccountBanned */
  async endAll(actor: Actor): Promise<void> {
    await this.revocation.revoke(actor.userId, { reason: 'logout_all' }, (tx) => this.policy.requireActive(tx, actor));
  }

  /** @throws SessionNotFound when it does not exist, has ended or belongs to another user; AuthenticationRequired */
  async endOne(actor: Actor, sessionId: string): Promise<void> {
    const revocation = { only: sessionId, reason: 'removed' } as const;
    const count = await this.revocation.revoke(actor.userId, revocation, (tx) => this.policy.requireActive(tx, actor));
    if (count === 0) throw new SessionNotFound();
  }

  /** @throws AuthenticationRequired, PermissionDenied for a server key */
  async issueTicket(actor: Actor): Promise<TicketDto> {
    requireOwnSession(actor);
    const ticket = newSecret();
    const isIssued = await this.sessions.insertTicket(hashSecret(ticket), actor.sessionId, TICKET_SECONDS);
    if (!isIssued) throw new AuthenticationRequired();
    return { ticket, expires_in: TICKET_SECONDS };
  }
}

/** The session of a server key is not that of the user as whom it acts. @throws PermissionDenied */
function requireOwnSession({ serverKey }: Actor): void {
  if (serverKey) throw new PermissionDenied('A server key has no session of this user.');
}

/** A session in the form that other users see, too. */
export type ActiveSession = Omit<SessionDto, 'is_current'>;

export function presentSession(row: SessionRow): ActiveSession {
  return {
    id: row.id,
    user_agent: row.user_agent,
    ip: row.ip,
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
  };
}
