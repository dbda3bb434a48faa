import { Injectable } from '@nestjs/common';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';
import { presentPresence } from './presence-presenter.js';
import { PresenceChanged } from './presence.events.js';
import { PresenceRepository } from './presence.repository.js';

/** Users sent on resume; a client requests the presence of others when it displays them. */
const USERS_MAX = 500;

/**
 * Presence is not in the event log: a client that resumes receives the users who are not offline now. Users who are not
 * among them are offline.
 */
@Injectable()
export class PresenceStateProvider {
  constructor(private readonly repository: PresenceRepository) {}

  @ResumeState()
  async of(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.peers(userId, USERS_MAX);
    return rows.map((row) => ({ type: PresenceChanged.type, data: presentPresence(row) }));
  }
}
