import { createHmac, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as argon2 from '@node-rs/argon2';
import * as bcrypt from '@node-rs/bcrypt';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import { HashingGate } from './hashing-gate.js';
import type { HashRequester } from './hashing-queue.js';
import { requireAllowedPassword, TOO_EASY } from './password-rules.js';
import { PasswordStrength } from './password-strength.service.js';

/** The minimum of OWASP for argon2id. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const ARGON2_PREFIX = '$argon2id$v=19$m=19456,t=2,p=1$';
const MAX_WAITING = 50;
/** For one IP address or account, times `RATE_LIMIT_MULTIPLIER`. */
const WAITING_PER_KEY = 4;
/** The server itself: commands, the first admin, the dummy hash. */
const SERVER: HashRequester = { key: 'server', isTrusted: true };

/** A password chosen by a client, and the names of its account. */
export interface NewPassword {
  /** The name of the input field. */
  readonly field: string;
  readonly password: string;
  readonly accountNames: readonly string[];
}

/**
 * Hashes and compares passwords. The input of the hash is base64(HMAC-SHA-384(pepper, NFKC(password))): 64 ASCII
 * characters, so that bcrypt, which ignores everything after 72 bytes, covers the whole password; and a stolen table is
 * useless without the pepper.
 */
@Injectable()
export class PasswordHasher implements OnApplicationBootstrap {
  private readonly gate: HashingGate;
  private dummy: Promise<string> | undefined;

  constructor(
    private readonly config: Config,
    private readonly strength: PasswordStrength,
  ) {
    const running = Math.max(1, availableParallelism() - 1);
    const waitingPerKey = Math.max(1, Math.floor(WAITING_PER_KEY * config.rateLimitMultiplier));
    this.gate = new HashingGate({ running, waiting: MAX_WAITING, waitingPerKey });
  }

  onApplicationBootstrap(): void {
    this.dummyHash().catch(() => undefined);
  }

  /** @throws ServiceUnavailable, RateLimitExceeded */
  hash(password: string, requester: HashRequester = SERVER): Promise<string> {
    return this.gate.run(requester, () => this.computeHash(password));
  }

  /**
   * Hashes a password that a client has chosen, if it is strong enough. The estimate runs in the same turn as the hash.
   * @throws ValidationError, ServiceUnavailable, RateLimitExceeded
   */
  hashNewPassword({ field, password, accountNames }: NewPassword, requester: HashRequester): Promise<string> {
    const normalised = requireAllowedPassword(field, password, accountNames);
    return this.gate.run(requester, async () => {
      if (await this.strength.isGuessable(normalised)) throw ValidationError.of(field, TOO_EASY);
      return this.computeHash(password);
    });
  }

  /**
   * Whether the password matches the hash. Without a hash (there is no such account) it does the same work and returns
   * false, so that the response time reveals nothing.
   * @throws ServiceUnavailable, RateLimitExceeded
   */
  async matches(password: string, stored: string | undefined, requester: HashRequester): Promise<boolean> {
    const input = this.peppered(password);
    const hash = stored ?? (await this.dummyHash());
    const isSame = await this.gate.run(requester, () =>
      hash.startsWith('$argon2') ? argon2.verify(hash, input) : bcrypt.verify(input, hash),
    );
    return isSame && stored !== undefined;
  }

  /** Whether a hash was made with the current parameters. */
  isCurrent(stored: string): boolean {
    const { passwordHash, bcryptCost } = this.config;
    const prefix = passwordHash === 'bcrypt' ? `$2b$${String(bcryptCost).padStart(2, '0')}$` : ARGON2_PREFIX;
    return stored.startsWith(prefix);
  }

  private computeHash(password: string): Promise<string> {
    const input = this.peppered(password);
    const { passwordHash, bcryptCost } = this.config;
    return passwordHash === 'bcrypt' ? bcrypt.hash(input, bcryptCost) : argon2.hash(input, ARGON2);
  }

  private peppered(password: string): string {
    return createHmac('sha384', this.config.passwordPepper).update(password.normalize('NFKC')).digest('base64');
  }

  private dummyHash(): Promise<string> {
    this.dummy ??= this.hash(randomBytes(32).toString('base64')).catch((error: unknown) => {
      this.dummy = undefined;
      throw error;
    });
    return this.dummy;
  }
}
