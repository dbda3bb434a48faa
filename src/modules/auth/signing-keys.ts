import { createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Scope } from '../../platform/identity/server-key.js';
import { decryptWith } from './secrets.js';
import { type SigningKeyRow, SigningKeysRepository } from './signing-keys.repository.js';

/** A revoked key also loses its sessions, in the transaction that revokes it: no check depends on this age. */
const MAX_AGE_MS = 60_000;
const TOUCH_MS = 60_000;

/** A key with which the host signs tokens. */
export interface SigningKey {
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly secret: KeyObject;
  readonly expiresAt: Date | undefined;
}

/**
 * The keys with which the host signs tokens. Their secrets are needed to verify, so they are stored encrypted, with a
 * key derived from `JWT_SECRET`.
 */
@Injectable()
export class SigningKeys {
  private readonly logger = new Logger('SigningKeys');
  private readonly touchedAt = new Map<string, number>();
  private readonly known = new Map<string, { key: SigningKey; loadedAt: number }>();

  constructor(
    private readonly repository: SigningKeysRepository,
    private readonly config: Config,
  ) {}

  /** Undefined if there is no such key now. */
  async find(keyId: string): Promise<SigningKey | undefined> {
    const known = this.known.get(keyId);
    if (known && Date.now() - known.loadedAt < MAX_AGE_MS) return known.key;
    this.known.delete(keyId);
    const row = await this.repository.find(keyId);
    const key = row && this.decrypt(row);
    if (key) this.known.set(keyId, { key, loadedAt: Date.now() });
    return key;
  }

  /** Whether the host signs tokens. */
  areUsed(): Promise<boolean> {
    return this.repository.hasKey();
  }

  /** Records that a token of this key has opened a session, at most once a minute. */
  async recordUse(keyId: string): Promise<void> {
    const now = Date.now();
    if (now - (this.touchedAt.get(keyId) ?? -Infinity) < TOUCH_MS) return;
    this.touchedAt.set(keyId, now);
    await this.repository.touch(keyId);
  }

  private decrypt({
    id,
    scopes,
    secret_box: ciphertext,
    expires_at: expiresAt,
  }: SigningKeyRow): SigningKey | undefined {
    try {
      const secret = createSecretKey(Buffer.from(decryptWith(this.config.jwtSecret, ciphertext, 'signing key')));
      return { id, scopes: new Set(scopes), secret, expiresAt: expiresAt ?? undefined };
    } catch {
      this.logger.error({ key: id }, 'the secret of a signing key was encrypted with another JWT_SECRET');
      return undefined;
    }
  }
}
