import { Module } from '@nestjs/common';
import { MessagesWorkerModule } from '../messages/messages.worker.module.js';
import { ParticipantsWorkerModule } from '../participants/participants.worker.module.js';
import { PresenceWorkerModule } from '../presence/presence.worker.module.js';
import { ActivityRollup } from './activity/active-users.js';
import { ModerationCleanupTask } from './moderation/moderation-cleanup-task.js';
import { ModerationCleanupRepository } from './moderation/moderation-cleanup.repository.js';
import { AccountDeletionsRepository } from './users/account-deletions.repository.js';
import { AccountDeletionsTask } from './users/account-deletions-task.js';

/**
 * The scheduled tasks of the admin module: they finish the deletion of accounts, count active users, and remove texts
 * that moderation no longer needs.
 */
@Module({
  imports: [ParticipantsWorkerModule, PresenceWorkerModule, MessagesWorkerModule],
  providers: [
    AccountDeletionsTask,
    AccountDeletionsRepository,
    ActivityRollup,
    ModerationCleanupTask,
    ModerationCleanupRepository,
  ],
})
export class AdminWorkerModule {}
