import type { SystemRole } from '../../platform/http/actor.js';
import { DomainEvent } from '../../platform/event-log/domain-events.js';

/** Durable, on the user's own stream: something the user's other devices show has changed. The subject is the user. */
export const USER_UPDATED = 'user.updated';
/** Told outside only; the subject is the user. */
export const USER_CREATED = 'user.created';
/** Told outside only; payload {reason, until}. */
export const USER_BANNED = 'user.banned';

/** Name or profile of a user changed. */
export class UserUpdated extends DomainEvent {
  readonly type = USER_UPDATED;

  constructor(readonly userId: string) {
    super();
  }
}

/** From now on the user may neither read nor write; `until` is null for a ban without end. */
export class UserBanned extends DomainEvent {
  readonly type = USER_BANNED;

  constructor(
    readonly userId: string,
    readonly until: Date | null,
  ) {
    super();
  }
}

/** A user of whom another one does not want to hear. */
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
