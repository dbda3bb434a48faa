import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { Bus } from '../../../platform/realtime/bus/bus.js';
import { OPEN_STREAMING_MAX } from '../messages.limits.js';
import { GrowingText } from './growing-text.js';
import { MessageDelta, type MessageDeltaData } from './streaming-messages.events.js';
import { StreamingMessagesRepository } from './streaming-messages.repository.js';

/** At most once in this time the row of a message is written by one process. */
const STORE_EVERY_MS = 1000;
/** A text without appends is read again when the next one comes. */
const IDLE_MS = 30_000;

interface Entry {
  readonly growing: GrowingText;
  usedAt: number;
  storedAt: number;
  timer?: NodeJS.Timeout;
  storing?: Promise<void>;
}

/**
 * The texts of the streaming messages to which this process receives appends. Each is stored at most once a second.
 * What is not stored yet is lost with the process, and its author is asked for it by the next process.
 */
@Injectable()
export class GrowingTexts implements OnModuleInit, OnModuleDestroy {
  /** The text that was used last is last. */
  private readonly entries = new Map<string, Entry>();
  private readonly warning = new RepeatedWarning(
    new Logger(GrowingTexts.name),
    'texts of streaming messages are not stored',
    { recovered: 'texts of streaming messages are stored again' },
  );

  constructor(
    private readonly repository: StreamingMessagesRepository,
    private readonly config: Config,
    private readonly bus: Bus,
  ) {}

  /** Follows what other processes show, so that appends of one text may reach any of them in turn. */
  onModuleInit(): void {
    this.bus.subscribe((message) => {
      if (message.kind !== 'stream' || message.signal.type !== MessageDelta.type) return;
      const { message_id: id, ...part } = message.signal.data as MessageDeltaData;
      this.entries.get(id)?.growing.addShown(part);
    });
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.entries.values()].map((entry) => this.storeNow(entry)));
    this.entries.clear();
  }

  /** The text in this process; undefined if it has to be loaded. */
  get(id: string): GrowingText | undefined {
    const entry = this.entries.get(id);
    if (!entry) return undefined;
    entry.usedAt = Date.now();
    this.entries.delete(id);
    this.entries.set(id, entry);
    return entry.growing;
  }

  /** Reads the text; undefined if the message is not open. @throws ServiceUnavailable if too many are being written */
  async load(id: string): Promise<GrowingText | undefined> {
    const row = await this.repository.find(id);
    if (!row) return undefined;
    this.makeRoom();
    const growing = new GrowingText(row, this.config.contentPolicy);
    this.entries.set(id, { growing, usedAt: Date.now(), storedAt: Date.now() });
    return growing;
  }

  /** Has the text stored within a second. */
  storeSoon(id: string): void {
    const entry = this.entries.get(id);
    if (!entry || entry.timer || entry.storing) return;
    const delay = Math.max(0, entry.storedAt + STORE_EVERY_MS - Date.now());
    entry.timer = setTimeout(() => void this.storeNow(entry), delay);
    entry.timer.unref();
  }

  /** Resolves when what has been appended here is stored, unless the database is away. */
  async settle(id: string): Promise<void> {
    const entry = this.entries.get(id);
    if (entry) await this.storeNow(entry);
  }

  /** The text has ended. */
  drop(id: string): void {
    clearTimeout(this.entries.get(id)?.timer);
    this.entries.delete(id);
  }

  private async storeNow(entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    while (entry.storing) await entry.storing;
    if (entry.growing.isStored) return;
    entry.storing = this.warning
      .watch(() => this.store(entry.growing))
      .catch(() => entry.growing.onNotStored())
      .finally(() => {
        entry.storing = undefined;
        entry.storedAt = Date.now();
        if (!entry.growing.isStored) this.storeSoon(entry.growing.id);
      });
    await entry.storing;
  }

  private async store(growing: GrowingText): Promise<void> {
    if (await this.repository.store(growing.take())) return growing.onStored();
    const row = await this.repository.find(growing.id);
    if (!row) return this.drop(growing.id);
    growing.rebase(row);
    if (growing.isStored) return;
    if (await this.repository.store(growing.take())) growing.onStored();
    else growing.onNotStored();
  }

  /** Forgets what has not been used for a while and, of too many, the one that was not used for longest. */
  private makeRoom(): void {
    const idleSince = Date.now() - IDLE_MS;
    for (const [id, { growing, usedAt }] of this.entries) {
      const isFull = this.entries.size >= OPEN_STREAMING_MAX.perProcess;
      if (!isFull && usedAt >= idleSince) return;
      if (growing.isStored) this.entries.delete(id);
    }
    if (this.entries.size >= OPEN_STREAMING_MAX.perProcess) throw new ServiceUnavailable();
  }
}
