import { MessagesService } from '../../modules/messages/messages.service.js';
import { TypingService } from '../../modules/presence/typing.service.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { toSend } from './messaging-messages.js';
import type { MessagingCodec } from './messaging.codec.js';
import { MessagingMessageFrameDto, MessagingTypingFrameDto } from './messaging.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';

/** Commands of the socket of a conversation. */
@Gateway('messaging')
export class MessagingGateway {
  constructor(
    private readonly messages: MessagesService,
    private readonly typing: TypingService,
  ) {}

  @OnFrame('message', MessagingMessageFrameDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message',
  })
  async send({ actor, codec }: LiveConnection, dto: MessagingMessageFrameDto): Promise<void> {
    await this.messages.send(actor, (codec as MessagingCodec).conversationId, toSend(dto.message, dto));
  }

  @OnFrame('typing', MessagingTypingFrameDto, { limit: TYPING_LIMIT, summary: 'Starts or stops the typing indicator' })
  type({ actor, codec }: LiveConnection, { is_typing: isTyping }: MessagingTypingFrameDto): Promise<void> {
    const { conversationId } = codec as MessagingCodec;
    return isTyping ? this.typing.start(actor, conversationId) : this.typing.stop(actor, conversationId);
  }
}
