import { Module } from '@nestjs/common';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsGateway } from './conversations.gateway.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CreateConversation } from './create-conversation.js';
import { GeneralRoom } from './general-room.js';

/** Direct conversations, groups and rooms. */
@Module({
  imports: [UsersModule, ParticipantsModule],
  controllers: [ConversationsController],
  providers: [ConversationsService, ConversationsRepository, ConversationsGateway, CreateConversation, GeneralRoom],
  exports: [ConversationsService, CreateConversation],
})
export class ConversationsModule {}
