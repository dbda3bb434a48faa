import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { hashSecret } from './secrets.js';
import { type KeyUse, type SessionKeyRow, SessionKeysRepository } from './session-keys.repository.js';
import { SessionsRepository, type SessionState } from './sessions.repository.js';

export type { KeyUse, SessionKeyRow } from './session-keys.repository.js';

const NO_USE: KeyUse = { sent: 0, received: 0, connectedMs: 0 };

/** A new key, which is returned only once. */
export interface IssuedSessionKey {
  readonly key: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/**
 * Only for dialects: secrets that replace a token where none can be sent, in a cookie or in the URL of a socket. A key
 * has the rights of its session and ends with it. Stored as a hash, returned once.
 */
@Injectable()
export class SessionKeysService {
  constructor(
    private readonly keys: SessionKeysRepository,
    private readonly sessions: SessionsRepository,
    private readonly config: Config,
  ) {}

  /**
   * Redeems a ticket, which works once, and returns its session and expiry (epoch seconds).
   * @throws AuthenticationRequired
   */
  async redeemTicket(ticket: string): Promise<{ state: SessionState; expiresAt: number }> {
    const state = await this.sessions.takeTicket(hashSecret(ticket));
    if (!state) throw new AuthenticationRequired();
    return { state, expiresAt: Math.floor(Date.now() / 1000) + this.config.jwtAccessTtl };
  }

  /** Creates a key of the actor's session: 122 random bits in the form of a UUID. @throws AuthenticationRequired */
  async issue(
    actor: Actor,
    { ttlSeconds, preferences = {} }: { ttlSeconds: number; preferences?: Record<string, unknown> },
  ): Promise<IssuedSessionKey> {
    const key = randomUUID();
    const sessionId = actor.sessionId;
    const row = await this.keys.insert({ hash: hashSecret(key), sessionId, preferences, ttlSeconds });
    if (!row) throw new AuthenticationRequired();
    return { key, createdAt: row.created_at, expiresAt: row.expires_at };
  }

  /** Returns the state of a key. @throws AuthenticationRequired when it is no longer valid */
  async requireKey(key: string): Promise<SessionKeyRow> {
    const row = await this.keys.find(hashSecret(key));
    if (!row) throw new AuthenticationRequired();
    return row;
  }

  /** Returns those of these keys, given as hexadecimal hashes, that are no longer valid. */
  findEnded(keyIds: string[]): Promise<string[]> {
    return this.keys.findEnded(keyIds);
  }

  /** Records the use of a key. */
  recordUse(key: string, use: KeyUse = NO_USE): Promise<void> {
    return this.keys.touch(hashSecret(key), use);
  }

  /** Deletes a key. Idempotent. */
  revoke(key: string): Promise<void> {
    return this.keys.remove(hashSecret(key));
  }
}
