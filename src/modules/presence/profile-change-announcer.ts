import { Injectable, Logger } from '@nestjs/common';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';
import { UserUpdated } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import { PROFILE_CHANGED } from './presence.events.js';
import { PresenceRepository } from './presence.repository.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** A client that was away for longer, or has more changed contacts, gets the changes with the pages that it loads. */
const RECENT_DAYS = 7;
const USERS_MAX = 200;

/**
 * Announces a user's new name or picture to the users who may see their presence, so that clients need not load a page
 * again. It is state: a client that was away receives it when it resumes.
 */
@Injectable()
export class ProfileChangeAnnouncer {
  private readonly failures = new RepeatedWarning(
    new Logger(ProfileChangeAnnouncer.name),
    'a profile change could not be announced',
    { recovered: 'profile changes are announced again' },
  );

  constructor(
    private readonly users: UsersService,
    private readonly repository: PresenceRepository,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnDomainEvent(UserUpdated)
  async onUserUpdated({ userId }: UserUpdated): Promise<void> {
    await this.failures.watch(() => this.announce(userId)).catch(() => undefined);
  }

  @ResumeState()
  async framesOnResume(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.findChangedProfiles(userId, RECENT_DAYS, USERS_MAX);
    return rows.map((data) => ({ type: PROFILE_CHANGED, data }));
  }

  private async announce(userId: string): Promise<void> {
    const [user] = await this.users.findMany([userId]);
    const recipientIds =
      (await this.repository.findRecipients([userId])).get(userId)?.filter((id) => id !== userId) ?? [];
    if (!user || recipientIds.length === 0) return;
    const { username, display_name, avatar_url } = user;
    const data = { user_id: userId, username, display_name, avatar_url };
    this.broadcaster.toUsers(recipientIds, { type: PROFILE_CHANGED, class: 'state', key: `profile:${userId}`, data });
  }
}
