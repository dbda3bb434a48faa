import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import { ThreadStateDto } from './threads.dto.js';

/** Durable event of a conversation's stream: a reply was added or deleted; `subjectId` is the root of the thread. */
export const THREAD_UPDATED = 'thread.updated';
/** Signal: what is unread in a thread has changed on another device of the user. */
export const THREAD_UNREAD = 'thread.unread';

/** What the root of a thread shows of its replies. */
export class ThreadUpdatedData {
  @ApiProperty({ format: 'uuid', description: 'The root of the thread' })
  message_id: string;

  @ApiProperty({ type: 'integer' })
  reply_count: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_reply_at: string | null;

  @ApiProperty({ type: [String], description: 'The latest five users who replied, the latest first' })
  reply_user_ids: string[];
}

export class ThreadUnreadData extends ThreadStateDto {
  @ApiProperty({ type: 'integer', description: 'Followed threads with unread replies, without muted conversations' })
  threads: number;
}

/** A user has read a thread, or has started or stopped following it. */
export class ThreadStateChanged extends DomainEvent {
  static readonly type = 'thread.state_changed';
  readonly type = ThreadStateChanged.type;

  constructor(
    readonly userId: string,
    readonly data: ThreadUnreadData,
  ) {
    super();
  }
}
