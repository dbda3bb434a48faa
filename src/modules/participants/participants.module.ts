import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { UsersModule } from '../users/users.module.js';
import { Admissions } from './admissions.js';
import { ConversationBansRepository } from './conversation-bans.repository.js';
import { ConversationBans } from './conversation-bans.service.js';
import { ConversationIdPipe } from './conversation-id.pipe.js';
import { EntryBySystemRole } from './entry-by-system-role.service.js';
import { EntitlementsModule } from './entitlements.module.js';
import { GuestAudience } from './guest-audience.js';
import { ParticipantEventRenderer } from './participant-event-renderer.js';
import { ReadStateProvider } from './read-state-provider.js';
import { ParticipantsController } from './participants.controller.js';
import { ParticipantsGateway } from './participants.gateway.js';
import { ParticipantsPolicy } from './participants.policy.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ParticipantsService } from './participants.service.js';
import { ReadMarks } from './read-marks.js';
import { RECEIPTS_QUEUE, ReceiptsQueue } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';
import { SetOwnFlags } from './set-own-flags.js';
import { Standings } from './standings.js';

/** Who takes part in which conversation, as what, and how far each has read. */
@Module({
  imports: [UsersModule, EntitlementsModule, QueueModule.register(RECEIPTS_QUEUE)],
  controllers: [ParticipantsController],
  providers: [
    ParticipantsService,
    ParticipantsPolicy,
    ParticipantsRepository,
    ParticipantsGateway,
    Admissions,
    Standings,
    EntryBySystemRole,
    ConversationBans,
    ConversationBansRepository,
    ParticipantEventRenderer,
    GuestAudience,
    ConversationIdPipe,
    ReadMarks,
    ReadStateProvider,
    SetOwnFlags,
    ReceiptsRepository,
    ReceiptsQueue,
  ],
  exports: [ParticipantsService, ConversationBans, ParticipantsPolicy, ReadMarks, SetOwnFlags, ConversationIdPipe],
})
export class ParticipantsModule {}
