import { Module } from '@nestjs/common';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { DialectModule } from '../dialect.module.js';
import { SessionKeyStats } from './session-key-stats.js';
import { RoomsMessages } from './rooms-messages.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsDirectory } from './rooms-directory.js';
import { ROOMS_ERRORS } from './rooms.errors.js';
import { RoomsGateway, ROOMS_SOCKET_PATH, RoomsUpgradeHandler } from './rooms.gateway.js';
import { RoomsSessions } from './rooms-sessions.js';

/** The dialect at `/api/sessions/…`, `/api/rooms/…`, `/ws/chat/`. */
@Module({
  imports: [
    DialectModule.register({
      paths: /^\/api\/(?:sessions|rooms)(?:\/|$)/,
      errors: ROOMS_ERRORS,
      socket: { paths: ROOMS_SOCKET_PATH, handler: RoomsUpgradeHandler },
    }),
    AuthModule,
    ParticipantsModule,
    ConversationsModule,
    MessagesModule,
  ],
  controllers: [RoomsController],
  providers: [RoomsSessions, RoomsDirectory, RoomsMessages, SessionKeyStats, RoomsUpgradeHandler, RoomsGateway],
})
export class RoomsDialectModule {}
