import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { RECEIPT_UPDATED } from './participants.events.js';
import { type ReceiptsJob, RECEIPTS_QUEUE } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';

/**
 * Aggregates the marks of one conversation and sends the result to its participants: one update and one signal for each
 * burst of marks. If the queue loses a job, the next mark of the conversation enqueues it again.
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
    if (!receipts) return; // deleted in the meantime, or without receipts
    const { read_by_all_number, delivered_to_all_number, marks } = receipts;
    this.broadcaster.toStream(conversationId, {
      type: RECEIPT_UPDATED,
      class: 'state',
      key: `receipt:${conversationId}`,
      data: { conversation_id: conversationId, read_by_all_number, delivered_to_all_number, marks: marks ?? [] },
    });
  }
}
