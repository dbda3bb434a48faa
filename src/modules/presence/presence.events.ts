import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import type { PresenceDto } from './presence.dto.js';

/** A user's presence changed. `recipientIds` are the connected users who may see it, including the user. */
export class PresenceChanged extends DomainEvent {
  static readonly type = 'presence.changed';
  readonly type = PresenceChanged.type;

  constructor(
    readonly presence: PresenceDto,
    readonly recipientIds: string[],
  ) {
    super();
  }
}

/** The last socket of each of these users has closed, counted over all nodes. */
export class LastSocketClosed extends DomainEvent {
  readonly type = 'presence.last_socket_closed';

  constructor(readonly userIds: readonly string[]) {
    super();
  }
}

/** A user started or stopped typing. */
export class TypingChanged extends DomainEvent {
  static readonly type = 'typing';
  readonly type = TypingChanged.type;

  constructor(
    readonly conversationId: string,
    readonly userId: string,
    readonly userName: string,
    readonly isTyping: boolean,
  ) {
    super();
  }
}

/** A user's name or avatar has changed; see `ProfileChanges`. */
export const PROFILE_CHANGED = 'profile.changed';

export class ProfileData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty()
  username: string;

  @ApiProperty()
  display_name: string;

  @ApiProperty({ type: String, nullable: true })
  avatar_url: string | null;
}

export class TypingData {
  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty()
  user_name: string;

  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty()
  is_typing: boolean;

  @ApiProperty({ type: 'integer', description: 'The indicator ends after this time' })
  ttl_ms: number;
}
