import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { ReceiptsProcessor } from './receipts.processor.js';
import { RECEIPTS_QUEUE } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';

/** The background work of participants: adding up receipts. Needs a `Broadcaster`, which the realtime module gives. */
@Module({
  imports: [QueueModule.register(RECEIPTS_QUEUE)],
  providers: [ReceiptsProcessor, ReceiptsRepository],
})
export class ParticipantsWorkerModule {}
