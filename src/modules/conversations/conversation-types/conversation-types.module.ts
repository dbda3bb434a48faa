import { Module } from '@nestjs/common';
import { ParticipantsModule } from '../../participants/participants.module.js';
import { UsersModule } from '../../users/users.module.js';
import { ConversationTypesController } from './conversation-types.controller.js';
import { ConversationTypesRepository } from './conversation-types.repository.js';
import { ConversationTypesService } from './conversation-types.service.js';

/** Conversation types: features, roles and limits of conversations. */
@Module({
  imports: [UsersModule, ParticipantsModule],
  controllers: [ConversationTypesController],
  providers: [ConversationTypesService, ConversationTypesRepository],
  exports: [ConversationTypesService],
})
export class ConversationTypesModule {}
