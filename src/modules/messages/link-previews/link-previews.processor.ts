import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import type { Job } from 'bullmq';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { LINK_PREVIEWS_QUEUE, type LinkPreviewsJob } from './link-previews.queue.js';
import { MakeLinkPreviews } from './make-link-previews.js';

/** Makes the previews of messages, four messages at a time. */
@Processor(LINK_PREVIEWS_QUEUE, { concurrency: 4 })
export class LinkPreviewsProcessor extends WorkerHost {
  private readonly failures = new RepeatedWarning(
    new Logger(LinkPreviewsProcessor.name),
    'link previews could not be stored',
    { recovered: 'link previews are stored again' },
  );

  constructor(private readonly previews: MakeLinkPreviews) {
    super();
  }

  async process({ data }: Job<LinkPreviewsJob>): Promise<void> {
    await this.failures.watch(() => this.previews.make(data.messageId));
  }
}
