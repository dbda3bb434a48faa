import { Module } from '@nestjs/common';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsGateway } from './conversations.gateway.js';
import { ConversationPagesRepository } from './conversation-pages.repository.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CreateConversation } from './create-conversation.js';
import { ListConversations } from './list-conversations.js';
import { DirectConversations } from './direct-conversations.js';
import { CreateGeneralRoom } from './create-general-room.js';
import { ConversationTypesModule } from './conversation-types/conversation-types.module.js';
import { LegalHoldsModule } from './legal-holds/legal-holds.module.js';
import { RoomDirectoryRepository } from './room-directory.repository.js';
import { RoomDirectoryService } from './room-directory.service.js';
import { RoomSlugCache } from './room-slug-cache.js';
import { ConversationStatisticsRepository } from './conversation-statistics.repository.js';
import { ConversationStatisticsService } from './conversation-statistics.service.js';

/** Direct conversations, groups and rooms. */
@Module({
  imports: [UsersModule, ParticipantsModule, LegalHoldsModule, ConversationTypesModule],
  controllers: [ConversationsController],
  providers: [
    ConversationsService,
    ConversationsRepository,
    ListConversations,
    ConversationPagesRepository,
    ConversationsGateway,
    CreateConversation,
    DirectConversations,
    CreateGeneralRoom,
    ConversationStatisticsService,
    ConversationStatisticsRepository,
    RoomDirectoryService,
    RoomDirectoryRepository,
    RoomSlugCache,
  ],
  exports: [
    ConversationsService,
    CreateConversation,
    DirectConversations,
    ConversationStatisticsService,
    RoomDirectoryService,
    RoomSlugCache,
  ],
})
export class ConversationsModule {}
