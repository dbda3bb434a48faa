import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { MessagesStored } from '../messages/messages.events.js';
import { ReadStateChanged } from './participants.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

export const RECEIPTS_QUEUE = 'receipts';

/** What one job adds up: one conversation. */
export interface ReceiptsJob {
  conversationId: string;
}

/** Marks of one process are gathered so long before a job is asked for. */
const GATHER_MS = 50;
const RETRY_MS = 5000;
/**
 * Of all processes: jobs asked for within the window after one are that one, which runs only after the window is over.
 * So no mark is left out and there are at most five jobs a second and conversation.
 */
const WINDOW_MS = 200;
const DELAY_MS = 250;

/**
 * Asks for the aggregation of receipts wherever marks have moved. The queue being away harms no mark: what could not be
 * asked for is kept and asked for again, and the next mark of that conversation asks for it too.
 */
@Injectable()
export class ReceiptsQueue implements OnModuleInit, OnApplicationShutdown {
  private readonly waiting = new RepeatedWarning(new Logger(ReceiptsQueue.name), 'receipts wait for the queue', {
    over: 'receipts are queued again',
  });
  private due = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    @InjectQueue(RECEIPTS_QUEUE) private readonly queue: Queue<ReceiptsJob>,
    private readonly events: DomainEvents,
  ) {}

  onModuleInit(): void {
    this.events.on(ReadStateChanged, ({ moves }) => this.ask(moves.map(({ conversationId }) => conversationId)));
    this.events.on(MessagesStored, ({ caughtUpIn }) => this.ask(caughtUpIn));
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.flush();
  }

  private ask(conversationIds: string[]): void {
    for (const conversationId of conversationIds) this.due.add(conversationId);
    if (this.due.size > 0) this.schedule(GATHER_MS);
  }

  private schedule(delay: number): void {
    if (this.isClosed || this.timer) return;
    this.timer = setTimeout(() => void this.flush(), delay);
    this.timer.unref();
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    const ids = this.due;
    if (ids.size === 0) return;
    this.due = new Set();
    try {
      await this.queue.addBulk(
        [...ids].map((conversationId) => ({
          name: 'aggregate',
          data: { conversationId },
          opts: { delay: DELAY_MS, deduplication: { id: conversationId, ttl: WINDOW_MS } },
        })),
      );
      this.waiting.worked();
    } catch (error) {
      this.waiting.failed({ err: error });
      for (const id of ids) this.due.add(id);
      this.schedule(RETRY_MS);
    }
  }
}
