import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { MessagesStored } from '../messages/messages.events.js';
import { ReadStateChanged } from './participants.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

export const RECEIPTS_QUEUE = 'receipts';

/** One job aggregates the marks of one conversation. */
export interface ReceiptsJob {
  conversationId: string;
}

/** Marks of one process are collected this long before jobs are enqueued. */
const COLLECT_MS = 50;
const RETRY_MS = 5000;
/**
 * Jobs of one conversation are deduplicated across processes within this window. The job runs only after the window is
 * over, so no mark is left out, and there are at most five jobs a second for each conversation.
 */
const WINDOW_MS = 200;
const DELAY_MS = 250;

/**
 * Enqueues the aggregation of receipts for conversations whose marks have moved. If the queue is unavailable, nothing
 * is lost: the conversations are enqueued again later, and the next mark of a conversation enqueues it too.
 */
@Injectable()
export class ReceiptsQueue implements OnApplicationShutdown {
  private readonly failures = new RepeatedWarning(new Logger(ReceiptsQueue.name), 'receipts wait for the queue', {
    recovered: 'receipts are queued again',
  });
  private pending = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(@InjectQueue(RECEIPTS_QUEUE) private readonly queue: Queue<ReceiptsJob>) {}

  @OnDomainEvent(ReadStateChanged)
  onReadStateChanged({ moves }: ReadStateChanged): void {
    this.collect(moves.map(({ conversationId }) => conversationId));
  }

  @OnDomainEvent(MessagesStored)
  onMessagesStored({ readBySenderConversationIds }: MessagesStored): void {
    this.collect(readBySenderConversationIds);
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.flush();
  }

  private collect(conversationIds: string[]): void {
    for (const conversationId of conversationIds) this.pending.add(conversationId);
    if (this.pending.size > 0) this.schedule(COLLECT_MS);
  }

  private schedule(delay: number): void {
    if (this.isClosed || this.timer) return;
    this.timer = setTimeout(() => void this.flush(), delay);
    this.timer.unref();
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    const ids = this.pending;
    if (ids.size === 0) return;
    this.pending = new Set();
    try {
      await this.queue.addBulk(
        [...ids].map((conversationId) => ({
          name: 'aggregate',
          data: { conversationId },
          opts: { delay: DELAY_MS, deduplication: { id: conversationId, ttl: WINDOW_MS } },
        })),
      );
      this.failures.worked();
    } catch (error) {
      this.failures.failed({ err: error });
      for (const id of ids) this.pending.add(id);
      this.schedule(RETRY_MS);
    }
  }
}
