import { Module } from '@nestjs/common';
import { UsersModule } from '../../users/users.module.js';
import { AdminConversationsController } from './admin-conversations.controller.js';
import { AdminConversationsRepository } from './admin-conversations.repository.js';
import { AdminConversationsService } from './admin-conversations.service.js';

/** All conversations, without their content. */
@Module({
  imports: [UsersModule],
  controllers: [AdminConversationsController],
  providers: [AdminConversationsService, AdminConversationsRepository],
})
export class AdminConversationsModule {}
