import type { SystemRole } from '../../platform/identity/actor.js';
import type { KnownPresence } from './presence-lookup.service.js';
import type { UserDto, UserRow } from './users.dto.js';

/** The user for whom another user is presented. */
export interface Viewer {
  readonly userId: string;
  readonly role: SystemRole;
}

/** A user as `viewer` may see them. Every field is named here, so that a new column is not exposed by accident. */
export function toUserDto(user: UserRow, viewer: Viewer, presence?: KnownPresence): UserDto {
  const seesEmail = viewer.userId === user.id || viewer.role === 'admin';
  return {
    id: user.id,
    username: user.username,
    display_name: user.display_name,
    ...(seesEmail ? { email: user.email } : {}),
    status: presence?.status ?? 'offline',
    last_seen: presence?.lastSeen?.toISOString() ?? null,
    profile: { bio: user.bio, avatar_url: user.avatar_url, location: user.location },
    role: user.role,
    created_at: user.created_at.toISOString(),
  };
}
