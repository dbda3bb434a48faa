import { Module } from '@nestjs/common';
import { MessagesWorkerModule } from '../messages/messages.worker.module.js';
import { ParticipantsWorkerModule } from '../participants/participants.worker.module.js';
import { PresenceWorkerModule } from '../presence/presence.worker.module.js';
import { AccountDeletionsRepository } from './users/account-deletions.repository.js';
import { FinishDeletions } from './users/finish-deletions.js';

/** The scheduled tasks of the admin module: they finish the deletion of accounts. */
@Module({
  imports: [ParticipantsWorkerModule, PresenceWorkerModule, MessagesWorkerModule],
  providers: [FinishDeletions, AccountDeletionsRepository],
})
export class AdminWorkerModule {}
