import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/identity/actor.js';
import { FreshTokenRequired, InvalidCredentials } from './auth.errors.js';
import { AuthRepository } from './auth.repository.js';
import { LoginLockout } from './login-lockout.js';
import type { HashRequester } from './hashing-queue.js';
import { type NewPassword, PasswordHasher } from './password-hasher.js';

/** The maximum age of an identity provider's token that replaces a password. */
const FRESH_SECONDS = 300;

/** The proof of identity of a user. */
export interface Reauthentication {
  /** The name of the input field. */
  readonly field: string;
  readonly password: string | undefined;
  /** Aborted when the client disconnects. */
  readonly signal?: AbortSignal;
}

/**
 * Checks the password of a logged-in user. The lockout also applies here, so that a stolen session cannot be used to
 * guess it.
 */
@Injectable()
export class PasswordChecks {
  constructor(
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly lockout: LoginLockout,
  ) {}

  /**
   * Requires proof that it is the user who acts: the password or, if the account has none, a token of the identity
   * provider that is at most five minutes old.
   * @throws ValidationError, InvalidCredentials, FreshTokenRequired, AccountLocked, ServiceUnavailable
   */
  async requireReauthentication(actor: Actor, { field, password, signal }: Reauthentication): Promise<void> {
    if (password !== undefined && actor.issuedAt === undefined)
      return void (await this.requireCurrentPassword(actor, password, signal));
    const hasPassword = (await this.repository.findPasswordHash(actor.userId)) !== undefined;
    if (hasPassword && password === undefined) throw ValidationError.of(field, 'is required');
    if (hasPassword) await this.requireCurrentPassword(actor, password!, signal);
    else if (!isFresh(actor)) throw new FreshTokenRequired(FRESH_SECONDS);
  }

  /** Returns the stored hash. @throws InvalidCredentials, AccountLocked, RequestRefused, ServiceUnavailable */
  async requireCurrentPassword(actor: Actor, password: string, signal?: AbortSignal): Promise<string> {
    const reserved = await this.lockout.reserveTrustedAttempt(`user:${actor.userId}`, `session:${actor.sessionId}`);
    const stored = await this.repository.findPasswordHash(actor.userId);
    let isRight: boolean;
    try {
      isRight = await this.hasher.matches(password, stored, requesterOf(actor, signal));
    } catch (error) {
      await reserved.cancelled();
      throw error;
    }
    if (!stored || !isRight) throw new InvalidCredentials();
    await reserved.succeeded();
    return stored;
  }

  /**
   * Hashes a password that the actor has chosen.
   * @throws ValidationError, ServiceUnavailable, RateLimitExceeded, RequestRefused
   */
  hashNewPassword(actor: Actor, newPassword: NewPassword, signal?: AbortSignal): Promise<string> {
    return this.hasher.hashNewPassword(newPassword, requesterOf(actor, signal));
  }

  /** Also deletes the known devices. Returns false when the password was changed in the meantime. */
  async replacePassword(tx: Queryable, userId: string, oldHash: string, newHash: string): Promise<boolean> {
    const isReplaced = await this.repository.replacePassword(tx, userId, oldHash, newHash);
    await this.repository.deleteDevices(tx, userId);
    return isReplaced;
  }
}

function isFresh({ issuedAt }: Actor): boolean {
  return issuedAt !== undefined && Date.now() / 1000 - issuedAt < FRESH_SECONDS;
}

function requesterOf({ userId }: Actor, signal: AbortSignal | undefined): HashRequester {
  return { key: `account:user:${userId}`, isTrusted: true, signal };
}
