import { Module } from '@nestjs/common';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { FilesModule } from '../../modules/files/files.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { PresenceModule } from '../../modules/presence/presence.module.js';
import { DialectModule } from '../dialect.module.js';
import { ClassroomConversationsController } from './classroom-conversations.controller.js';
import { ClassroomConversations } from './classroom-conversations.service.js';
import { acceptsForms } from './classroom-forms.js';
import { ClassroomMessagesController } from './classroom-messages.controller.js';
import { ClassroomPeopleController } from './classroom-people.controller.js';
import { ClassroomReads } from './classroom-reads.service.js';
import { CLASSROOM_SOCKET_PATH, ClassroomSockets } from './classroom-sockets.js';
import { ClassroomStatus } from './classroom-status.service.js';
import { CLASSROOM_ERRORS } from './classroom.errors.js';
import { ClassroomGateway } from './classroom.gateway.js';

/** The dialect at `/api/conversations…`, `/api/messages/{id}…`, `/api/users/status`, `/api/ws…`. */
@Module({
  imports: [
    DialectModule.register({
      paths: /^\/api\/(?:conversations(?:\/|$)|messages\/[^/]|users\/status\/?$)/,
      errors: CLASSROOM_ERRORS,
      forms: acceptsForms,
      socket: { paths: CLASSROOM_SOCKET_PATH, handler: ClassroomSockets },
    }),
    AuthModule,
    ParticipantsModule,
    ConversationsModule,
    PresenceModule,
    FilesModule,
    MessagesModule,
  ],
  controllers: [ClassroomPeopleController, ClassroomConversationsController, ClassroomMessagesController],
  providers: [ClassroomConversations, ClassroomReads, ClassroomStatus, ClassroomSockets, ClassroomGateway],
})
export class ClassroomDialectModule {}
