import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/broadcaster.js';
import { ResumeStateProviders, type StateFrame } from '../../platform/realtime/resume-state-providers.js';
import { UserUpdated } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import { PresenceRepository } from './presence.repository.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

const TYPE = 'profile.changed';
/** Whoever was away for longer, or knows more people who changed, sees it with what he loads. */
const TOLD_DAYS = 7;
const PEOPLE_MAX = 200;

/**
 * Tells those who may see somebody come and go of a new name or picture, so that nobody has to load a page again for
 * it. State: whoever was away is told with his resume.
 */
@Injectable()
export class ProfileChanges implements OnModuleInit {
  private readonly unannounced = new RepeatedWarning(
    new Logger(ProfileChanges.name),
    'a new name could not be announced',
    { over: 'new names are announced again' },
  );

  constructor(
    private readonly events: DomainEvents,
    private readonly users: UsersService,
    private readonly repository: PresenceRepository,
    private readonly broadcaster: Broadcaster,
    private readonly stateProviders: ResumeStateProviders,
  ) {}

  onModuleInit(): void {
    this.events.on(UserUpdated, ({ userId }) => {
      this.unannounced.watch(() => this.announce(userId)).catch(() => undefined);
    });
    this.stateProviders.register((userId) => this.recent(userId));
  }

  private async recent(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.changedProfiles(userId, TOLD_DAYS, PEOPLE_MAX);
    return rows.map((data) => ({ type: TYPE, data }));
  }

  private async announce(userId: string): Promise<void> {
    const [user] = await this.users.findMany([userId]);
    const audience = (await this.repository.audiences([userId])).get(userId)?.filter((id) => id !== userId) ?? [];
    if (!user || audience.length === 0) return;
    const { username, display_name, avatar_url } = user;
    const data = { user_id: userId, username, display_name, avatar_url };
    this.broadcaster.toUsers(audience, { type: TYPE, class: 'state', key: `profile:${userId}`, data });
  }
}
