import { OnDomainEvent } from '../../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../../platform/realtime/fan-out/broadcaster.js';
import { Gateway, OnFrame } from '../../../platform/realtime/commands/gateway.decorators.js';
import type { LiveConnection } from '../../../platform/realtime/connection/live-connection.js';
import { SendsSignal } from '../../../platform/realtime/protocol/declared-signals.js';
import { MessageIdFrameDto } from '../messages.dto.js';
import { MessageData } from '../messages.events.js';
import { MESSAGE_APPEND_LIMIT } from '../messages.limits.js';
import { FinishStreamingMessage } from './finish-streaming-message.js';
import { AppendedDto, AppendToMessageFrameDto, FinishMessageFrameDto } from './streaming-messages.dto.js';
import { MessageDelta, MessageDeltaData } from './streaming-messages.events.js';
import { StreamingMessagesService } from './streaming-messages.service.js';

/** Socket edge of streaming messages: handles the frames, and shows the parts of texts. */
@Gateway()
@SendsSignal(MessageDelta.type, MessageDeltaData, 'A part was added to the text of a streaming message.')
export class StreamingMessagesGateway {
  constructor(
    private readonly streaming: StreamingMessagesService,
    private readonly finishing: FinishStreamingMessage,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnFrame('message.append', AppendToMessageFrameDto, {
    limit: MESSAGE_APPEND_LIMIT,
    scope: 'messages:write',
    summary: 'Appends to the caller’s streaming message; a repeated append changes nothing',
    reply: AppendedDto,
  })
  append({ actor }: LiveConnection, { message_id, ...dto }: AppendToMessageFrameDto): Promise<AppendedDto> {
    return this.streaming.append(actor, message_id, dto);
  }

  @OnFrame('message.finish', FinishMessageFrameDto, {
    limit: MESSAGE_APPEND_LIMIT,
    scope: 'messages:write',
    summary: 'Completes the caller’s streaming message; a repeat has no effect',
    reply: MessageData,
  })
  async finish({ actor }: LiveConnection, { message_id, ...dto }: FinishMessageFrameDto): Promise<MessageData> {
    return { message: await this.finishing.finish(actor, message_id, dto) };
  }

  @OnFrame('message.cancel', MessageIdFrameDto, {
    limit: MESSAGE_APPEND_LIMIT,
    scope: 'messages:write',
    summary: 'Ends the caller’s streaming message with the text so far; a repeat has no effect',
    reply: MessageData,
  })
  async cancel({ actor }: LiveConnection, { message_id }: MessageIdFrameDto): Promise<MessageData> {
    return { message: await this.finishing.cancel(actor, message_id) };
  }

  @OnDomainEvent(MessageDelta)
  show({ conversationId, shows, delta }: MessageDelta): void {
    this.broadcaster.toStream(conversationId, {
      type: MessageDelta.type,
      class: 'ephemeral',
      shows,
      data: delta,
    });
  }
}
