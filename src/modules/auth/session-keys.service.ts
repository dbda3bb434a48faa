import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { AuthenticationRequired } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { hashSecret } from './secrets.js';
import { type KeyUse, type SessionKeyRow, SessionKeysRepository } from './session-keys.repository.js';
import { SessionsRepository, type SessionState } from './sessions.repository.js';

export type { KeyUse, SessionKeyRow } from './session-keys.repository.js';

const UNUSED: KeyUse = { sent: 0, received: 0, connectedMs: 0 };

/** A key as it is handed out, this once. */
export interface IssuedSessionKey {
  readonly key: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/**
 * Secrets that stand for a session where no token can be sent: a cookie, the address of a socket. Whoever holds one is
 * who the session is; it ends with the session. Stored as a hash, shown once.
 */
@Injectable()
export class SessionKeysService {
  constructor(
    private readonly keys: SessionKeysRepository,
    private readonly sessions: SessionsRepository,
    private readonly config: Config,
  ) {}

  /**
   * Takes a ticket, which works once, and says for which session and until when (epoch seconds).
   * @throws AuthenticationRequired
   */
  async redeemTicket(ticket: string): Promise<{ state: SessionState; expiresAt: number }> {
    const state = await this.sessions.takeTicket(hashSecret(ticket));
    if (!state) throw new AuthenticationRequired();
    return { state, expiresAt: Math.floor(Date.now() / 1000) + this.config.jwtAccessTtl };
  }

  /** A new key of the actor's session: 122 random bits in the shape of a UUID. @throws AuthenticationRequired */
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

  /** What is known of a key. @throws AuthenticationRequired when it stands for nothing any more */
  async find(key: string): Promise<SessionKeyRow> {
    const row = await this.keys.find(hashSecret(key));
    if (!row) throw new AuthenticationRequired();
    return row;
  }

  /** Those of these keys, named by their hashes in hexadecimal digits, that open nothing any more. */
  findEnded(keyIds: string[]): Promise<string[]> {
    return this.keys.findEnded(keyIds);
  }

  /** Notes that the key was used, and what for. */
  touch(key: string, use: KeyUse = UNUSED): Promise<void> {
    return this.keys.touch(hashSecret(key), use);
  }

  /** Takes a key out of circulation. Doing it twice is harmless. */
  withdraw(key: string): Promise<void> {
    return this.keys.remove(hashSecret(key));
  }
}
