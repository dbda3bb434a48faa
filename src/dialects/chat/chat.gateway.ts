import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { ChatMessages } from './chat-messages.js';
import { CHAT_PROTOCOL, type ChatCodec } from './chat.codec.js';
import { ChatMessageFrameDto } from './chat.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';

/** Commands of this dialect's sockets. */
@Gateway(CHAT_PROTOCOL)
export class ChatGateway {
  constructor(private readonly messages: ChatMessages) {}

  @OnFrame('message', ChatMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message',
  })
  send({ actor, codec }: LiveConnection, dto: ChatMessageFrameDto): Promise<void> {
    return this.messages.sendFrame(actor, dto, (codec as ChatCodec).conversations);
  }
}
