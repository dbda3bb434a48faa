import type { AdminUserDetailsDto, AdminUserDto } from './admin-users.dto.js';
import type { ActivityRow, AdminUserRow, ConversationBanRow, UserDetailsRow } from './admin-users.repository.js';

/** An account in the form that admins see. Every field is listed, so that a new column is not exposed by accident. */
export function presentAdminUser(row: AdminUserRow): AdminUserDto {
  return {
    id: row.id,
    username: row.username,
    display_name: row.display_name,
    email: row.email,
    external_id: row.external_id,
    role: row.role,
    status: row.status,
    ban:
      row.status === 'banned' && row.banned_at
        ? { reason: row.ban_reason, at: row.banned_at.toISOString(), until: row.banned_until?.toISOString() ?? null }
        : null,
    shadow_ban: row.shadow_banned_at && {
      reason: row.shadow_ban_reason,
      at: row.shadow_banned_at.toISOString(),
      until: row.shadow_banned_until?.toISOString() ?? null,
    },
    last_seen: row.last_seen?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    deleted_at: row.deleted_at?.toISOString() ?? null,
  };
}

/** The details in addition to the row of an account. */
export interface RelatedDetails {
  readonly sessions: AdminUserDetailsDto['sessions'];
  readonly bans: ConversationBanRow[];
  readonly activity: ActivityRow[];
}

export function presentDetails(row: UserDetailsRow, { sessions, bans, activity }: RelatedDetails): AdminUserDetailsDto {
  const { conversations, files, file_bytes, webhooks, blocked_by } = row;
  return {
    ...presentAdminUser(row),
    profile: { bio: row.bio, avatar_url: row.avatar_url, location: row.location },
    deletion: row.erasure_mode && {
      messages: row.erasure_mode,
      finished_at: row.deletion_finished_at?.toISOString() ?? null,
    },
    counts: { conversations, files, file_bytes, webhooks, blocked_by },
    sessions,
    conversation_bans: bans.map(({ conversation_id, reason, banned_at, banned_until }) => ({
      conversation_id,
      reason: reason || null,
      at: banned_at.toISOString(),
      until: banned_until?.toISOString() ?? null,
    })),
    activity: activity.map(({ at, type, subject_id }) => ({ at: at.toISOString(), type, subject_id })),
  };
}
