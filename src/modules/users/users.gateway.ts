import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { Gateway } from '../../platform/realtime/commands/gateway.decorators.js';
import { USER_UPDATED, UserBanned, UserRoleChanged, UserUpdatedData } from './users.events.js';
import { UsersService } from './users.service.js';

/** Socket edge of users: renders `user.updated`, and closes the connections of banned users. */
@Gateway()
export class UsersGateway {
  constructor(
    private readonly users: UsersService,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnDomainEvent(UserRoleChanged)
  changeRole({ userId, role }: UserRoleChanged): void {
    this.broadcaster.changeRole(userId, role);
  }

  @OnDomainEvent(UserBanned)
  endConnections({ userId }: UserBanned): void {
    this.broadcaster.disconnectUser(userId, 'banned');
  }

  /** The event is on the user's own stream: its receiver is the user, who sees all of it. */
  @DurableEvent(USER_UPDATED, {
    summary: 'In the user’s own stream: the account or profile of the user changed.',
    data: UserUpdatedData,
  })
  async renderUpdated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const ids = [...new Set(events.map(({ streamId }) => streamId))];
    const users = await this.users.presentToSelf(await this.users.findMany(ids));
    const byId = new Map(users.map((user) => [user.id, user]));
    return events.map(({ streamId }) => {
      const user = byId.get(streamId);
      return user && { data: { user } };
    });
  }
}
