import { ApiProperty } from '@nestjs/swagger';
import type { ShownMessage } from '../../../platform/event-log/stream-event.js';
import { DomainEvent } from '../../../platform/event-log/domain-events.js';

/** A part of the text of a streaming message, for the participants who see the message. */
export class MessageDelta extends DomainEvent {
  static readonly type = 'message.delta';
  readonly type = MessageDelta.type;

  constructor(
    readonly conversationId: string,
    readonly shows: ShownMessage,
    readonly delta: MessageDeltaData,
  ) {
    super();
  }
}

export class MessageDeltaData {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ type: 'integer', description: 'Where the text belongs: the UTF-16 units of the content before it' })
  offset: number;

  @ApiProperty()
  text: string;
}
