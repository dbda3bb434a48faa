import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { AccountDeparture } from './account-departure.service.js';
import { BannedOwners } from './banned-owners.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ReceiptsProcessor } from './receipts.processor.js';
import { RECEIPTS_QUEUE } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';
import { Standings } from './standings.js';

/**
 * The background work of participants: adding up receipts, leaving for good, succeeding banned owners. Needs a `Broadcaster`, which the realtime
 * module gives.
 */
@Module({
  imports: [QueueModule.register(RECEIPTS_QUEUE)],
  providers: [ReceiptsProcessor, ReceiptsRepository, AccountDeparture, BannedOwners, Standings, ParticipantsRepository],
  exports: [AccountDeparture],
})
export class ParticipantsWorkerModule {}
