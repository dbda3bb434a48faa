import { ApiProperty } from '@nestjs/swagger';
import { EVENT_DATA_REF } from '../../platform/event-log/event-catalogue.js';
import { IntField, RefusedFields, TextField, UuidField } from '../../platform/validation/fields.js';

export class SyncQuery {
  @TextField({
    max: 512,
    optional: true,
    description: 'The newest cursor of the client; without one, the response has a first cursor',
  })
  cursor?: string;
}

@RefusedFields({ after_number: 'after_number counts messages; events are paged by their seq: use after_seq' })
export class EventsQuery {
  @IntField({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'Position of the last event the client has applied' })
  after_seq: number;

  @IntField({ min: 1, max: 300, optional: true, description: '100 when omitted' })
  limit?: number;
}

export class EventDto {
  @ApiProperty({ example: 'message.created' })
  type: string;

  @ApiProperty({ required: false, description: 'Absent for events of the user’s own stream' })
  conversation_id?: string;

  @ApiProperty()
  seq: number;

  @ApiProperty({ description: 'Position of the previous event that the caller may receive' })
  prev: number;

  @ApiProperty()
  id: string;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ type: String, nullable: true })
  actor_id: string | null;

  @ApiProperty({ ...EVENT_DATA_REF, description: 'As in the realtime event of this type' })
  data: object;
}

export class ResyncDto {
  @ApiProperty({ enum: ['all', 'conversation'] })
  scope: string;

  @ApiProperty({ required: false })
  conversation_id?: string;

  @ApiProperty()
  reason: string;

  @ApiProperty({ required: false, description: 'What to fetch instead' })
  fetch?: string;
}

export class SyncDto {
  @ApiProperty({ type: [EventDto], description: 'For each conversation in order of seq, without gaps' })
  events: EventDto[];

  @ApiProperty({ type: [ResyncDto], description: 'State that is not in `events` and must be fetched' })
  resync: ResyncDto[];

  @ApiProperty({ description: 'The cursor for the next call' })
  cursor: string;
}

export class EventPageDto {
  @ApiProperty({ type: [EventDto] })
  data: EventDto[];

  @ApiProperty()
  has_more: boolean;

  @ApiProperty({ description: 'Last position of the conversation when the page was read' })
  at_seq: number;
}

export class UnsubscribeFrameDto {
  @UuidField()
  conversation_id: string;
}

export class SubscribeFrameDto extends UnsubscribeFrameDto {
  @IntField({
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'Position from which the log is replayed first',
  })
  from_seq?: number;
}
