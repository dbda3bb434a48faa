import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/broadcaster.js';
import { UserUpdated } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import { PresenceRepository } from './presence.repository.js';

/**
 * Tells those who may see somebody come and go of a new name or picture, so that nobody has to load a page again for it.
 * State: whoever is away then sees it with the next message, or the next page.
 */
@Injectable()
export class ProfileChanges implements OnModuleInit {
  private readonly logger = new Logger(ProfileChanges.name);

  constructor(
    private readonly events: DomainEvents,
    private readonly users: UsersService,
    private readonly repository: PresenceRepository,
    private readonly broadcaster: Broadcaster,
  ) {}

  onModuleInit(): void {
    this.events.on(UserUpdated, ({ userId }) => {
      this.announce(userId).catch((error: unknown) =>
        this.logger.warn({ err: error }, 'a new name could not be announced'),
      );
    });
  }

  private async announce(userId: string): Promise<void> {
    const [user] = await this.users.findMany([userId]);
    const audience = (await this.repository.audiences([userId])).get(userId)?.filter((id) => id !== userId) ?? [];
    if (!user || audience.length === 0) return;
    const { username, display_name, avatar_url } = user;
    const data = { user_id: userId, username, display_name, avatar_url };
    this.broadcaster.toUsers(audience, { type: 'profile.changed', class: 'state', key: `profile:${userId}`, data });
  }
}
