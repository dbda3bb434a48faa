import { ApiProperty } from '@nestjs/swagger';
import { JoinRequestDto } from './join-requests.dto.js';

/** Durable events of the stream of the user who asks; `subjectId` is the request. */
export const JOIN_REQUEST_CREATED = 'join_request.created';
export const JOIN_REQUEST_ENDED = 'join_request.ended';

/** The same on the streams of moderators: types of their own, so that a webhook receives each change once. */
export const JOIN_REQUEST_RECEIVED = 'join_request.received';
export const JOIN_REQUEST_CLOSED = 'join_request.closed';

export const JOIN_REQUEST_OUTCOMES = ['approved', 'declined', 'withdrawn', 'expired'] as const;
export type JoinRequestOutcome = (typeof JOIN_REQUEST_OUTCOMES)[number];

export class JoinRequestData {
  @ApiProperty({ type: JoinRequestDto })
  join_request: JoinRequestDto;
}

export class JoinRequestEndedData {
  @ApiProperty({ format: 'uuid' })
  join_request_id: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ enum: JOIN_REQUEST_OUTCOMES })
  outcome: JoinRequestOutcome;
}
