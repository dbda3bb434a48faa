import { createHmac, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import * as argon2 from '@node-rs/argon2';
import * as bcrypt from '@node-rs/bcrypt';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { HashingGate } from './hashing-gate.js';

/** OWASP's least for argon2id. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const ARGON2_PREFIX = '$argon2id$v=19$m=19456,t=2,p=1$';
const MAX_WAITING = 50;

/**
 * Hashes and compares passwords. What is hashed is base64(HMAC-SHA-384(pepper, NFKC(password))): 64 ASCII characters,
 * so that bcrypt, which forgets everything past 72 bytes, sees all of any password; and a stolen table alone is of no
 * use without the pepper.
 */
@Injectable()
export class PasswordHasher implements OnApplicationBootstrap {
  private readonly gate = new HashingGate(Math.max(1, availableParallelism() - 1), MAX_WAITING);
  private decoy: Promise<string> | undefined;

  constructor(private readonly config: Config) {}

  onApplicationBootstrap(): void {
    this.decoyHash().catch(() => undefined);
  }

  /** @throws ServiceUnavailable */
  hash(password: string): Promise<string> {
    const input = this.peppered(password);
    const { passwordHash, bcryptCost } = this.config;
    return this.gate.run(() =>
      passwordHash === 'bcrypt' ? bcrypt.hash(input, bcryptCost) : argon2.hash(input, ARGON2),
    );
  }

  /**
   * Whether the password is the one of this hash. Without a hash (there is no such account) it does the same work and
   * answers false, so that the time does not tell. @throws ServiceUnavailable
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const input = this.peppered(password);
    const hash = stored ?? (await this.decoyHash());
    const isSame = await this.gate.run(() =>
      hash.startsWith('$argon2') ? argon2.verify(hash, input) : bcrypt.verify(input, hash),
    );
    return isSame && stored !== undefined;
  }

  /** Whether a hash was made as new ones are. */
  isCurrent(stored: string): boolean {
    const { passwordHash, bcryptCost } = this.config;
    const prefix = passwordHash === 'bcrypt' ? `$2b$${String(bcryptCost).padStart(2, '0')}$` : ARGON2_PREFIX;
    return stored.startsWith(prefix);
  }

  private peppered(password: string): string {
    return createHmac('sha384', this.config.passwordPepper).update(password.normalize('NFKC')).digest('base64');
  }

  private decoyHash(): Promise<string> {
    this.decoy ??= this.hash(randomBytes(32).toString('base64')).catch((error: unknown) => {
      this.decoy = undefined;
      throw error;
    });
    return this.decoy;
  }
}
