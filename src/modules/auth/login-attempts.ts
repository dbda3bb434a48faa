import { Injectable } from '@nestjs/common';
import { subjectOfIp } from '../../platform/throttling/limit-subject.js';
import { Limits } from '../../platform/throttling/limits.service.js';
import type { HashRequester } from './hashing-queue.js';
import { type ReservedAttempt, LoginLockout } from './login-lockout.js';
import type { LoginSource } from './login-source.js';
import { FAILED_LOGIN_LIMIT, LOGIN_LIMIT } from './auth.limits.js';

/** The account and the source of a login. */
export interface LoginAttempt {
  /**
   * The id of the account once it is found, so that its username and its email are the same; otherwise the folded
   * input.
   */
  readonly account: string;
  /** The hash of the device token, if the account knows the device. */
  readonly knownDeviceHash: string | undefined;
  readonly source: LoginSource;
}

/**
 * Limits password guessing: attempts for an account from an IP address, failed attempts of an IP address, and the
 * lockout.
 */
@Injectable()
export class LoginAttempts {
  constructor(
    private readonly lockout: LoginLockout,
    private readonly limits: Limits,
  ) {}

  /** Counts an attempt before its password is checked. @throws RateLimitExceeded, AccountLocked */
  async reserve({ account, knownDeviceHash, source }: LoginAttempt): Promise<ReservedAttempt> {
    // The rate-limit guard has already counted the login name as typed. The account is counted under a key of its own:
    // an unknown name takes the place of the account, and would otherwise be counted twice under one key.
    const { ip, limits } = source;
    await this.limits.checkSubject(LOGIN_LIMIT, `${subjectOfIp(ip)}|found|${account}`, 'user', limits);
    if (knownDeviceHash) return this.lockout.reserveTrustedAttempt(account, `device:${knownDeviceHash}`);
    const ipSubject = subjectOfIp(ip);
    await this.limits.checkSubject(FAILED_LOGIN_LIMIT, ipSubject, 'user', limits);
    const refund = (): void | Promise<void> => this.limits.refundSubject(FAILED_LOGIN_LIMIT, ipSubject);
    try {
      const reserved = await this.lockout.reserveAttempt(account, ipSubject);
      return {
        succeeded: async () => void (await Promise.all([reserved.succeeded(), refund()])),
        cancelled: async () => void (await Promise.all([reserved.cancelled(), refund()])),
      };
    } catch (error) {
      await refund();
      throw error;
    }
  }

  /** How the hash of this attempt is queued: a known device is a trusted client and precedes strangers. */
  requesterOf({ account, knownDeviceHash, source: { ip, signal } }: LoginAttempt): HashRequester {
    if (knownDeviceHash) return { key: `account:${account}`, isTrusted: true, signal };
    return { key: subjectOfIp(ip), account, signal };
  }
}
