import type { SessionKeyRow } from '../../modules/auth/session-keys.service.js';
import type { DirectoryRow } from '../../modules/conversations/room-directory.service.js';
import type { RoomDto, RoomsSessionStateDto } from './rooms.dto.js';

export function presentRoom(row: DirectoryRow): RoomDto {
  return {
    room_id: row.slug ?? row.id,
    name: row.title ?? row.slug ?? row.id,
    description: row.description,
    category: row.category,
    active_users: row.active_count,
    created_at: row.created_at.toISOString(),
  };
}

export function presentSession(key: string, row: SessionKeyRow): RoomsSessionStateDto {
  return {
    session_id: key,
    user_id: row.user_id,
    status: 'active',
    created_at: row.created_at.toISOString(),
    expires_at: row.key_expires_at.toISOString(),
    last_activity: row.last_used_at.toISOString(),
    preferences: row.preferences,
    statistics: {
      messages_sent: row.messages_sent,
      messages_received: row.messages_received,
      connection_time_seconds: Math.round(row.connected_ms / 1000),
    },
  };
}

/** Returns the URL of the socket of a session. `publicUrl` begins with http: or https:. */
export function socketUrl(publicUrl: string, key: string): string {
  return `${publicUrl.replace(/^http/, 'ws')}/ws/chat/?session_id=${key}`;
}
