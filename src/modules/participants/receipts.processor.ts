import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { Broadcaster } from '../../platform/realtime/broadcaster.js';
import { type ReceiptsJob, RECEIPTS_QUEUE } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';

/**
 * Adds up the marks of one conversation and tells its participants how far everybody is: one update, one signal a
 * burst. A job the queue has lost is asked for again by the next mark of its conversation.
 */
@Processor(RECEIPTS_QUEUE, { concurrency: 4 })
export class ReceiptsProcessor extends WorkerHost {
  constructor(
    private readonly repository: ReceiptsRepository,
    private readonly broadcaster: Broadcaster,
  ) {
    super();
  }

  async process(job: Job<ReceiptsJob>): Promise<void> {
    const { conversationId } = job.data;
    const receipts = await this.repository.aggregate(conversationId);
    if (!receipts) return; // deleted since
    this.broadcaster.toStream(conversationId, {
      type: 'receipt.updated',
      class: 'state',
      key: `receipt:${conversationId}`,
      data: { conversation_id: conversationId, ...receipts, marks: receipts.marks ?? [] },
    });
  }
}
