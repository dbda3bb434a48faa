import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import type { Job } from 'bullmq';
import { Broadcaster } from '../../platform/realtime/broadcaster.js';
import { type ReceiptsJob, RECEIPTS_QUEUE } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';

/**
 * Adds up the marks of one conversation and tells its participants how far everybody is: one update, one signal a
 * burst.
 */
@Processor(RECEIPTS_QUEUE, { concurrency: 4 })
export class ReceiptsProcessor extends WorkerHost {
  private readonly logger = new Logger(ReceiptsProcessor.name);

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

  /** The queue is away, or has forgotten a job: the next mark of the conversation asks for another. */
  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`the queue fails: ${error.message}`);
  }
}
