import { Module, Global } from '@nestjs/common';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { LoadShedder } from '../../platform/throttling/load-shedder.js';
import { FileCopiesModule } from '../files/file-copies.service.js';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { EditMessage } from './edit-message.js';
import { CheckEphemeralText } from './ephemeral/check-ephemeral-text.js';
import { EphemeralMessagesController } from './ephemeral/ephemeral-messages.controller.js';
import { EphemeralMessagesGateway } from './ephemeral/ephemeral-messages.gateway.js';
import { EphemeralMessagesRepository } from './ephemeral/ephemeral-messages.repository.js';
import { EphemeralMessagesService } from './ephemeral/ephemeral-messages.service.js';
import { MessageTextPolicy } from './message-text.policy.js';
import { HiddenMessagesRepository } from './hidden-messages.repository.js';
import { HistoryController } from './history/history.controller.js';
import { HistoryEventRenderer } from './history/history-event-renderer.js';
import { EmptyTruncated } from './history/empty-truncated.js';
import { OwnHistory } from './history/own-history.js';
import { TruncateConversation } from './history/truncate-conversation.js';
import { TruncationsRepository } from './history/truncations.repository.js';
import { MessageChanges } from './message-changes.js';
import { MessagePages } from './message-pages.js';
import { VisibleMessages } from './visible-messages.js';
import { MentionsController } from './mentions.controller.js';
import { MentionsRepository } from './mentions.repository.js';
import { MentionsService } from './mentions.service.js';
import { MessageEventRenderer } from './message-event-renderer.js';
import { MessageFeed } from './message-feed.js';
import { MessageFeedRepository } from './message-feed.repository.js';
import { MessageQueriesRepository } from './message-queries.repository.js';
import { MessagesController } from './messages.controller.js';
import { DeleteMessagesOfUser } from './delete-messages-of-user.js';
import { MessageErasureRepository } from './message-erasure.repository.js';
import { MessageRetentionRepository } from './message-retention.repository.js';
import { MessagesOfUserController } from './messages-of-user.controller.js';
import { MessagesGateway } from './messages.gateway.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { MessageQueriesService } from './message-queries.service.js';
import { CheckBeforeSend } from './check-before-send.js';
import { ContentModeration } from './content-moderation.js';
import { MessageIndexRepository } from './message-index.repository.js';
import { MessageIndexer } from './message-indexer.js';
import { MessageSearchRepository } from './message-search.repository.js';
import { SearchMessages } from './search-messages.js';
import { ForwardingController } from './forwarding/forwarding.controller.js';
import { ForwardingRepository } from './forwarding/forwarding.repository.js';
import { ForwardingService } from './forwarding/forwarding.service.js';
import { LinkPreviewsController } from './link-previews/link-previews.controller.js';
import { LINK_PREVIEWS_QUEUE, LinkPreviewsQueue } from './link-previews/link-previews.queue.js';
import { LinkPreviewsRepository } from './link-previews/link-previews.repository.js';
import { LinkPreviewsService } from './link-previews/link-previews.service.js';
import { OwnVotes } from './polls/own-votes.js';
import { PollsController } from './polls/polls.controller.js';
import { PollsRepository } from './polls/polls.repository.js';
import { PollsService } from './polls/polls.service.js';
import { DraftEvents } from './drafts/draft-events.js';
import { DraftsController } from './drafts/drafts.controller.js';
import { DraftsRepository } from './drafts/drafts.repository.js';
import { DraftsService } from './drafts/drafts.service.js';
import { SavedMessageEvents } from './saved/saved-message-events.js';
import { SavedMessagesController } from './saved/saved-messages.controller.js';
import { SavedMessagesRepository } from './saved/saved-messages.repository.js';
import { SavedMessagesService } from './saved/saved-messages.service.js';
import { ReactionsController } from './reactions/reactions.controller.js';
import { ReactionsRepository } from './reactions/reactions.repository.js';
import { ReactionsService } from './reactions/reactions.service.js';
import { ScheduledMessageEvents } from './scheduled/scheduled-message-events.js';
import { ScheduledMessagesController } from './scheduled/scheduled-messages.controller.js';
import { ScheduledMessagesRepository } from './scheduled/scheduled-messages.repository.js';
import { ScheduledMessagesService } from './scheduled/scheduled-messages.service.js';
import { EndStreamingMessages } from './streaming/end-streaming-messages.js';
import { FinishStreamingMessage } from './streaming/finish-streaming-message.js';
import { GrowingTexts } from './streaming/growing-texts.js';
import { ShownTexts } from './streaming/shown-texts.js';
import { StreamingAuthors } from './streaming/streaming-authors.js';
import { StreamingMessagesController } from './streaming/streaming-messages.controller.js';
import { StreamingMessagesGateway } from './streaming/streaming-messages.gateway.js';
import { StreamingMessagesRepository } from './streaming/streaming-messages.repository.js';
import { StreamingMessagesService } from './streaming/streaming-messages.service.js';
import { SendMessage } from './send-message.js';
import { SendMetrics } from './send-metrics.js';
import { SendWithinLimits } from './send-within-limits.js';
import { SyncController } from './sync.controller.js';
import { ThreadEvents } from './thread-events.js';
import { ThreadStateProvider } from './thread-state-provider.js';
import { ThreadsController } from './threads.controller.js';
import { ThreadsRepository } from './threads.repository.js';
import { ThreadsService } from './threads.service.js';
import { Subscriptions } from './subscriptions.js';
import { SubscriptionsGateway } from './subscriptions.gateway.js';
import { SyncService } from './sync.service.js';
import { ModeratorDelete } from './moderator-delete.service.js';
import { SystemMessages } from '../participants/system-messages.port.js';
import { AppendSystemMessage } from './append-system-message.js';

/** Provides system messages to the module `participants`. Global, because a lower module cannot import a higher one. */
@Global()
@Module({
  providers: [AppendSystemMessage, MessagesRepository, { provide: SystemMessages, useExisting: AppendSystemMessage }],
  exports: [SystemMessages],
})
class SystemMessagesModule {}

@Module({
  imports: [
    UsersModule,
    ParticipantsModule,
    FileCopiesModule,
    SystemMessagesModule,
    QueueModule.register(LINK_PREVIEWS_QUEUE),
  ],
  controllers: [
    EphemeralMessagesController,
    MessagesController,
    MessagesOfUserController,
    HistoryController,
    MentionsController,
    ThreadsController,
    PollsController,
    ForwardingController,
    LinkPreviewsController,
    ReactionsController,
    ScheduledMessagesController,
    SavedMessagesController,
    StreamingMessagesController,
    DraftsController,
    SyncController,
  ],
  providers: [
    MessagesService,
    SendMessage,
    SendMetrics,
    SendWithinLimits,
    ContentModeration,
    CheckBeforeSend,
    EditMessage,
    MessageTextPolicy,
    CheckEphemeralText,
    EphemeralMessagesService,
    EphemeralMessagesRepository,
    EphemeralMessagesGateway,
    ModeratorDelete,
    DeleteMessagesOfUser,
    MessageErasureRepository,
    MessageRetentionRepository,
    MessageQueriesService,
    MessageFeed,
    MessageFeedRepository,
    MessageEventRenderer,
    SearchMessages,
    MessageSearchRepository,
    MessageIndexer,
    MessageIndexRepository,
    SyncService,
    SubscriptionsGateway,
    Subscriptions,
    MessagesGateway,
    ForwardingService,
    ForwardingRepository,
    LinkPreviewsService,
    LinkPreviewsRepository,
    LinkPreviewsQueue,
    PollsService,
    PollsRepository,
    OwnVotes,
    ReactionsService,
    ReactionsRepository,
    ScheduledMessagesService,
    ScheduledMessagesRepository,
    ScheduledMessageEvents,
    SavedMessagesService,
    SavedMessagesRepository,
    SavedMessageEvents,
    DraftsService,
    DraftsRepository,
    DraftEvents,
    StreamingMessagesService,
    StreamingAuthors,
    FinishStreamingMessage,
    EndStreamingMessages,
    GrowingTexts,
    ShownTexts,
    StreamingMessagesRepository,
    StreamingMessagesGateway,
    MessagesRepository,
    MessageQueriesRepository,
    HiddenMessagesRepository,
    VisibleMessages,
    MessagePages,
    MessageChanges,
    OwnHistory,
    HistoryEventRenderer,
    TruncateConversation,
    EmptyTruncated,
    TruncationsRepository,
    MentionsService,
    ThreadsService,
    ThreadsRepository,
    ThreadStateProvider,
    ThreadEvents,
    MentionsRepository,
  ],
  exports: [
    EndStreamingMessages,
    StreamingMessagesRepository,
    EmptyTruncated,
    TruncationsRepository,
    MessagesService,
    SendMessage,
    ScheduledMessagesRepository,
    SavedMessagesRepository,
    DraftsRepository,
    MessageQueriesService,
    MessageIndexer,
    MessageIndexRepository,
    ModeratorDelete,
    MessageFeed,
    Subscriptions,
    ThreadEvents,
  ],
})
export class MessagesModule {
  constructor(shedder: LoadShedder, sending: SendMessage) {
    shedder.watch(() => sending.isFull);
  }
}
