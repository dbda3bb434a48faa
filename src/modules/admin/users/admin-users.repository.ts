import { Injectable } from '@nestjs/common';
import { Sql, statement, type Statement } from '../../../platform/database/sql.js';
import type { SystemRole } from '../../../platform/identity/actor.js';
import { foldName } from '../../../platform/text-search/fold.js';
import { SYSTEM_USER_ID } from '../../users/system-user.constants.js';
import type { AccountStatus, MessageErasureMode } from './admin-users.dto.js';

export interface AdminUserRow {
  readonly id: string;
  readonly username: string;
  readonly display_name: string;
  readonly email: string | null;
  readonly external_id: string | null;
  readonly role: SystemRole;
  readonly status: AccountStatus;
  readonly banned_at: Date | null;
  readonly banned_until: Date | null;
  readonly ban_reason: string | null;
  /** Null without one in force. */
  readonly shadow_banned_at: Date | null;
  readonly shadow_banned_until: Date | null;
  readonly shadow_ban_reason: string | null;
  readonly last_seen: Date | null;
  readonly created_at: Date;
  readonly deleted_at: Date | null;
}

export interface UserDetailsRow extends AdminUserRow {
  readonly bio: string;
  readonly avatar_url: string | null;
  readonly location: string;
  readonly conversations: number;
  readonly files: number;
  readonly file_bytes: number;
  readonly webhooks: number;
  readonly blocked_by: number;
  /** Of a deleted account: what was chosen for its messages, and when the deletion was finished. */
  readonly erasure_mode: MessageErasureMode | null;
  readonly deletion_finished_at: Date | null;
}

export interface UserFilter {
  readonly search?: string;
  readonly status?: AccountStatus;
  readonly role?: SystemRole;
  /** Returns accounts older than the one with this id. */
  readonly after?: string;
  readonly limit: number;
}

export interface ConversationBanRow {
  readonly conversation_id: string;
  readonly reason: string;
  readonly banned_at: Date;
  readonly banned_until: Date | null;
}

export interface ActivityRow {
  readonly at: Date;
  readonly type: string;
  readonly subject_id: string;
}

export const IS_BANNED = `u.deleted_at is null and u.banned_at is not null and user_is_banned(u.banned_at, u.banned_until)`;

export const COLUMNS = `u.id, u.username, u.display_name, u.email, u.external_id, u.role, u.ban_reason, u.banned_at, u.banned_until,
  u.shadow_ban_reason, u.shadow_banned_until, case when user_is_banned(u.shadow_banned_at, u.shadow_banned_until)
    then u.shadow_banned_at end as shadow_banned_at,
  case when u.deleted_at is not null then 'deleted' when ${IS_BANNED} then 'banned'
       when u.deactivated_at is not null then 'deactivated' else 'active' end as status,
  (select p.last_seen from presence_settings p where p.user_id = u.id) as last_seen, u.created_at, u.deleted_at`;

const STATUSES: Readonly<Record<AccountStatus | 'any', string>> = {
  any: 'true',
  active: `u.deleted_at is null and u.deactivated_at is null and not user_is_banned(u.banned_at, u.banned_until)`,
  deactivated: `u.deleted_at is null and u.deactivated_at is not null and not user_is_banned(u.banned_at, u.banned_until)`,
  banned: IS_BANNED,
  deleted: `u.deleted_at is not null`,
};

const ROLES = { any: '$2::text is null', one: 'u.role = $2' } as const;

/** Accounts searched directly before the index is used. */
const RECENT = 2000;

/**
 * The strategies to search users by text. Frequent texts are found among the newest accounts, rare ones by the trigram
 * indexes; one plan for both is slow for one of them (100,000 users: 200 ms and 12 ms by the indexes alone). A filter
 * that is not used is not in the statement, so that each combination has its own plan.
 */
const STRATEGIES = ['all', 'recent', 'indexed', 'short'] as const;
type Strategy = (typeof STRATEGIES)[number];

/** The system account is not administered; that of the guests can be banned. */
export const IS_LISTED = `u.id <> '${SYSTEM_USER_ID}'`;

function pageOf(status: string, role: string, strategy: Strategy): string {
  const fits = `((u.username || ' ' || u.folded_name) like '%' || $1 || '%' or u.email like '%' || $1 || '%')`;
  const older = `($3::uuid is null or u.id < $3)`;
  const conditions = `${status} and ${role} and ${older} and ${IS_LISTED}`;
  const end = `order by u.id desc limit $4`;
  switch (strategy) {
    case 'all':
      return `select ${COLUMNS} from users u where $1::text is null and ${conditions} ${end}`;
    case 'short':
      return `select ${COLUMNS} from users u where ${fits} and ${conditions} ${end}`;
    case 'recent':
      return `with recent as materialized (select u.* from users u where ${older} order by u.id desc limit ${RECENT})
        select ${COLUMNS} from recent u where ${fits} and ${conditions} ${end}`;
    case 'indexed':
      return `with found as materialized (select u.id from users u where ${fits})
        select ${COLUMNS} from found f join users u on u.id = f.id where ${conditions} ${end}`;
  }
}

const PAGES = new Map<string, Statement<AdminUserRow>>();
for (const [status, isStatus] of Object.entries(STATUSES)) {
  for (const [role, isRole] of Object.entries(ROLES)) {
    for (const strategy of STRATEGIES) {
      const key = `${status}_${role}_${strategy}`;
      PAGES.set(key, statement<AdminUserRow>(`admin.users_${key}`, pageOf(isStatus, isRole, strategy)));
    }
  }
}

const FIND = statement<UserDetailsRow>(
  'admin.find_user',
  `select ${COLUMNS}, u.bio, u.avatar_url, u.location,
          (select count(*) from participants p where p.user_id = u.id and p.left_seq is null) as conversations,
          f.files, f.file_bytes,
          (select count(*) from webhooks w where w.user_id = u.id) as webhooks,
          (select count(*) from user_blocks b where b.blocked_id = u.id) as blocked_by,
          d.messages as erasure_mode, d.finished_at as deletion_finished_at
     from users u
     left join account_deletions d on d.user_id = u.id
    cross join lateral (
      select count(*) as files, coalesce(sum(f.size), 0)::bigint as file_bytes
        from files f where f.uploader_id = u.id and f.deleted_at is null) f
    where u.id = $1`,
);

const CONVERSATION_BANS = statement<ConversationBanRow>(
  'admin.conversation_bans_of',
  `select conversation_id, reason, banned_at, banned_until from conversation_bans
    where user_id = $1 and (banned_until is null or banned_until > now()) order by banned_at desc limit 100`,
);

const ACTIVITY_MAX = 50;

const ACTIVITY = statement<ActivityRow>(
  'admin.activity_of',
  `(select created_at as at, 'session.opened' as type, id as subject_id from sessions where user_id = $1
     order by 1 desc limit ${ACTIVITY_MAX})
   union all
   (select revoked_at, 'session.ended', id from sessions where user_id = $1 and revoked_at is not null
     order by 1 desc limit ${ACTIVITY_MAX})
   union all
   (select joined_at, 'conversation.joined', conversation_id from participants where user_id = $1
     order by 1 desc limit ${ACTIVITY_MAX})
   union all
   (select left_at, 'conversation.left', conversation_id from participants where user_id = $1 and left_at is not null
     order by 1 desc limit ${ACTIVITY_MAX})
   union all
   (select uploaded_at, 'file.uploaded', id from files where uploader_id = $1 and deleted_at is null
     order by 1 desc limit ${ACTIVITY_MAX})
   order by at desc, subject_id limit ${ACTIVITY_MAX}`,
);

/**
 * Reads: users, presence_settings, participants, conversation_bans, files, webhooks, user_blocks, sessions,
 * account_deletions.
 */
@Injectable()
export class AdminUsersRepository {
  constructor(private readonly sql: Sql) {}

  /** Newest first; one row more than the page has. */
  async page(filter: UserFilter): Promise<AdminUserRow[]> {
    const text = filter.search && foldName(filter.search);
    if (!text) return this.pageBy('all', null, filter);
    const literal = text.replace(/[\\%_]/g, '\\$&');
    // Texts of fewer than three characters contain no trigram.
    if ([...text].length < 3) return this.pageBy('short', literal, filter);
    const recent = await this.pageBy('recent', literal, filter);
    return recent.length > filter.limit ? recent : this.pageBy('indexed', literal, filter);
  }

  /** Includes deleted accounts. */
  find(userId: string): Promise<UserDetailsRow | undefined> {
    return this.sql.one(FIND, [userId]);
  }

  conversationBans(userId: string): Promise<ConversationBanRow[]> {
    return this.sql.many(CONVERSATION_BANS, [userId]);
  }

  activity(userId: string): Promise<ActivityRow[]> {
    return this.sql.many(ACTIVITY, [userId]);
  }

  private pageBy(
    strategy: Strategy,
    literal: string | null,
    { status, role, after, limit }: UserFilter,
  ): Promise<AdminUserRow[]> {
    const page = PAGES.get(`${status ?? 'any'}_${role ? 'one' : 'any'}_${strategy}`)!;
    return this.sql.many(page, [literal, role ?? null, after ?? null, limit + 1]);
  }
}
