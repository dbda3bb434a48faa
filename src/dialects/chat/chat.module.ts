import { Module } from '@nestjs/common';
import { AdminModule } from '../../modules/admin/admin.module.js';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { FilesModule } from '../../modules/files/files.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { UsersModule } from '../../modules/users/users.module.js';
import { DialectModule } from '../dialect.module.js';
import { ChatUserAdministration } from './chat-user-administration.js';
import { ChatAdminController } from './chat-admin.controller.js';
import { ChatMessages } from './chat-messages.js';
import { ChatMessagesController } from './chat-messages.controller.js';
import { ChatConversations } from './chat-conversations.js';
import { ChatUsersController } from './chat-users.controller.js';
import { ChatHealthController } from './chat-health.controller.js';
import { CHAT_ERRORS } from './chat.errors.js';
import { CHAT_SOCKET_PATH, ChatUpgradeHandler, ChatGateway } from './chat.gateway.js';

/** The dialect at `/users…`, `/messages/…`, `/files/upload`, `/admin/…`, `/`, `/test-db`, `/ws/{user_id}`. */
@Module({
  imports: [
    DialectModule.register({
      paths: /^\/(?:$|test-db\/?$|(?:users|messages|files|admin)(?:\/|$))/,
      errors: CHAT_ERRORS,
      socket: { paths: CHAT_SOCKET_PATH, handler: ChatUpgradeHandler },
    }),
    UsersModule,
    AuthModule,
    ParticipantsModule,
    ConversationsModule,
    FilesModule,
    MessagesModule,
    AdminModule,
  ],
  controllers: [ChatHealthController, ChatUsersController, ChatMessagesController, ChatAdminController],
  providers: [ChatConversations, ChatMessages, ChatUserAdministration, ChatUpgradeHandler, ChatGateway],
})
export class ChatDialectModule {}
