import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { OnDomainEvent } from '../../../platform/event-log/domain-events.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { LinksWritten } from './link-previews.events.js';

export const LINK_PREVIEWS_QUEUE = 'link-previews';

/** Makes the previews of one message. */
export interface LinkPreviewsJob {
  readonly messageId: string;
}

/** Enqueues messages with links after their commit. A message that the queue loses has no previews. */
@Injectable()
export class LinkPreviewsQueue {
  private readonly failures = new RepeatedWarning(
    new Logger(LinkPreviewsQueue.name),
    'messages get no link previews: the queue is unavailable',
    { recovered: 'link previews are queued again' },
  );

  constructor(@InjectQueue(LINK_PREVIEWS_QUEUE) private readonly queue: Queue<LinkPreviewsJob>) {}

  @OnDomainEvent(LinksWritten)
  async enqueue({ messageIds }: LinksWritten): Promise<void> {
    try {
      await this.queue.addBulk(messageIds.map((messageId) => ({ name: 'preview', data: { messageId } })));
      this.failures.worked();
    } catch (error) {
      this.failures.failed({ err: error });
    }
  }
}
