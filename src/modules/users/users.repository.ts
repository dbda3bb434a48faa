import { Injectable } from '@nestjs/common';
import { isUniqueViolation } from '../../platform/database/database-errors.js';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { SystemRole } from '../../platform/identity/actor.js';
import { BUILT_IN_ACCOUNTS } from './system-user.constants.js';
import { foldName } from '../../platform/text-search/fold.js';
import type { ProfileChanges } from './profile-changes.js';
import type { NewUser, UserRow } from './users.dto.js';
import { ExternalIdTaken, UsernameOrEmailTaken } from './users.errors.js';

/** What a `UserRow` has, of the table `users u`. */
export const USER_COLUMNS = `u.id, u.username, u.email, u.external_id, u.display_name, u.bio, u.avatar_url, u.location, u.role,
  u.public_metadata, u.private_metadata,
  user_is_banned(u.banned_at, u.banned_until) as is_banned, u.banned_until, u.ban_reason,
  u.deactivated_at is not null as is_deactivated, u.created_at`;

const INSERT = statement<unknown>(
  'users.insert',
  `insert into users (id, username, email, display_name, role, folded_name, external_id)
   values ($1, $2, $3, $4, $5, $6, $7)`,
);

const FIND = statement<UserRow>(
  'users.find',
  `select ${USER_COLUMNS} from users u where u.id = any($1::uuid[]) and u.deleted_at is null`,
);

const FIND_BY_EXTERNAL_ID = statement<UserRow & { is_deleted: boolean }>(
  'users.find_by_external_id',
  `select ${USER_COLUMNS}, u.deleted_at is not null as is_deleted from users u where u.external_id = any($1::text[])`,
);

const FIND_IDS_OF = statement<{ external_id: string; id: string }>(
  'users.find_ids_of_external',
  `select external_id, id from users where external_id = any($1::text[])`,
);

const FIND_BY_USERNAME_OR_EMAIL = statement<UserRow>(
  'users.find_by_name',
  `select ${USER_COLUMNS} from users u where (u.username = $1 or u.email = $2) and u.deleted_at is null`,
);

/** The built-in accounts are excluded. */
const SEARCH = statement<UserRow>(
  'users.search',
  `select ${USER_COLUMNS} from users u
    where u.deleted_at is null and u.deactivated_at is null and u.id not in (${BUILT_IN_ACCOUNTS}) and u.username > $2
      and (u.username || ' ' || u.folded_name) like '%' || $1 || '%'
    order by u.username limit $3`,
);

/** As `SEARCH`, among the users who share a conversation with $4. */
const SEARCH_CONTACTS = statement<UserRow>(
  'users.search_contacts',
  `select ${USER_COLUMNS} from users u
    where u.deleted_at is null and u.deactivated_at is null and u.id not in (${BUILT_IN_ACCOUNTS}) and u.username > $2
      and (u.username || ' ' || u.folded_name) like '%' || $1 || '%'
      and u.id in (select other.user_id
                     from participants mine
                     join conversations c on c.id = mine.conversation_id and c.deleted_at is null
                     join participants other on other.conversation_id = mine.conversation_id and other.left_seq is null
                    where mine.user_id = $4 and mine.left_seq is null)
    order by u.username limit $3`,
);

const HAS_ADMIN = statement<{ has_admin: boolean }>(
  'users.has_admin',
  `select exists (select from users where role = 'admin' and deleted_at is null) as has_admin`,
);

const UPDATE_PROFILE = statement<unknown>(
  'users.update_profile',
  `update users
      set display_name = coalesce($2, display_name), bio = coalesce($3, bio), location = coalesce($4, location),
          avatar_url = case when $5 then $6 else avatar_url end,
          folded_name = coalesce($7, folded_name), updated_at = now()
    where id = $1`,
);

const UPDATE_ACCOUNT = statement<unknown>(
  'users.update_account',
  `update users set username = coalesce($2, username), email = coalesce($3, email), updated_at = now() where id = $1`,
);

const SET_ROLE = statement<unknown>('users.set_role', `update users set role = $2, updated_at = now() where id = $1`);

const SET_BAN = statement<unknown>(
  'users.set_ban',
  `update users set banned_at = $2, banned_until = $3, ban_reason = $4, updated_at = now() where id = $1`,
);

const SET_DEACTIVATED = statement<unknown>(
  'users.set_deactivated',
  `with locked as materialized (select id from users where id = $1 for update)
   update users u set deactivated_at = $2, updated_at = now() from locked where u.id = locked.id`,
);

const LOCK_ADMINS = statement<{ id: string }>(
  'users.lock_admins',
  `select id from users
    where role = 'admin' and deleted_at is null and not user_is_banned(banned_at, banned_until)
    order by id for no key update`,
);

const ERASED_DISPLAY_NAME = 'Deleted user';

/** User name and email can be used again by other accounts. */
const ERASE = statement<unknown>(
  'users.erase',
  `update users
      set username = 'deleted-' || right(replace(id::text, '-', ''), 24), email = null,
          display_name = case when $3 then display_name else '${ERASED_DISPLAY_NAME}' end, folded_name = '', bio = '', location = '',
          public_metadata = '{}', private_metadata = '{}', avatar_url = null, role = 'user', banned_at = null, banned_until = null, ban_reason = null,
          shadow_banned_at = null, shadow_banned_until = null, shadow_ban_reason = null,
          deleted_at = $2, updated_at = $2
    where id = $1`,
);

const ACTOR_STATE = statement<ActorState>(
  'users.actor_state',
  `select u.role, u.username, u.display_name, u.ban_reason, u.banned_until,
          user_is_banned(u.banned_at, u.banned_until) as is_banned, u.deactivated_at is not null as is_deactivated
     from sessions s join users u on u.id = $2
    where s.id = $1 and (s.user_id = $2 or s.is_server_key) and s.revoked_at is null and s.expires_at > now() and u.deleted_at is null`,
);

/** The current state of the actor of a write. */
export interface ActorState {
  readonly role: SystemRole;
  readonly username: string;
  readonly display_name: string;
  readonly is_banned: boolean;
  readonly is_deactivated: boolean;
  readonly banned_until: Date | null;
  readonly ban_reason: string | null;
}

/** Whether an erased account keeps its display name, or gets the one that all erased accounts share. */
export type ErasedDisplayName = 'kept' | 'replaced';

/** A page of users: it begins after this user name. */
export interface UserPageRequest {
  readonly after: string;
  readonly limit: number;
}

/** Owns: users. Reads: sessions, participants, conversations. */
@Injectable()
export class UsersRepository {
  constructor(private readonly sql: Sql) {}

  /** @throws UsernameOrEmailTaken, ExternalIdTaken */
  insert(tx: Queryable, user: NewUser): Promise<void> {
    const { id, username, email, displayName, role, externalId = null } = user;
    const values = [id, username, email, displayName, role, foldName(displayName), externalId];
    return mapUniqueViolations(tx.run(INSERT, values));
  }

  find(ids: string[], tx: Queryable = this.sql): Promise<UserRow[]> {
    return tx.many(FIND, [ids]);
  }

  /** The users with these external ids, in any order; also deleted ones, which keep theirs. */
  findByExternalIds(externalIds: string[], tx: Queryable = this.sql): Promise<(UserRow & { is_deleted: boolean })[]> {
    return tx.many(FIND_BY_EXTERNAL_ID, [externalIds]);
  }

  /** The ids of the users with these external ids, in any order; also of deleted ones. */
  findIdsOf(externalIds: string[]): Promise<{ external_id: string; id: string }[]> {
    return this.sql.many(FIND_IDS_OF, [externalIds]);
  }

  findByUsernameOrEmail(username: string, email: string | undefined): Promise<UserRow | undefined> {
    return this.sql.one(FIND_BY_USERNAME_OR_EMAIL, [username, email]);
  }

  /** Users with `text` in one of their names, ignoring case and accents. Returns one row more than the page has. */
  search(text: string, page: UserPageRequest): Promise<UserRow[]> {
    return this.sql.many(SEARCH, [toPattern(text), page.after, page.limit + 1]);
  }

  /** The same among the users who share a conversation with this one. */
  searchContacts(userId: string, text: string, page: UserPageRequest): Promise<UserRow[]> {
    return this.sql.many(SEARCH_CONTACTS, [toPattern(text), page.after, page.limit + 1, userId]);
  }

  async hasAdmin(): Promise<boolean> {
    return (await this.sql.one(HAS_ADMIN))!.has_admin;
  }

  async updateProfile(tx: Queryable, userId: string, changes: ProfileChanges): Promise<void> {
    const { displayName, bio, location, avatarUrl } = changes;
    const foldedName = displayName === undefined ? undefined : foldName(displayName);
    const values = [userId, displayName, bio, location, avatarUrl !== undefined, avatarUrl, foldedName];
    await tx.run(UPDATE_PROFILE, values);
  }

  /** @throws UsernameOrEmailTaken */
  updateLoginIdentifiers(tx: Queryable, userId: string, changes: { username?: string; email?: string }): Promise<void> {
    return mapUniqueViolations(tx.run(UPDATE_ACCOUNT, [userId, changes.username, changes.email]));
  }

  async setRole(tx: Queryable, userId: string, role: SystemRole): Promise<void> {
    await tx.run(SET_ROLE, [userId, role]);
  }

  async setBan(tx: Queryable, userId: string, ban: { at: Date; until: Date | null; reason: string }): Promise<void> {
    await tx.run(SET_BAN, [userId, ban.at, ban.until, ban.reason]);
  }

  async clearBan(tx: Queryable, userId: string): Promise<void> {
    await tx.run(SET_BAN, [userId, null, null, null]);
  }

  /** Waits for logins in progress, and those that begin meanwhile wait for the end of the transaction. */
  async setDeactivated(tx: Queryable, userId: string, at: Date | null): Promise<void> {
    await tx.run(SET_DEACTIVATED, [userId, at]);
  }

  /** Locks the admins who are not banned until the end of the transaction; returns their ids. */
  async lockAdmins(tx: Queryable): Promise<string[]> {
    return (await tx.many(LOCK_ADMINS)).map(({ id }) => id);
  }

  /** Erases the account. */
  async erase(
    tx: Queryable,
    userId: string,
    { at, displayName }: { at: Date; displayName: ErasedDisplayName },
  ): Promise<void> {
    await tx.run(ERASE, [userId, at, displayName === 'kept']);
  }

  /** Undefined if the session has ended or the account was deleted. */
  actorState(tx: Queryable | undefined, sessionId: string, userId: string): Promise<ActorState | undefined> {
    return (tx ?? this.sql).one(ACTOR_STATE, [sessionId, userId]);
  }
}

/** The folded text, in which no character has a meaning for LIKE. */
function toPattern(text: string): string {
  return foldName(text).replace(/[\\%_]/g, '\\$&');
}

/** For a change of names. @throws UsernameOrEmailTaken, ExternalIdTaken if another account has one */
export async function mapUniqueViolations(change: Promise<number>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (isUniqueViolation(error, 'users_username_key')) throw new UsernameOrEmailTaken('username');
    if (isUniqueViolation(error, 'users_email_key')) throw new UsernameOrEmailTaken('email');
    if (isUniqueViolation(error, 'users_external_id_key')) throw new ExternalIdTaken();
    throw error;
  }
}
