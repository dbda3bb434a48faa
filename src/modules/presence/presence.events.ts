import { DomainEvent } from '../../platform/event-log/domain-events.js';
import type { PresenceDto } from './presence.dto.js';

/** Somebody appears otherwise than before. `audienceIds` are those connected who may know, the user included. */
export class PresenceChanged extends DomainEvent {
  static readonly type = 'presence.changed';
  readonly type = PresenceChanged.type;

  constructor(
    readonly presence: PresenceDto,
    readonly audienceIds: string[],
  ) {
    super();
  }
}

/** The last socket of each of these users has closed, on whatever node the others were. */
export class LastSocketClosed extends DomainEvent {
  readonly type = 'presence.last_socket_closed';

  constructor(readonly userIds: readonly string[]) {
    super();
  }
}

/** A user began or ended to type. */
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
