import { Injectable } from '@nestjs/common';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';
import type { PresenceDto } from './presence.dto.js';
import { PresenceChanged } from './presence.events.js';
import { PresenceRepository, type PresenceRow } from './presence.repository.js';

/** Includes `last_seen` only while the user is offline. */
export function presentPresence(row: PresenceRow): PresenceDto {
  return {
    user_id: row.user_id,
    status: row.status,
    custom: row.custom,
    last_seen: row.status === 'offline' ? (row.last_seen?.toISOString() ?? null) : null,
  };
}

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
  async framesOnResume(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.findPeers(userId, USERS_MAX);
    return rows.map((row) => ({ type: PresenceChanged.type, data: presentPresence(row) }));
  }
}
