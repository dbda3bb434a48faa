import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { SYSTEM_USER_ID } from './system-user.constants.js';
import { requireAvatarUrl } from './user-fields.policy.js';
import { USER_UPDATED, UserUpdated } from './users.events.js';
import { UsersRepository } from './users.repository.js';

/** Gives the system account the name and the avatar of the settings, at every start. */
@Injectable()
export class SystemUserProfile implements OnApplicationBootstrap {
  constructor(
    private readonly repository: UsersRepository,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
    private readonly config: Config,
  ) {}

  /** @throws ValidationError for an avatar that no profile may have */
  async onApplicationBootstrap(): Promise<void> {
    const { systemName: displayName, systemAvatarUrl } = this.config;
    const avatarUrl = systemAvatarUrl ? requireAvatarUrl(systemAvatarUrl) : null;
    const [current] = await this.repository.find([SYSTEM_USER_ID]);
    if (!current || (current.display_name === displayName && current.avatar_url === avatarUrl)) return;
    await this.log.write(SYSTEM_USER_ID, async (tx) => {
      await this.repository.updateProfile(tx, SYSTEM_USER_ID, { displayName, avatarUrl });
      tx.append({ type: USER_UPDATED, actorId: SYSTEM_USER_ID, subjectId: SYSTEM_USER_ID });
    });
    this.events.publish(new UserUpdated(SYSTEM_USER_ID));
  }
}
