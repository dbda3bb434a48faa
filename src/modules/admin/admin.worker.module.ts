import { Module } from '@nestjs/common';
import { MessagesWorkerModule } from '../messages/messages.worker.module.js';
import { ParticipantsWorkerModule } from '../participants/participants.worker.module.js';
import { PresenceWorkerModule } from '../presence/presence.worker.module.js';
import { AccountDeletionsRepository } from './users/account-deletions.repository.js';
import { FinishDeletions } from './users/finish-deletions.js';

/** The regular work of admin: finishing what the deletion of an account has begun. */
@Module({
  imports: [ParticipantsWorkerModule, PresenceWorkerModule, MessagesWorkerModule],
  providers: [FinishDeletions, AccountDeletionsRepository],
})
export class AdminWorkerModule {}
