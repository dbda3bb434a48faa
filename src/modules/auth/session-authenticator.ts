import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuthenticationRequired, PermissionDenied } from '../../platform/errors/app-error.js';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import type { Actor } from '../../platform/identity/actor.js';
import {
  Authenticator,
  type CredentialUse,
  type EndedSession,
  type KnownRole,
  ONLY_KEYS_ACT,
} from '../../platform/identity/authenticator.js';
import { UserBanned, UserRoleChanged, UserUnbanned, UserUpdated } from '../users/users.events.js';
import { requireUsable } from '../users/users.policy.js';
import { AccessTokens } from './access-tokens.js';
import { SessionsRevoked } from './auth.events.js';
import { TokenReader, type TokenClaims } from './token-reader.js';
import { hashSecret } from './secrets.js';
import { ServerKeyAuthenticator } from './server-key-authenticator.js';
import { SessionCache } from './session-cache.js';
import { SessionKeysService } from './session-keys.service.js';
import { SessionsRepository, type SessionState } from './sessions.repository.js';

/**
 * Authenticates credentials. A token identifies only a session: whether it is active, its user and their role are read
 * from the database and cached for at most five seconds. On this node the end of a session or a change of a user takes
 * effect immediately.
 */
@Injectable()
export class SessionAuthenticator extends Authenticator {
  constructor(
    private readonly tokens: TokenReader,
    private readonly ownTokens: AccessTokens,
    private readonly sessions: SessionsRepository,
    private readonly cache: SessionCache,
    private readonly keys: SessionKeysService,
    private readonly serverKeys: ServerKeyAuthenticator,
  ) {
    super();
  }

  @OnDomainEvent(SessionsRevoked)
  dropSessions({ sessionIds }: SessionsRevoked): void {
    this.cache.drop(sessionIds);
  }

  @OnDomainEvent(UserBanned, UserUnbanned, UserRoleChanged, UserUpdated)
  dropUser({ userId }: UserBanned | UserUnbanned | UserRoleChanged | UserUpdated): void {
    this.cache.dropUser(userId);
  }

  /** @throws AuthenticationRequired, AccountBanned, AccountDeleted, ServiceUnavailable; see `ServerKeyAuthenticator` */
  async authenticate(token: string, use: CredentialUse = {}): Promise<Actor> {
    if (this.serverKeys.recognises(token)) return this.serverKeys.authenticate(token, use);
    if (use.actAs !== undefined) throw new PermissionDenied(ONLY_KEYS_ACT);
    const claims = await this.tokens.readToken(token);
    const state = await this.cache.getOrLoad(claims.sessionId, claims.identityKey, () => this.load(claims));
    if (!state || (claims.userId && state.user_id !== claims.userId)) throw new AuthenticationRequired();
    const actor = toActor(state, claims.expiresAt);
    return claims.issuedAt === undefined ? actor : { ...actor, issuedAt: claims.issuedAt };
  }

  needsPassportVerification(token: string): boolean {
    return !this.serverKeys.recognises(token) && this.tokens.needsPassportVerification(token);
  }

  verificationKeyOf(token: string): KeyObject {
    return this.ownTokens.verificationKeyOf(token);
  }

  async authenticateVerified(token: string, payload: object): Promise<Actor> {
    this.ownTokens.acceptVerified(token, payload);
    return this.authenticate(token);
  }

  /** @throws AuthenticationRequired, AccountBanned */
  async redeemTicket(ticket: string): Promise<Actor> {
    const { state, expiresAt } = await this.keys.redeemTicket(ticket);
    return toActor(state, expiresAt);
  }

  /** @throws AuthenticationRequired, AccountBanned */
  async authenticateSessionKey(key: string): Promise<Actor> {
    const row = await this.keys.requireKey(key);
    const actor = toActor(row, Math.floor(row.key_expires_at.getTime() / 1000));
    return { ...actor, keyId: hashSecret(key).toString('hex') };
  }

  async findEnded(sessionIds: string[]): Promise<EndedSession[]> {
    if (sessionIds.length === 0) return [];
    const rows = await this.sessions.findEnded(sessionIds);
    return rows.map(({ session_id: sessionId, reason }) => ({ sessionId, reason }));
  }

  findEndedKeys(keyIds: string[]): Promise<string[]> {
    return keyIds.length === 0 ? Promise.resolve([]) : this.keys.findEnded(keyIds);
  }

  findChangedRoles(known: KnownRole[]): Promise<KnownRole[]> {
    return known.length === 0 ? Promise.resolve([]) : this.sessions.findChangedRoles(known);
  }

  private async load(claims: TokenClaims): Promise<SessionState | undefined> {
    const state = await this.sessions.findState(claims.sessionId);
    if (!claims.ensureSession || (state && state.expires_at.getTime() >= claims.expiresAt * 1000)) return state;
    await claims.ensureSession();
    return this.sessions.findState(claims.sessionId);
  }
}

/**
 * Returns the actor of a session; `expiresAt` is the expiry of the credential in epoch seconds.
 * @throws AuthenticationRequired, AccountBanned
 */
export function toActor(state: SessionState, expiresAt: number): Actor {
  const sessionExpiresAt = state.expires_at.getTime() / 1000;
  if (sessionExpiresAt <= Date.now() / 1000) throw new AuthenticationRequired();
  requireUsable(state);
  // Since the session was opened, its user may have become an admin, for whom no key may act.
  if (state.issued_at && state.role === 'admin') throw new AuthenticationRequired();
  return {
    userId: state.user_id,
    sessionId: state.session_id,
    role: state.role,
    username: state.username,
    displayName: state.display_name,
    expiresAt: Math.floor(Math.min(expiresAt, sessionExpiresAt)),
    ...(state.issued_at && { issuedAt: state.issued_at.getTime() / 1000 }),
  };
}
