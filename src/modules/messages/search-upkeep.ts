import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { MessageReadsRepository } from './message-reads.repository.js';
import { MessagesStored } from './messages.events.js';

const INTERVAL_MS = 2_000;

/**
 * Keeps the search index merged while messages come in, so that neither a send nor a search pays for it.
 * A search is right without it, only slower.
 */
@Injectable()
export class SearchUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SearchUpkeep.name);
  private timer: NodeJS.Timeout | undefined;
  private hasNews = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly reads: MessageReadsRepository,
    private readonly events: DomainEvents,
  ) {}

  onApplicationBootstrap(): void {
    this.events.on(MessagesStored, () => {
      this.hasNews = true;
    });
    this.timer = setInterval(() => {
      if (this.hasNews && !this.running) this.running = this.merge();
    }, INTERVAL_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async merge(): Promise<void> {
    this.hasNews = false;
    try {
      await this.reads.mergeSearchIndex();
    } catch (error) {
      this.logger.warn({ err: error }, 'the search index could not be merged; trying again');
      this.hasNews = true;
    } finally {
      this.running = undefined;
    }
  }
}
