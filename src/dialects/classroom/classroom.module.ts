import { Module } from '@nestjs/common';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { FilesModule } from '../../modules/files/files.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { PresenceModule } from '../../modules/presence/presence.module.js';
import { DialectModule } from '../dialect.module.js';
import { ClassroomConversationsController } from './classroom-conversations.controller.js';
import { ClassroomConversations } from './classroom-conversations.js';
import { ClassroomMessagesController } from './classroom-messages.controller.js';
import { ClassroomParticipantsController } from './classroom-participants.controller.js';
import { ClassroomStatus } from './classroom-status.js';
import { CLASSROOM_ERRORS } from './classroom.errors.js';
import { CLASSROOM_SOCKET_PATH, ClassroomUpgradeHandler, ClassroomGateway } from './classroom.gateway.js';

/** Edits of messages and participants, which may be URL-encoded: see `FORM_OR_JSON`. */
const EDITS = /^\/api\/(?:messages\/[^/]+|conversations\/[^/]+\/participants\/[^/]+)\/?$/;

/** The dialect at `/api/conversations…`, `/api/messages/{id}…`, `/api/users/status`, `/api/ws…`. */
@Module({
  imports: [
    DialectModule.register({
      paths: /^\/api\/(?:conversations(?:\/|$)|messages\/[^/]|users\/status\/?$)/,
      errors: CLASSROOM_ERRORS,
      acceptsUrlEncoded: (path, method) => (method === 'PUT' || method === 'PATCH') && EDITS.test(path),
      socket: { paths: CLASSROOM_SOCKET_PATH, handler: ClassroomUpgradeHandler },
    }),
    AuthModule,
    ParticipantsModule,
    ConversationsModule,
    PresenceModule,
    FilesModule,
    MessagesModule,
  ],
  controllers: [ClassroomParticipantsController, ClassroomConversationsController, ClassroomMessagesController],
  providers: [ClassroomConversations, ClassroomStatus, ClassroomUpgradeHandler, ClassroomGateway],
})
export class ClassroomDialectModule {}
