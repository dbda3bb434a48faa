import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/http/actor.js';
import { FreshTokenRequired, InvalidCredentials } from './auth.errors.js';
import { AuthRepository } from './auth.repository.js';
import { LoginLockout } from './login-lockout.js';
import type { HashRequester } from './hashing-queue.js';
import { type ChosenPassword, PasswordHasher } from './password-hasher.js';

/** How old a token of an identity provider may be that stands for a password. */
const FRESH_SECONDS = 300;

/** What a user proves who they are with. */
export interface Proof {
  /** The name of the input. */
  readonly field: string;
  readonly password: string | undefined;
  /** Aborted when the client disconnects. */
  readonly signal?: AbortSignal;
}

/** The password of somebody who is logged in. A stolen session must not be a place to guess it from. */
@Injectable()
export class PasswordChecks {
  constructor(
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly lockout: LoginLockout,
  ) {}

  /**
   * That it is really the user who acts: by the password, or, where the account has none, by a token of the identity
   * provider that is not older than five minutes.
   * @throws ValidationError, InvalidCredentials, FreshTokenRequired, AccountLocked, ServiceUnavailable
   */
  async requireProof(actor: Actor, { field, password, signal }: Proof): Promise<void> {
    if (password !== undefined && actor.issuedAt === undefined)
      return void (await this.requireCurrent(actor, password, signal));
    const hasPassword = (await this.repository.findPasswordHash(actor.userId)) !== undefined;
    if (hasPassword && password === undefined) throw ValidationError.of(field, 'is required');
    if (hasPassword) await this.requireCurrent(actor, password!, signal);
    else if (!isFresh(actor)) throw new FreshTokenRequired(FRESH_SECONDS);
  }

  /** Answers the stored hash. @throws InvalidCredentials, AccountLocked, RequestRefused, ServiceUnavailable */
  async requireCurrent(actor: Actor, password: string, signal?: AbortSignal): Promise<string> {
    const count = await this.lockout.reserveTrustedAttempt(`user:${actor.userId}`, `session:${actor.sessionId}`);
    const stored = await this.repository.findPasswordHash(actor.userId);
    let isRight: boolean;
    try {
      isRight = await this.hasher.matches(password, stored, requesterOf(actor, signal));
    } catch (error) {
      await count.cancelled();
      throw error;
    }
    if (!stored || !isRight) throw new InvalidCredentials();
    await count.succeeded();
    return stored;
  }

  /**
   * Hashes a password the actor has chosen. `about` is what the account is called.
   * @throws ValidationError, ServiceUnavailable, RateLimitExceeded, RequestRefused
   */
  hashChosen(actor: Actor, chosen: ChosenPassword, signal?: AbortSignal): Promise<string> {
    return this.hasher.hashChosen(chosen, requesterOf(actor, signal));
  }

  /** Also forgets the devices that knew the old one. False when it was changed meanwhile. */
  async replace(tx: Queryable, userId: string, oldHash: string, newHash: string): Promise<boolean> {
    const isReplaced = await this.repository.replacePassword(tx, userId, oldHash, newHash);
    await this.repository.forgetDevices(tx, userId);
    return isReplaced;
  }
}

function isFresh({ issuedAt }: Actor): boolean {
  return issuedAt !== undefined && Date.now() / 1000 - issuedAt < FRESH_SECONDS;
}

function requesterOf({ userId }: Actor, signal: AbortSignal | undefined): HashRequester {
  return { place: `account:user:${userId}`, isTrusted: true, signal };
}
