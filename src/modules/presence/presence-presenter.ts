import type { PresenceDto } from './presence.dto.js';
import type { PresenceRow } from './presence.repository.js';

/** Includes `last_seen` only while the user is offline. */
export function presentPresence(row: PresenceRow): PresenceDto {
  return {
    user_id: row.user_id,
    status: row.status,
    custom: row.custom,
    last_seen: row.status === 'offline' ? (row.last_seen?.toISOString() ?? null) : null,
  };
}
