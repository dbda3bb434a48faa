import { timingSafeEqual } from 'node:crypto';
import { Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { AuthenticationRequired, PermissionDenied, ValidationError } from '../../platform/errors/app-error.js';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { CredentialUse } from '../../platform/identity/authenticator.js';
import { SERVER_KEY_PREFIX, type ServerKey } from '../../platform/identity/server-key.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { subjectOfKey } from '../../platform/throttling/limit-subject.js';
import { isStorable } from '../../platform/validation/text.js';
import { isUuid } from '../../platform/validation/fields.js';
import { isGuest } from '../users/guest.constants.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { requireExternalId } from '../users/user-fields.policy.js';
import { UserNotFound } from '../users/users.errors.js';
import { UserBanned, UserRoleChanged, UserUnbanned, UserUpdated } from '../users/users.events.js';
import { requireMayActAs, requireUsable } from '../users/users.policy.js';
import { SessionsRevoked } from './auth.events.js';
import { hashSecret } from './secrets.js';
import { type ServerKeyState, ServerKeysRepository } from './server-keys.repository.js';
import { StateCache } from './session-cache.js';
import type { UserState } from './sessions.repository.js';

const KEY = new RegExp(`^${SERVER_KEY_PREFIX}([0-9a-f-]{36})_([A-Za-z0-9_-]{43})$`);
const TOUCH_INTERVAL_MS = 60_000;
const EXTERNAL = 'external:';
/** The parameter of a call with a key that names the user as whom it acts. */
const ACT_AS_HEADER = 'X-Act-As';

/**
 * Authenticates server keys, alone or as a user. The states of keys and of those users are cached for at most five
 * seconds, as those of sessions are.
 */
@Injectable()
export class ServerKeyAuthenticator implements OnApplicationShutdown {
  private readonly keys = new StateCache<ServerKeyState>();
  private readonly users = new StateCache<UserState>();
  /** When this process last stored a use of a key. */
  private readonly touchedAt = new Map<string, number>();
  private readonly touchFailures = new RepeatedWarning(
    new Logger('ServerKeys'),
    'the last use of a server key could not be stored',
    { recovered: 'the last use of server keys is stored again' },
  );
  private touching: Promise<void> = Promise.resolve();

  constructor(
    private readonly repository: ServerKeysRepository,
    @Optional() private readonly metrics?: Metrics,
  ) {
    metrics?.registerCache('server_keys', () => this.keys);
    metrics?.registerCache('act_as_users', () => this.users);
  }

  /** Resolves when the last use that was to be stored is stored. */
  async settled(): Promise<void> {
    await this.touching;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.settled();
  }

  @OnDomainEvent(SessionsRevoked)
  dropKeys({ sessionIds }: SessionsRevoked): void {
    this.keys.drop(sessionIds);
  }

  @OnDomainEvent(UserBanned, UserUnbanned, UserRoleChanged, UserUpdated)
  dropUser({ userId }: UserBanned | UserUnbanned | UserRoleChanged | UserUpdated): void {
    this.users.dropUser(userId);
  }

  /** Whether a credential has the form of a server key. */
  recognises(token: string): boolean {
    return token.startsWith(SERVER_KEY_PREFIX);
  }

  /**
   * @throws AuthenticationRequired; with `actAs` also AccountBanned, PermissionDenied, UserNotFound, ValidationError
   */
  async authenticate(token: string, use: CredentialUse): Promise<Actor> {
    try {
      const actor = await this.toActor(token, use);
      this.metrics?.count('parley_server_key_calls_total', { outcome: use.actAs === undefined ? 'own' : 'as_user' });
      return actor;
    } catch (error) {
      this.metrics?.count('parley_server_key_calls_total', { outcome: 'refused' });
      throw error;
    }
  }

  private async toActor(token: string, { actAs, ip }: CredentialUse): Promise<Actor> {
    const state = await this.requireKey(token);
    this.noteUse(state.session_id, ip);
    const serverKey: ServerKey = {
      id: state.session_id,
      name: state.name,
      scopes: new Set(state.scopes),
      actsAsUser: actAs !== undefined,
    };
    const expiresAt = Math.floor(state.expires_at.getTime() / 1000);
    if (actAs !== undefined) return this.actorOfUser(serverKey, actAs, expiresAt);
    return {
      userId: SYSTEM_USER_ID,
      sessionId: serverKey.id,
      role: 'admin',
      username: state.username,
      displayName: state.display_name,
      expiresAt,
      rateLimitKey: subjectOfKey(serverKey),
      serverKey,
    };
  }

  private async requireKey(token: string): Promise<ServerKeyState> {
    const [, id, secret] = KEY.exec(token) ?? [];
    if (!isUuid(id)) throw new AuthenticationRequired();
    const state = await this.keys.getOrLoad(id, '', () => this.repository.findState(id));
    const isValid = state !== undefined && timingSafeEqual(hashSecret(secret!), state.secret_hash);
    if (!isValid || state.expires_at.getTime() <= Date.now()) throw new AuthenticationRequired();
    return state;
  }

  private async actorOfUser(serverKey: ServerKey, actAs: string, expiresAt: number): Promise<Actor> {
    if (!serverKey.scopes.has('act-as')) {
      throw new PermissionDenied('The server key lacks the scope act-as.', { required_scope: 'act-as' });
    }
    const state = await this.findUser(actAs);
    if (!state) throw new UserNotFound();
    if (state.user_id === SYSTEM_USER_ID || isGuest({ userId: state.user_id })) {
      throw new PermissionDenied('A server key cannot act as an account of the server.');
    }
    requireMayActAs(serverKey, state.role);
    requireUsable(state);
    const { user_id, role, username, display_name: displayName } = state;
    return { userId: user_id, sessionId: serverKey.id, role, username, displayName, expiresAt, serverKey };
  }

  /** By the id of the user, or by `external:` and their percent-encoded id in the host product. */
  private findUser(actAs: string): Promise<UserState | undefined> {
    if (isUuid(actAs)) {
      const userId = actAs.toLowerCase();
      return this.users.getOrLoad(userId, '', () => this.repository.findUserState(userId));
    }
    const externalId = externalIdOf(actAs);
    if (externalId === undefined) {
      throw ValidationError.of(ACT_AS_HEADER, 'must be the id of a user, or external: and their percent-encoded id');
    }
    return this.users.getOrLoad(`${EXTERNAL}${externalId}`, '', () =>
      this.repository.findUserStateByExternalId(externalId),
    );
  }

  /** Stores the use of a key, at most once a minute; the call does not wait for it. */
  private noteUse(id: string, ip: string | undefined): void {
    const now = Date.now();
    if (now - (this.touchedAt.get(id) ?? 0) < TOUCH_INTERVAL_MS) return;
    this.touchedAt.set(id, now);
    this.touching = this.touchFailures.watch(() => this.repository.touch(id, ip)).catch(() => undefined);
  }
}

/** Undefined if the text does not have the form `external:<id>`. */
function externalIdOf(text: string): string | undefined {
  if (!text.startsWith(EXTERNAL)) return undefined;
  try {
    const id = decodeURIComponent(text.slice(EXTERNAL.length));
    return isStorable(id) ? requireExternalId(id) : undefined;
  } catch {
    return undefined;
  }
}
