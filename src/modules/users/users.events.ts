import { ApiProperty } from '@nestjs/swagger';
import type { SystemRole } from '../../platform/identity/actor.js';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import { UserDto } from './users.dto.js';

/** Durable event of the user's own stream, for the user's other devices: the account or profile changed. */
export const USER_UPDATED = 'user.updated';
/** For webhooks only; the subject is the user. */
export const USER_CREATED = 'user.created';
/** For webhooks only; payload {reason, until}. */
export const USER_BANNED = 'user.banned';

/** The name or profile of a user changed. */
export class UserUpdated extends DomainEvent {
  readonly type = USER_UPDATED;

  constructor(readonly userId: string) {
    super();
  }
}

/** The user may no longer read or write; `until` is null for a permanent ban. */
export class UserBanned extends DomainEvent {
  readonly type = USER_BANNED;

  constructor(
    readonly userId: string,
    readonly until: Date | null,
  ) {
    super();
  }
}

/** Another user has blocked this user. */
export class UserBlocked extends DomainEvent {
  readonly type = 'user.blocked';

  constructor(readonly blockedId: string) {
    super();
  }
}

export class UserUnbanned extends DomainEvent {
  readonly type = 'user.unbanned';

  constructor(readonly userId: string) {
    super();
  }
}

export class UserRoleChanged extends DomainEvent {
  readonly type = 'user.role_changed';

  constructor(
    readonly userId: string,
    readonly role: SystemRole,
  ) {
    super();
  }
}

export class UserUpdatedData {
  @ApiProperty({ type: UserDto })
  user: UserDto;
}
