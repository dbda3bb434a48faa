import { Module } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { UsersModule } from '../users/users.module.js';
import { AddParticipants } from './add-participants.js';
import { BanEventRenderer } from './bans/ban-events.js';
import { BansController } from './bans/bans.controller.js';
import { ConversationBansRepository } from './bans/conversation-bans.repository.js';
import { ConversationBans } from './bans/conversation-bans.service.js';
import { InvitationEventRenderer } from './invitations/invitation-events.js';
import { ConversationInvitationsController, InvitationsController } from './invitations/invitations.controller.js';
import { InvitationsRepository } from './invitations/invitations.repository.js';
import { InviteLinksController } from './invitations/invite-links.controller.js';
import { InviteLinksRepository } from './invitations/invite-links.repository.js';
import { InviteLinksService } from './invitations/invite-links.service.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { JoinRequestChanges } from './join-requests/join-request-changes.js';
import { JoinRequestEventRenderer } from './join-requests/join-request-events.js';
import { JoinRequestsController } from './join-requests/join-requests.controller.js';
import { JoinRequestsRepository } from './join-requests/join-requests.repository.js';
import { JoinRequestsService } from './join-requests/join-requests.service.js';
import { LockedConversations } from './locked-conversations.js';
import { ConversationIdPipe } from './conversation-id.pipe.js';
import { SystemRoleAnnouncements } from './system-role-announcements.service.js';
import { StreamAccessModule } from './stream-access.module.js';
import { GuestSubscriptions } from './guest-subscriptions.js';
import { ParticipantEventRenderer } from './participant-presenter.js';
import { ParticipantsController } from './participants.controller.js';
import { ParticipantsGateway } from './participants.gateway.js';
import { ParticipantsPolicy } from './participants.policy.js';
import { CapabilitiesRepository } from './capabilities.repository.js';
import { CapabilityAnnouncer } from './capability-announcer.js';
import { CandidatesRepository } from './candidates.repository.js';
import { ChangeAnnouncements } from './change-announcements.service.js';
import { ChangeAnnouncementsRepository } from './change-announcements.repository.js';
import { OwnershipRepository } from './ownership.repository.js';
import { ConversationPreferencesRepository } from './conversation-preferences.repository.js';
import { ParticipantPagesRepository } from './participant-pages.repository.js';
import { ParticipantsRepository } from './participants.repository.js';
import { ParticipantsService } from './participants.service.js';
import { NewestPageReceipts } from './implicit-receipts.js';
import { ReadState, ReadStateProvider } from './read-state.js';
import { RECEIPTS_QUEUE, ReceiptsQueue } from './receipts.queue.js';
import { ReceiptsRepository } from './receipts.repository.js';
import { ConversationPreferences } from './conversation-preferences.js';
import { UnreadAnnouncer } from './unread-announcer.js';
import { UnreadController } from './unread.controller.js';
import { UnreadRepository } from './unread.repository.js';
import { UnreadService } from './unread.service.js';
import { HistoryMarks } from './history-marks.service.js';
import { HistoryMarksRepository } from './history-marks.repository.js';
import { ParticipantChanges } from './participant-changes.js';

/** The participants of conversations, their roles, and their read state. */
@Module({
  imports: [UsersModule, StreamAccessModule, QueueModule.register(RECEIPTS_QUEUE)],
  controllers: [
    ParticipantsController,
    BansController,
    ConversationInvitationsController,
    InvitationsController,
    InviteLinksController,
    JoinRequestsController,
    UnreadController,
  ],
  providers: [
    ParticipantsService,
    ParticipantsPolicy,
    ParticipantsRepository,
    ParticipantPagesRepository,
    ConversationPreferencesRepository,
    OwnershipRepository,
    ParticipantsGateway,
    AddParticipants,
    LockedConversations,
    CandidatesRepository,
    ParticipantChanges,
    ChangeAnnouncements,
    ChangeAnnouncementsRepository,
    CapabilityAnnouncer,
    CapabilitiesRepository,
    SystemRoleAnnouncements,
    ConversationBans,
    ConversationBansRepository,
    BanEventRenderer,
    InvitationsService,
    InvitationsRepository,
    InvitationEventRenderer,
    InviteLinksService,
    InviteLinksRepository,
    JoinRequestsService,
    JoinRequestsRepository,
    JoinRequestChanges,
    JoinRequestEventRenderer,
    ParticipantEventRenderer,
    GuestSubscriptions,
    ConversationIdPipe,
    ReadState,
    NewestPageReceipts,
    ReadStateProvider,
    ConversationPreferences,
    ReceiptsRepository,
    ReceiptsQueue,
    UnreadService,
    UnreadRepository,
    UnreadAnnouncer,
    HistoryMarks,
    HistoryMarksRepository,
  ],
  exports: [
    ParticipantsService,
    ConversationBans,
    ParticipantsPolicy,
    ReadState,
    NewestPageReceipts,
    ConversationPreferences,
    ConversationIdPipe,
    SystemRoleAnnouncements,
    ChangeAnnouncements,
    UnreadService,
    HistoryMarks,
  ],
})
export class ParticipantsModule {}
