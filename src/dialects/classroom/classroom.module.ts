import { Module } from '@nestjs/common';
import { AuthModule } from '../../modules/auth/auth.module.js';
import { ConversationsModule } from '../../modules/conversations/conversations.module.js';
import { FilesModule } from '../../modules/files/files.module.js';
import { MessagesModule } from '../../modules/messages/messages.module.js';
import { ParticipantsModule } from '../../modules/participants/participants.module.js';
import { PresenceModule } from '../../modules/presence/presence.module.js';
import { ClassroomConversationsController } from './classroom-conversations.controller.js';
import { ClassroomConversations } from './classroom-conversations.service.js';
import { ClassroomForms } from './classroom-forms.js';
import { ClassroomMessagesController } from './classroom-messages.controller.js';
import { ClassroomPeopleController } from './classroom-people.controller.js';
import { ClassroomReads } from './classroom-reads.service.js';
import { ClassroomSockets } from './classroom-sockets.js';
import { ClassroomStatus } from './classroom-status.service.js';
import { ClassroomErrors } from './classroom.errors.js';
import { ClassroomGateway } from './classroom.gateway.js';

/** The dialect at `/api/conversations…`, `/api/messages/{id}…`, `/api/users/status`, `/api/ws…`. */
@Module({
  imports: [AuthModule, ParticipantsModule, ConversationsModule, PresenceModule, FilesModule, MessagesModule],
  controllers: [ClassroomPeopleController, ClassroomConversationsController, ClassroomMessagesController],
  providers: [
    ClassroomConversations,
    ClassroomReads,
    ClassroomStatus,
    ClassroomErrors,
    ClassroomForms,
    ClassroomSockets,
    ClassroomGateway,
  ],
})
export class ClassroomDialectModule {}
