import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { AccessTokens } from '../modules/auth/access-tokens.js';
import { PasswordStrength } from '../modules/auth/password-strength.service.js';
import { RegistrationService } from '../modules/auth/registration.service.js';
import { SessionIssuer } from '../modules/auth/session-issuer.js';
import { requireDisplayName, requireEmail, requireUsername } from '../modules/users/user-fields.policy.js';
import type { NewUser } from '../modules/users/users.dto.js';
import { UsersService } from '../modules/users/users.service.js';
import { AuditLog } from '../platform/audit/audit-log.js';
import { newId } from '../platform/database/ids.js';
import { Sql } from '../platform/database/sql.js';
import type { Actor, SystemRole } from '../platform/identity/actor.js';
import { CommandFailed } from './terminal.js';

/** The options of a new account, as given on the command line. */
export interface AccountOptions {
  readonly username: string;
  readonly email: string;
  readonly displayName?: string;
  readonly password?: string;
}

export function generatePassword(): string {
  return randomBytes(18).toString('base64url');
}

/** Creates an account of any role, without an authorization check. @throws ValidationError, UsernameOrEmailTaken */
export async function createAccount(
  app: INestApplicationContext,
  options: AccountOptions & { password: string },
  role: SystemRole,
): Promise<NewUser> {
  const username = requireUsername(options.username);
  const email = requireEmail(options.email);
  const displayName = requireDisplayName(options.displayName ?? username);
  const strength = app.get(PasswordStrength, { strict: false });
  await strength.requireStrong('password', options.password, [username, email, displayName]);
  const user: NewUser = { id: newId(), username, email, displayName, role };
  await app.get(RegistrationService, { strict: false }).create(user, options.password);
  if (role !== 'user') await audit(app, 'user.create', user.id, { username, role });
  return user;
}

/**
 * Opens a session of a user that expires after `ttlSeconds`, and returns its actor. The session is listed, and can be
 * ended, like any other.
 *
 * @throws CommandFailed when there is no such user, or they are banned
 */
export async function actorWithNewSession(
  app: INestApplicationContext,
  login: string,
  ttlSeconds: number,
): Promise<Actor> {
  const user = await app.get(UsersService, { strict: false }).findByLogin(login);
  if (!user) throw new CommandFailed(`There is no user ${login}.`);
  if (user.is_banned) throw new CommandFailed(`${user.username} is banned: their tokens would be rejected.`);
  const issuer = app.get(SessionIssuer, { strict: false });
  const source = { ip: '', userAgent: 'command line' };
  const { sessionId } = await app.get(Sql).transaction((tx) => issuer.openSession(tx, user.id, source, ttlSeconds));
  const { id: userId, role, username, display_name: displayName } = user;
  return { userId, sessionId, role, username, displayName, expiresAt: Math.floor(Date.now() / 1000) + ttlSeconds };
}

/** Opens a session and signs a token that expires with it; recorded in the audit log. @throws CommandFailed */
export async function mintToken(
  app: INestApplicationContext,
  login: string,
  ttlSeconds: number,
): Promise<{ actor: Actor; token: string }> {
  const actor = await actorWithNewSession(app, login, ttlSeconds);
  const { userId, sessionId } = actor;
  await audit(app, 'session.mint', userId, { session_id: sessionId, ttl_seconds: ttlSeconds });
  return { actor, token: app.get(AccessTokens, { strict: false }).sign({ userId, sessionId, ttlSeconds }) };
}

function audit(
  app: INestApplicationContext,
  action: string,
  userId: string,
  after: Record<string, unknown>,
): Promise<void> {
  const target = { type: 'user', id: userId };
  return app
    .get(AuditLog, { strict: false })
    .record({ actor: null, action, target, reason: 'by the command line', after });
}
