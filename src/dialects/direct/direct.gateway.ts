import { TypingService } from '../../modules/presence/typing.service.js';
import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { DirectMessages } from './direct-messages.service.js';
import { DIRECT_PROTOCOL } from './direct.codec.js';
import { DirectPingFrameDto, DirectSendDto, DirectTypingFrameDto } from './direct.dto.js';
import { MESSAGE_SEND_LIMIT } from '../../modules/messages/messages.limits.js';
import { TYPING_LIMIT } from '../../modules/presence/presence.limits.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Commands of this dialect's sockets, in the same format as its events. */
@Gateway(DIRECT_PROTOCOL)
export class DirectGateway {
  constructor(
    private readonly messages: DirectMessages,
    private readonly typing: TypingService,
  ) {}

  @OnFrame('message', DirectSendDto, {
    limit: MESSAGE_SEND_LIMIT,
    isSend: true,
    summary: 'Sends a message, like POST /api/messages',
  })
  async send({ actor }: LiveConnection, dto: DirectSendDto): Promise<void> {
    await this.messages.send(actor, dto);
  }

  @OnFrame('typing', DirectTypingFrameDto, { limit: TYPING_LIMIT, summary: 'Starts or stops the typing indicator' })
  type({ actor }: LiveConnection, { conversation_id, is_typing = true }: DirectTypingFrameDto): Promise<void> {
    return is_typing ? this.typing.start(actor, conversation_id) : this.typing.stop(actor, conversation_id);
  }

  @OnFrame('ping', DirectPingFrameDto, { limit: CALL_LIMIT, summary: 'Returns pong' })
  ping(): object {
    return {};
  }
}
