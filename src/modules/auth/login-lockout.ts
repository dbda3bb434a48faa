import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { AuthRepository, type LockRule } from './auth.repository.js';
import { AccountLocked } from './auth.errors.js';

/** A place that failed this often with one account waits: half a minute, then twice as long each time. */
const PAIR: LockRule = { free: 10, firstSeconds: 30, mostSeconds: 900 };
/** From all places together. Short, because it also meets the owner on a new device. */
const ACCOUNT: LockRule = { free: 100, firstSeconds: 5, mostSeconds: 60 };
const EVERYWHERE = '*';

/** One try that was let through; it counts as failed until it is said otherwise. */
export interface LoginAttemptCount {
  succeeded(): Promise<void>;
  /** The password was never looked at. */
  cancelled(): Promise<void>;
}

/**
 * Lockout that is no weapon: what is locked is the pair of account and place, so that nobody locks an account for its
 * owner. A device the account knows is a place of its own, which what others do elsewhere never touches. Accounts that
 * do not exist are locked alike.
 */
@Injectable()
export class LoginLockout {
  constructor(private readonly repository: AuthRepository) {}

  /** For a login. `account` is the account's, or what was typed where there is none. @throws AccountLocked */
  async reserveAttempt(account: string, place: string): Promise<LoginAttemptCount> {
    const pair = { account, source: place };
    const everywhere = { account, source: EVERYWHERE };
    const attempt = newId();
    await this.count(pair, attempt, PAIR);
    try {
      await this.count(everywhere, attempt, ACCOUNT);
    } catch (error) {
      await this.repository.forgiveTry(pair, attempt);
      throw error;
    }
    return {
      succeeded: async () => {
        await this.repository.clearFailures(pair);
        await this.repository.forgiveTry(everywhere, attempt);
      },
      cancelled: async () => {
        await this.repository.forgiveTry(pair, attempt);
        await this.repository.forgiveTry(everywhere, attempt);
      },
    };
  }

  /** For a place the account trusts: a known device, or a living session. @throws AccountLocked */
  async reserveTrustedAttempt(account: string, place: string): Promise<LoginAttemptCount> {
    const pair = { account, source: place };
    const attempt = newId();
    await this.count(pair, attempt, PAIR);
    return {
      succeeded: () => this.repository.clearFailures(pair),
      cancelled: () => this.repository.forgiveTry(pair, attempt),
    };
  }

  private async count(place: { account: string; source: string }, attempt: string, rule: LockRule): Promise<void> {
    const verdict = await this.repository.countTry(place, attempt, rule);
    if (!verdict.is_allowed) throw new AccountLocked(Math.max(1, verdict.retry_after));
  }
}
