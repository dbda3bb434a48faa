import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { LeaveAllConversations } from './leave-all-conversations.service.js';
import { ReplaceBannedOwnersTask } from './replace-banned-owners-task.js';
import { ConversationBansRepository } from './bans/conversation-bans.repository.js';
import { InvitationsRepository } from './invitations/invitations.repository.js';
import { EndJoinRequestsTask } from './join-requests/end-join-requests-task.js';
import { JoinRequestChanges } from './join-requests/join-request-changes.js';
import { JoinRequestsRepository } from './join-requests/join-requests.repository.js';
import { EndMutesTask } from './end-mutes-task.js';
import { EndedMutesRepository } from './ended-mutes.repository.js';
import { ChangeAnnouncements } from './change-announcements.service.js';
import { ChangeAnnouncementsRepository } from './change-announcements.repository.js';
import { OwnershipRepository } from './ownership.repository.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ReceiptsProcessor } from './receipts.processor.js';
import { RECEIPTS_QUEUE } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';
import { ParticipantChanges } from './participant-changes.js';

/**
 * The background work of participants: aggregation of receipts, leaving all conversations, succession of banned owners,
 * the end of mutes and of join requests.
 * Requires a `Broadcaster`, which the realtime module provides.
 */
@Module({
  imports: [QueueModule.register(RECEIPTS_QUEUE)],
  providers: [
    ReceiptsProcessor,
    ReceiptsRepository,
    LeaveAllConversations,
    ConversationBansRepository,
    InvitationsRepository,
    ReplaceBannedOwnersTask,
    JoinRequestsRepository,
    JoinRequestChanges,
    EndJoinRequestsTask,
    EndMutesTask,
    EndedMutesRepository,
    ParticipantChanges,
    ChangeAnnouncements,
    ChangeAnnouncementsRepository,
    ParticipantsRepository,
    OwnershipRepository,
  ],
  exports: [LeaveAllConversations],
})
export class ParticipantsWorkerModule {}
