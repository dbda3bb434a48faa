import { Module } from '@nestjs/common';
import { TableSpace } from '../../platform/database/table-space.js';
import { MessageRetention } from './message-retention.js';
import { MessageSpace } from './message-space.js';
import { RetentionRepository } from './retention.repository.js';

/** The regular work of messages: retention, and giving back its space. */
@Module({ providers: [MessageRetention, MessageSpace, RetentionRepository, TableSpace] })
export class MessagesWorkerModule {}
