import { ApiProperty } from '@nestjs/swagger';
import { BODY_TEXT_MAX, IntField, TextField } from '../../platform/validation/fields.js';
import { JsonField } from '../../platform/validation/json-field.js';
import { METADATA_REF } from '../../platform/validation/safe-json.js';

const PREFERENCES_MAX_BYTES = 8192;
const NAME_MAX = 64;
const OFFSET_MAX = 10_000;
const KEY = /^[0-9a-f-]{36}$/i;
const TIME = { format: 'date-time' } as const;
const COUNT = { type: 'integer' } as const;

export class CreateRoomsSessionDto {
  @TextField({ min: 1, max: NAME_MAX, description: 'The id or username of the caller' })
  user_id: string;

  @JsonField({ maxBytes: PREFERENCES_MAX_BYTES, optional: true })
  preferences?: Record<string, unknown>;
}

export class RoomsSessionParam {
  @TextField({ max: NAME_MAX })
  session_id: string;
}

export class ListRoomsQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @IntField({ min: 0, max: OFFSET_MAX, optional: true, description: '0 if omitted' })
  offset?: number;

  @TextField({ min: 1, max: 63, optional: true })
  category?: string;
}

export class JoinRoomDto {
  @TextField({
    min: 36,
    max: 36,
    pattern: KEY,
    optional: true,
    description: 'Identifies the user if there is no token',
  })
  session_id?: string;
}

export class RoomsTextFrameDto {
  @TextField({ max: BODY_TEXT_MAX, example: 'Hello, world!' })
  content: string;

  @TextField({ min: 1, max: NAME_MAX, optional: true, description: 'Slug or id; general if omitted' })
  room_id?: string;

  @TextField({ min: 1, max: NAME_MAX, optional: true, description: 'The id or username of the sender; optional' })
  user_id?: string;
}

export class RoomsHeartbeatFrameDto {
  @IntField({ min: 0, max: Number.MAX_SAFE_INTEGER, optional: true, description: 'Returned in the response' })
  sequence?: number;
}

export class RoomsSessionDto {
  @ApiProperty({ description: 'A secret that authenticates this user' })
  session_id: string;

  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty(TIME)
  created_at: string;

  @ApiProperty(TIME)
  expires_at: string;

  @ApiProperty({ example: 'wss://chat.example.com/ws/chat/?session_id=…' })
  websocket_url: string;
}

export class RoomsSessionStatisticsDto {
  @ApiProperty(COUNT)
  messages_sent: number;

  @ApiProperty(COUNT)
  messages_received: number;

  @ApiProperty(COUNT)
  connection_time_seconds: number;
}

export class RoomsSessionStateDto {
  @ApiProperty()
  session_id: string;

  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty({ enum: ['active'], description: 'A session that has ended is not returned' })
  status: 'active';

  @ApiProperty(TIME)
  created_at: string;

  @ApiProperty(TIME)
  expires_at: string;

  @ApiProperty(TIME)
  last_activity: string;

  @ApiProperty({ ...METADATA_REF, example: { theme: 'dark' } })
  preferences: Record<string, unknown>;

  @ApiProperty({ type: RoomsSessionStatisticsDto })
  statistics: RoomsSessionStatisticsDto;
}

export class RoomDto {
  @ApiProperty({ description: 'The slug, or the id if there is none', example: 'general' })
  room_id: string;

  @ApiProperty()
  name: string;

  @ApiProperty()
  description: string;

  @ApiProperty()
  category: string;

  @ApiProperty({ ...COUNT, description: 'Participants whose visible status is not offline' })
  active_users: number;

  @ApiProperty(TIME)
  created_at: string;
}

export class RoomsPaginationDto {
  @ApiProperty(COUNT)
  total: number;

  @ApiProperty(COUNT)
  limit: number;

  @ApiProperty(COUNT)
  offset: number;

  @ApiProperty()
  has_next: boolean;
}

export class RoomPageDto {
  @ApiProperty({ type: [RoomDto] })
  rooms: RoomDto[];

  @ApiProperty({ type: RoomsPaginationDto })
  pagination: RoomsPaginationDto;
}

export class JoinedRoomDto {
  @ApiProperty({ example: 'general' })
  room_id: string;

  @ApiProperty({ type: String, nullable: true, description: 'As given in the request' })
  session_id: string | null;

  @ApiProperty(TIME)
  joined_at: string;

  @ApiProperty(COUNT)
  active_users: number;
}
