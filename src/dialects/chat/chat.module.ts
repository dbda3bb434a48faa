import { Module } from '@nestjs/common';
import { AdminModule } from '../../modules/admin/admin.module.js';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { FilesModule } from '../../modules/files/files.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { UsersModule } from '../../modules/users/users.module.js';
import { ChatAdmin } from './chat-admin.js';
import { ChatAdminController } from './chat-admin.controller.js';
import { ChatMessages } from './chat-messages.js';
import { ChatMessagesController } from './chat-messages.controller.js';
import { ChatConversations } from './chat-conversations.js';
import { ChatSockets } from './chat-sockets.js';
import { ChatUsersController } from './chat-users.controller.js';
import { ChatController } from './chat.controller.js';
import { ChatErrors } from './chat.errors.js';
import { ChatGateway } from './chat.gateway.js';

/** The dialect at `/users…`, `/messages/…`, `/files/upload`, `/admin/…`, `/`, `/test-db`, `/ws/{user_id}`. */
@Module({
  imports: [UsersModule, AuthModule, ParticipantsModule, ConversationsModule, FilesModule, MessagesModule, AdminModule],
  controllers: [ChatController, ChatUsersController, ChatMessagesController, ChatAdminController],
  providers: [ChatErrors, ChatConversations, ChatMessages, ChatAdmin, ChatSockets, ChatGateway],
})
export class ChatDialectModule {}
