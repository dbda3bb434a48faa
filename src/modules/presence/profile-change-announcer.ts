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
/** Users whose recipients one statement reads. */
const ANNOUNCED_TOGETHER = 100;

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

  private readonly changed = new Set<string>();
  private isAnnouncing = false;

  constructor(
    private readonly users: UsersService,
    private readonly repository: PresenceRepository,
    private readonly broadcaster: Broadcaster,
  ) {}

  /** Changes that arrive while others are announced are announced together: the host product changes many at once. */
  @OnDomainEvent(UserUpdated)
  async onUserUpdated({ userId }: UserUpdated): Promise<void> {
    this.changed.add(userId);
    if (this.isAnnouncing) return;
    this.isAnnouncing = true;
    while (this.changed.size > 0) {
      const userIds = [...this.changed].slice(0, ANNOUNCED_TOGETHER);
      for (const id of userIds) this.changed.delete(id);
      await this.failures.watch(() => this.announce(userIds)).catch(() => undefined);
    }
    this.isAnnouncing = false;
  }

  @ResumeState()
  async framesOnResume(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.findChangedProfiles(userId, RECENT_DAYS, USERS_MAX);
    return rows.map((data) => ({ type: PROFILE_CHANGED, data }));
  }

  private async announce(userIds: string[]): Promise<void> {
    const recipients = await this.repository.findRecipients(userIds);
    for (const { id, username, display_name, avatar_url } of await this.users.findMany(userIds)) {
      const recipientIds = recipients.get(id)?.filter((recipientId) => recipientId !== id) ?? [];
      if (recipientIds.length === 0) continue;
      const data = { user_id: id, username, display_name, avatar_url };
      this.broadcaster.toUsers(recipientIds, { type: PROFILE_CHANGED, class: 'state', key: `profile:${id}`, data });
    }
  }
}
