import { Injectable } from '@nestjs/common';
import type { MarkedDto } from '../../modules/participants/participants.dto.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { MessageQueriesService } from '../../modules/messages/message-queries.service.js';
import type { Actor } from '../../platform/identity/actor.js';

/** This dialect marks a message as read by its id only; our read marks also need the conversation. */
@Injectable()
export class ClassroomReads {
  constructor(
    private readonly messages: MessageQueriesService,
    private readonly readState: ReadState,
  ) {}

  /** Marks everything up to the message as read. @throws MessageNotFound, PermissionDenied */
  async mark(actor: Actor, messageId: string): Promise<MarkedDto> {
    const { conversation_id: conversationId } = await this.messages.get(actor, messageId);
    return this.readState.markRead(actor, conversationId, { message_id: messageId });
  }
}
