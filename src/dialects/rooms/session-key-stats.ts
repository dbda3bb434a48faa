import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type KeyUse, SessionKeysService } from '../../modules/auth/session-keys.service.js';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { type ClosedConnection, OnConnection } from '../../platform/realtime/connection/connection-changes.js';
import type { RoomsCodec } from './rooms.codec.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const FLUSH_MS = 10_000;

/** The counters of a codec that are already stored. */
interface StoredCounters {
  sent: number;
  received: number;
  at: number;
}

/**
 * Counts the use of session keys by their sockets. The counts are collected in memory and added to the row of the key
 * every ten seconds, at the end of a connection and when the session is read; a crash loses only seconds.
 */
@Injectable()
export class SessionKeyStats implements OnModuleInit, OnModuleDestroy {
  private readonly warning = new RepeatedWarning(
    new Logger(SessionKeyStats.name),
    'the statistics of a session key could not be stored',
    { recovered: 'the statistics of session keys are stored again' },
  );
  private readonly tracked = new Map<RoomsCodec, StoredCounters>();
  private flushing: Repeating | undefined;

  constructor(private readonly keys: SessionKeysService) {}

  onModuleInit(): void {
    this.flushing = Repeating.every(FLUSH_MS, () => this.flushAll());
  }

  async onModuleDestroy(): Promise<void> {
    await this.flushing?.stop();
    await this.flushAll();
  }

  track(codec: RoomsCodec): void {
    this.tracked.set(codec, { sent: 0, received: 0, at: codec.openedAt });
  }

  /** Adds what the sockets of this key on this node have counted so far to its row. */
  async flush(key: string): Promise<void> {
    const codecs = [...this.tracked.keys()].filter(({ envelopeSessionId }) => envelopeSessionId === key);
    await Promise.all(codecs.map((codec) => this.flushOne(codec)));
  }

  @OnConnection('closed')
  async end({ id: connectionId }: ClosedConnection): Promise<void> {
    for (const codec of this.tracked.keys()) {
      if (codec.connectionId !== connectionId) continue;
      const stored = this.flushOne(codec);
      this.tracked.delete(codec);
      await stored;
    }
  }

  private async flushAll(): Promise<void> {
    for (const codec of [...this.tracked.keys()]) await this.flushOne(codec);
  }

  private async flushOne(codec: RoomsCodec): Promise<void> {
    const stored = this.tracked.get(codec);
    if (!stored) return;
    const now = performance.now();
    const use: KeyUse = {
      sent: codec.sent - stored.sent,
      received: codec.received - stored.received,
      connectedMs: Math.round(now - stored.at),
    };
    Object.assign(stored, { sent: codec.sent, received: codec.received, at: now });
    try {
      await this.keys.recordUse(codec.envelopeSessionId, use);
      this.warning.worked();
    } catch (error) {
      this.warning.failed({ err: error });
    }
  }
}
