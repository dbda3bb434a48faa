import { Module } from '@nestjs/common';
import { MessageRetention } from './message-retention.js';
import { RetentionRepository } from './retention.repository.js';

/** The regular work of messages: retention. */
@Module({ providers: [MessageRetention, RetentionRepository] })
export class MessagesWorkerModule {}
