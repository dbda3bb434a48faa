import { Module } from '@nestjs/common';
import { AdminModule } from '../../modules/admin/admin.module.js';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { FilesModule } from '../../modules/files/files.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { PresenceModule } from '../../modules/presence/presence.module.js';
import { DialectModule } from '../dialect.module.js';
import { CookieSessions } from './cookie-sessions.js';
import { MessagingConversationsController } from './messaging-conversations.controller.js';
import { MessagingConversations } from './messaging-conversations.js';
import { MessagingFilesController } from './messaging-files.controller.js';
import { MessagingFiles } from './messaging-files.js';
import { MessagingMessages } from './messaging-messages.js';
import { MessagingController } from './messaging.controller.js';
import { MESSAGING_ERRORS } from './messaging.errors.js';
import { MESSAGING_SOCKET_PATH, MessagingUpgradeHandler, MessagingGateway } from './messaging.gateway.js';

/** The dialect at `/api/messaging/…`, `/api/csrf/`, `/ws/chat/{conversation_id}/`. */
@Module({
  imports: [
    DialectModule.register({
      paths: /^\/api\/(?:messaging(?:\/|$)|csrf\/?$)/,
      errors: MESSAGING_ERRORS,
      socket: { paths: MESSAGING_SOCKET_PATH, handler: MessagingUpgradeHandler },
    }),
    AuthModule,
    ParticipantsModule,
    ConversationsModule,
    PresenceModule,
    FilesModule,
    MessagesModule,
    AdminModule,
  ],
  controllers: [MessagingController, MessagingConversationsController, MessagingFilesController],
  providers: [
    CookieSessions,
    MessagingConversations,
    MessagingMessages,
    MessagingFiles,
    MessagingUpgradeHandler,
    MessagingGateway,
  ],
})
export class MessagingDialectModule {}
