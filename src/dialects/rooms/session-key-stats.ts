import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type KeyUse, SessionKeysService } from '../../modules/auth/session-keys.service.js';
import { Connections } from '../../platform/realtime/connections.js';
import type { RoomsCodec } from './rooms.codec.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const STORE_MS = 10_000;

/** What of a codec's counters is stored already. */
interface Told {
  sent: number;
  received: number;
  at: number;
}

/**
 * Counts what the sockets of session keys do, for who looks at his session. Kept here while it happens, added to the
 * row of the key every ten seconds, at the end of the connection and when somebody looks: what a crash takes is
 * seconds.
 */
@Injectable()
export class SessionKeyStats implements OnModuleInit, OnModuleDestroy {
  private readonly unstored = new RepeatedWarning(
    new Logger(SessionKeyStats.name),
    'what a session key was used for could not be stored',
    { over: 'what session keys are used for is stored again' },
  );
  private readonly followed = new Map<RoomsCodec, Told>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: SessionKeysService,
    private readonly connections: Connections,
  ) {}

  onModuleInit(): void {
    this.connections.observe({ opened: () => undefined, closed: ({ id }) => void this.end(id) });
    this.timer = setInterval(() => void this.storeAll(), STORE_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.storeAll();
  }

  follow(codec: RoomsCodec): void {
    this.followed.set(codec, { sent: 0, received: 0, at: codec.openedAt });
  }

  /** Stores what the sockets of this key on this node have done so far. */
  async store(key: string): Promise<void> {
    const codecs = [...this.followed.keys()].filter(({ sessionId }) => sessionId === key);
    await Promise.all(codecs.map((codec) => this.tell(codec)));
  }

  private async end(connectionId: string): Promise<void> {
    for (const codec of this.followed.keys()) {
      if (codec.connectionId !== connectionId) continue;
      const told = this.tell(codec);
      this.followed.delete(codec);
      await told;
    }
  }

  private async storeAll(): Promise<void> {
    for (const codec of [...this.followed.keys()]) await this.tell(codec);
  }

  private async tell(codec: RoomsCodec): Promise<void> {
    const told = this.followed.get(codec);
    if (!told) return;
    const now = performance.now();
    const use: KeyUse = {
      sent: codec.sent - told.sent,
      received: codec.received - told.received,
      connectedMs: Math.round(now - told.at),
    };
    Object.assign(told, { sent: codec.sent, received: codec.received, at: now });
    try {
      await this.keys.touch(codec.sessionId, use);
      this.unstored.worked();
    } catch (error) {
      this.unstored.failed({ err: error });
    }
  }
}
