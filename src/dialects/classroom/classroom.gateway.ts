import { Subscriptions } from '../../modules/messages/subscriptions.js';
import { ParticipantsPolicy } from '../../modules/participants/participants.policy.js';
import { ReadState } from '../../modules/participants/read-state.js';
import { TypingService } from '../../modules/presence/typing.service.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { CLASSROOM_PROTOCOL } from './classroom.codec.js';
import { ClassroomConversationFrameDto, ClassroomReadFrameDto } from './classroom.dto.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/**
 * Commands of this dialect's sockets. A socket is subscribed to all conversations of its user from the start;
 * `join_conversation` only reverts an earlier `leave_conversation`.
 */
@Gateway(CLASSROOM_PROTOCOL)
export class ClassroomGateway {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly typing: TypingService,
    private readonly readState: ReadState,
    private readonly participants: ParticipantsPolicy,
  ) {}

  @OnFrame('join_conversation', ClassroomConversationFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Subscribes to a conversation',
  })
  async join(connection: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    await this.subscriptions.subscribe(connection, {
      conversation_id: await this.participants.resolve(connection.actor, conversation_id),
    });
  }

  @OnFrame('leave_conversation', ClassroomConversationFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Unsubscribes from a conversation',
  })
  async leave(connection: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    this.subscriptions.unsubscribe(connection, {
      conversation_id: await this.participants.resolve(connection.actor, conversation_id),
    });
  }

  @OnFrame('typing_start', ClassroomConversationFrameDto, {
    limit: TYPING_LIMIT,
    summary: 'Starts the typing indicator',
  })
  async startTyping({ actor }: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    await this.typing.start(actor, await this.participants.resolve(actor, conversation_id));
  }

  @OnFrame('typing_stop', ClassroomConversationFrameDto, { limit: TYPING_LIMIT, summary: 'Stops the typing indicator' })
  async stopTyping({ actor }: LiveConnection, { conversation_id }: ClassroomConversationFrameDto): Promise<void> {
    await this.typing.stop(actor, await this.participants.resolve(actor, conversation_id));
  }

  @OnFrame('message_read', ClassroomReadFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Marks everything up to a message as read',
  })
  async read({ actor }: LiveConnection, { conversation_id, message_id }: ClassroomReadFrameDto): Promise<void> {
    await this.readState.markRead(actor, await this.participants.resolve(actor, conversation_id), { message_id });
  }
}
