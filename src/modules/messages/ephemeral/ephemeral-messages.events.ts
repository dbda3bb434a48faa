import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../../platform/event-log/domain-events.js';
import { METADATA_REF } from '../../../platform/validation/safe-json.js';

/** The `data` of the signal. */
export class EphemeralMessageData {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty()
  content: string;

  @ApiProperty(METADATA_REF)
  metadata: Record<string, unknown>;

  @ApiProperty({
    type: [String],
    required: false,
    description: 'The users who receive it besides its sender; absent if all participants do',
  })
  visible_to?: string[];

  @ApiProperty({ format: 'date-time' })
  sent_at: string;
}

/** A participant has sent a message that is not stored. */
export class EphemeralMessageSent extends DomainEvent {
  static readonly type = 'message.ephemeral';
  readonly type = EphemeralMessageSent.type;

  constructor(
    readonly data: EphemeralMessageData,
    /** Undefined: all participants. */
    readonly receiverIds: readonly string[] | undefined,
  ) {
    super();
  }
}
