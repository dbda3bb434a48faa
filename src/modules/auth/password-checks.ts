import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import type { Actor } from '../../platform/http/actor.js';
import { InvalidCredentials } from './auth.errors.js';
import { AuthRepository } from './auth.repository.js';
import { LoginLockout } from './login-lockout.js';
import type { HashRequester } from './hashing-queue.js';
import { type ChosenPassword, PasswordHasher } from './password-hasher.js';

/** The password of somebody who is logged in. A stolen session must not be a place to guess it from. */
@Injectable()
export class PasswordChecks {
  constructor(
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly lockout: LoginLockout,
  ) {}

  /** Answers the stored hash. @throws InvalidCredentials, AccountLocked, ServiceUnavailable */
  async requireCurrent(actor: Actor, password: string): Promise<string> {
    const counted = await this.lockout.tryFromTrusted(`user:${actor.userId}`, `session:${actor.sessionId}`);
    const stored = await this.repository.findPasswordHash(actor.userId);
    let isRight: boolean;
    try {
      isRight = await this.hasher.matches(password, stored, requesterOf(actor));
    } catch (error) {
      await counted.cancelled();
      throw error;
    }
    if (!stored || !isRight) throw new InvalidCredentials();
    await counted.succeeded();
    return stored;
  }

  /**
   * Hashes a password the actor has chosen. `about` is what the account is called.
   * @throws ValidationError, ServiceUnavailable, RateLimitExceeded
   */
  hashChosen(actor: Actor, chosen: ChosenPassword): Promise<string> {
    return this.hasher.hashChosen(chosen, requesterOf(actor));
  }

  /** Also forgets the devices that knew the old one. False when it was changed meanwhile. */
  async replace(tx: Queryable, userId: string, oldHash: string, newHash: string): Promise<boolean> {
    const isReplaced = await this.repository.replacePassword(tx, userId, oldHash, newHash);
    await this.repository.forgetDevices(tx, userId);
    return isReplaced;
  }
}

function requesterOf({ userId }: Actor): HashRequester {
  return { place: `account:user:${userId}`, isTrusted: true };
}
