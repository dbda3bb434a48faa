import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { AuthRepository, type LockoutRule } from './auth.repository.js';
import { AccountLocked } from './auth.errors.js';

/** For a source with this many failures for one account: half a minute, then doubled each time. */
const PAIR: LockoutRule = { allowedFailures: 10, firstSeconds: 30, maxSeconds: 900 };
/** For all sources together. Short, because it also affects the user of the account on a new device. */
const ACCOUNT: LockoutRule = { allowedFailures: 100, firstSeconds: 5, maxSeconds: 60 };
const EVERYWHERE = '*';

/** An accepted attempt; it counts as failed until the outcome is reported. */
export interface ReservedAttempt {
  succeeded(): Promise<void>;
  /** The password was not checked. */
  cancelled(): Promise<void>;
}

/**
 * A lockout that cannot be used against others: the pair of account and source is locked, so that strangers cannot lock
 * an account for its owner. A known device is a source of its own, which other sources never affect. Accounts that do
 * not exist are locked in the same way.
 */
@Injectable()
export class LoginLockout {
  constructor(private readonly repository: AuthRepository) {}

  /** For a login. `account` is the id of the account, or the input if there is none. @throws AccountLocked */
  async reserveAttempt(account: string, source: string): Promise<ReservedAttempt> {
    const pair = { account, source };
    const everywhere = { account, source: EVERYWHERE };
    const attempt = newId();
    await this.count(pair, attempt, PAIR);
    try {
      await this.count(everywhere, attempt, ACCOUNT);
    } catch (error) {
      await this.repository.refundAttempt(pair, attempt);
      throw error;
    }
    return {
      succeeded: async () => {
        await this.repository.clearFailures(pair);
        await this.repository.refundAttempt(everywhere, attempt);
      },
      cancelled: async () => {
        await this.repository.refundAttempt(pair, attempt);
        await this.repository.refundAttempt(everywhere, attempt);
      },
    };
  }

  /** For a trusted source: a known device, or an active session. @throws AccountLocked */
  async reserveTrustedAttempt(account: string, source: string): Promise<ReservedAttempt> {
    const pair = { account, source };
    const attempt = newId();
    await this.count(pair, attempt, PAIR);
    return {
      succeeded: () => this.repository.clearFailures(pair),
      cancelled: () => this.repository.refundAttempt(pair, attempt),
    };
  }

  private async count(pair: { account: string; source: string }, attempt: string, rule: LockoutRule): Promise<void> {
    const verdict = await this.repository.countAttempt(pair, attempt, rule);
    if (!verdict.is_allowed) throw new AccountLocked(Math.max(1, verdict.retry_after));
  }
}
