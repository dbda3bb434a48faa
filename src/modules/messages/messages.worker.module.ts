import { Module } from '@nestjs/common';
import { HiddenMessagesRepository } from './hidden-messages.repository.js';
import { TruncationsTask } from './history/truncations-task.js';
import { MessageErasureRepository } from './message-erasure.repository.js';
import { MessageErasure } from './message-erasure.service.js';
import { PrivateDataErasure } from './private-data-erasure.service.js';
import { NameResolver } from '../../platform/outbound/name-resolver.js';
import { QueueModule } from '../../platform/queue/queue.module.js';
import { FetchPage } from './link-previews/fetch-page.js';
import { LinkPreviewsCleanupTask } from './link-previews/link-previews-cleanup-task.js';
import { LinkPreviewsProcessor } from './link-previews/link-previews.processor.js';
import { LINK_PREVIEWS_QUEUE } from './link-previews/link-previews.queue.js';
import { LinkPreviewsRepository } from './link-previews/link-previews.repository.js';
import { MakeLinkPreviews } from './link-previews/make-link-previews.js';
import { MessagesRepository } from './messages.repository.js';
import { TableCompactor } from '../../platform/database/table-compactor.js';
import { MessageIndexTask } from './message-indexer.js';
import { MessagesModule } from './messages.module.js';
import { MessageRetention, MessageTableCompaction } from './message-retention.js';
import { MessageRetentionRepository } from './message-retention.repository.js';
import { RemindOfSavedMessages } from './saved/remind-of-saved-messages.js';
import { SendScheduledMessages } from './scheduled/send-scheduled-messages.js';
import { StreamingMessagesTask } from './streaming/streaming-messages-task.js';
import { UnreadRemindersTask } from './unread-reminders-task.js';
import { UnreadRemindersRepository } from './unread-reminders.repository.js';

/**
 * The background work of messages: retention, compaction of its tables, reminders, and the erasure of a user's
 * messages.
 */
@Module({
  imports: [MessagesModule, QueueModule.register(LINK_PREVIEWS_QUEUE)],
  providers: [
    MessageIndexTask,
    MessageRetention,
    MessageTableCompaction,
    MessageErasure,
    PrivateDataErasure,
    MessageRetentionRepository,
    SendScheduledMessages,
    RemindOfSavedMessages,
    StreamingMessagesTask,
    UnreadRemindersTask,
    UnreadRemindersRepository,
    MessageErasureRepository,
    TruncationsTask,
    HiddenMessagesRepository,
    TableCompactor,
    LinkPreviewsProcessor,
    LinkPreviewsCleanupTask,
    LinkPreviewsRepository,
    MakeLinkPreviews,
    FetchPage,
    NameResolver,
    MessagesRepository,
  ],
  exports: [MessageErasure, PrivateDataErasure],
})
export class MessagesWorkerModule {}
