import { Injectable } from '@nestjs/common';
import { addressSubject } from '../../platform/throttling/limit-subject.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import type { HashRequester } from './hashing-queue.js';
import { type LoginAttemptCount, LoginLockout } from './login-lockout.js';
import type { LoginSource } from './login-source.js';

/** Who tries to log in, and where from. */
export interface LoginAttempt {
  /** The account's id once it is found, so that its name and its address are one account; else what was typed, folded. */
  readonly account: string;
  /** The hash of the device token, if the account knows the device. */
  readonly device: string | undefined;
  readonly source: LoginSource;
}

/** What bounds guessing: tries of an account from an address, failed tries of an address, and the lockout. */
@Injectable()
export class LoginAttempts {
  constructor(
    private readonly lockout: LoginLockout,
    private readonly limits: Limits,
  ) {}

  /** Counts a try before its password is looked at. @throws RateLimitExceeded, AccountLocked */
  async count({ account, device, source }: LoginAttempt): Promise<LoginAttemptCount> {
    // The guard has counted what was typed; a subject of its own, so that an unknown name is not counted twice.
    const { ip, limits } = source;
    await this.limits.checkSubject('login', `${addressSubject(ip)}|found|${account}`, 'user', limits);
    if (device) return this.lockout.reserveTrustedAttempt(account, `device:${device}`);
    const address = addressSubject(ip);
    await this.limits.checkSubject('login.failed', address, 'user', limits);
    const giveBack = (): void | Promise<void> => this.limits.refundSubject('login.failed', address);
    try {
      const count = await this.lockout.reserveAttempt(account, address);
      return {
        succeeded: async () => void (await Promise.all([count.succeeded(), giveBack()])),
        cancelled: async () => void (await Promise.all([count.cancelled(), giveBack()])),
      };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  /** How the hash of this try takes its turn: a device the account knows comes before strangers. */
  requesterOf({ account, device, source: { ip, signal } }: LoginAttempt): HashRequester {
    if (device) return { place: `account:${account}`, isTrusted: true, signal };
    return { place: addressSubject(ip), account, signal };
  }
}
