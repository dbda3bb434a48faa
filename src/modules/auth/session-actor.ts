import { AccountBanned, AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { SessionState } from './sessions.repository.js';

/**
 * Returns the actor of a session; `expiresAt` is the expiry of the credential in epoch seconds.
 * @throws AuthenticationRequired, AccountBanned
 */
export function toActor(state: SessionState, expiresAt: number): Actor {
  const sessionExpiresAt = state.expires_at.getTime() / 1000;
  if (sessionExpiresAt <= Date.now() / 1000) throw new AuthenticationRequired();
  if (state.is_banned) {
    throw new AccountBanned({ reason: state.ban_reason, until: state.banned_until?.toISOString() ?? null });
  }
  return {
    userId: state.user_id,
    sessionId: state.session_id,
    role: state.role,
    username: state.username,
    displayName: state.display_name,
    expiresAt: Math.floor(Math.min(expiresAt, sessionExpiresAt)),
  };
}
