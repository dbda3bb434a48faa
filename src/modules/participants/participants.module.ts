import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { Entitlements } from '../../platform/realtime/entitlements.js';
import { UsersModule } from '../users/users.module.js';
import { Admissions } from './admissions.js';
import { ConversationIdPipe } from './conversation-id.pipe.js';
import { ParticipantEntitlements } from './entitlements.repository.js';
import { ParticipantsController } from './participants.controller.js';
import { ParticipantsGateway } from './participants.gateway.js';
import { ParticipantsPolicy } from './participants.policy.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ParticipantsService } from './participants.service.js';
import { ReadMarks } from './read-marks.js';
import { RECEIPTS_QUEUE, ReceiptsQueue } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';

/** Who takes part in which conversation, as what, and how far each has read. */
@Module({
  imports: [UsersModule, QueueModule.register(RECEIPTS_QUEUE)],
  controllers: [ParticipantsController],
  providers: [
    ParticipantsService,
    ParticipantsPolicy,
    ParticipantsRepository,
    ParticipantsGateway,
    Admissions,
    ConversationIdPipe,
    ReadMarks,
    ReceiptsRepository,
    ReceiptsQueue,
    { provide: Entitlements, useClass: ParticipantEntitlements },
  ],
  exports: [ParticipantsService, ParticipantsPolicy, Admissions, ReadMarks, ConversationIdPipe, Entitlements],
})
export class ParticipantsModule {}
