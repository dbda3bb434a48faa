import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../platform/realtime/protocol/declared-signals.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { DeleteMessageFrameDto } from './history/history.dto.js';
import { EditMessageFrameDto, SendMessageFrameDto } from './messages.dto.js';
import { ReactionFrameDto } from './reactions/reactions.dto.js';
import { ReactionsService } from './reactions/reactions.service.js';
import { HistoryFrameDto } from './message-queries.dto.js';
import { MessagePageDto } from './message-pages.dto.js';
import { toMessageData } from './message-presenter.js';
import { MessageData } from './messages.events.js';
import { MessageQueriesService } from './message-queries.service.js';
import { MessagesService } from './messages.service.js';
import { THREAD_UNREAD, ThreadUnreadData } from './threads.events.js';
import { MESSAGE_SEND_LIMIT } from './messages.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

type MessageReply = Promise<MessageData>;

/** Socket edge of messages: handles the frames. It has no rules of its own. */
@Gateway()
@SendsSignal(
  THREAD_UNREAD,
  ThreadUnreadData,
  'What is unread in a thread has changed because the user has read it, or has started or stopped following it.',
)
export class MessagesGateway {
  constructor(
    private readonly messages: MessagesService,
    private readonly queries: MessageQueriesService,
    private readonly reactions: ReactionsService,
  ) {}

  @OnFrame('message.send', SendMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    scope: 'messages:write',
    isSend: true,
    summary: 'Stores a message and delivers it to the participants',
    reply: MessageData,
  })
  async send({ actor }: LiveConnection, { conversation_id, ...dto }: SendMessageFrameDto): MessageReply {
    return toMessageData((await this.messages.send(actor, conversation_id, dto)).message);
  }

  @OnFrame('message.edit', EditMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    scope: 'messages:write',
    summary: 'Replaces the text of the caller’s own message; counts as a send',
    reply: MessageData,
  })
  async edit({ actor }: LiveConnection, { message_id, ...dto }: EditMessageFrameDto): MessageReply {
    return { message: await this.messages.edit(actor, message_id, dto) };
  }

  @OnFrame('message.delete', DeleteMessageFrameDto, {
    limit: CALL_LIMIT,
    scope: 'messages:write',
    summary: 'Deletes a message; a tombstone remains. With `for: me` the caller alone no longer sees it',
    reply: MessageData,
  })
  async delete({ actor }: LiveConnection, { message_id, for: audience }: DeleteMessageFrameDto): MessageReply {
    return { message: await this.messages.delete(actor, message_id, audience) };
  }

  @OnFrame('reaction.add', ReactionFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Adds a reaction of the caller',
    reply: MessageData,
  })
  async react({ actor }: LiveConnection, { message_id, emoji }: ReactionFrameDto): MessageReply {
    return { message: await this.reactions.react(actor, message_id, emoji) };
  }

  @OnFrame('reaction.remove', ReactionFrameDto, {
    limit: CALL_LIMIT,
    summary: 'Removes a reaction of the caller',
    reply: MessageData,
  })
  async unreact({ actor }: LiveConnection, { message_id, emoji }: ReactionFrameDto): MessageReply {
    return { message: await this.reactions.unreact(actor, message_id, emoji) };
  }

  @OnFrame('history', HistoryFrameDto, {
    limit: CALL_LIMIT,
    scope: 'messages:read',
    priority: 'reads',
    summary: 'A page of messages, like GET …/messages',
    reply: MessagePageDto,
  })
  history({ actor }: LiveConnection, { conversation_id, ...query }: HistoryFrameDto): Promise<MessagePageDto> {
    return this.queries.list(actor, conversation_id, query);
  }
}
