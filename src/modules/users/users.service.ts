import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Queryable } from '../../platform/database/sql.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor, SystemRole } from '../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, toPage, type Page } from '../../platform/pagination/page.js';
import { foldEmail } from '../../platform/validation/login-name.js';
import { foldUsername, USERNAME_PATTERN } from '../../platform/validation/text.js';
import { type UserPresence, PresenceLookup } from './presence-lookup.service.js';
import { parseProfileChanges, type ProfileChanges } from './profile-changes.js';
import type { NewUser, SearchUsersDto, UpdateProfileDto, UserDto, UserPageQueryDto, UserRow } from './users.dto.js';
import { UserNotFound } from './users.errors.js';
import { USER_CREATED, USER_UPDATED, UserBlocked, UserRoleChanged, UserUpdated } from './users.events.js';
import { UsersPolicy } from './users.policy.js';
import { UserBlocksRepository } from './user-blocks.repository.js';
import { UsersRepository, type UserPageRequest } from './users.repository.js';

const ROLE_CLAIM = 'The host product states this role in a token of the user.';

/** User accounts, their profiles and their blocks. */
@Injectable()
export class UsersService {
  constructor(
    private readonly repository: UsersRepository,
    private readonly blocks: UserBlocksRepository,
    private readonly policy: UsersPolicy,
    private readonly log: EventLog,
    private readonly presence: PresenceLookup,
    private readonly events: DomainEvents,
    private readonly config: Config,
  ) {}

  /** Adds a user inside the transaction that starts their stream. @throws UsernameOrEmailTaken, ExternalIdTaken */
  async create(tx: StreamTransaction, user: NewUser): Promise<void> {
    await this.repository.insert(tx, user);
    tx.publishExternal({ type: USER_CREATED, actorId: user.id, subjectId: user.id });
  }

  /** @throws UserNotFound */
  async requireUser(userId: string, tx?: Queryable): Promise<UserRow> {
    const [user] = await this.repository.find([userId], tx);
    if (!user) throw new UserNotFound();
    return user;
  }

  /** The users of these ids that exist, in any order. */
  findMany(userIds: string[]): Promise<UserRow[]> {
    return this.repository.find(userIds);
  }

  /** The users with these ids of the host product, in any order; also deleted ones, which keep theirs. */
  findByExternalIds(externalIds: string[]): Promise<(UserRow & { is_deleted: boolean })[]> {
    return this.repository.findByExternalIds(externalIds);
  }

  /** Finds a user by user name or email, in any spelling; undefined if there is none. */
  findByLogin(login: string): Promise<UserRow | undefined> {
    return this.repository.findByUsernameOrEmail(foldUsername(login.trim()), foldEmail(login));
  }

  hasAdmin(): Promise<boolean> {
    return this.repository.hasAdmin();
  }

  /** @throws UserNotFound */
  async get(actor: Actor, userId: string): Promise<UserDto> {
    const [dto] = await this.present([await this.requireUser(userId)], actor);
    return dto!;
  }

  async search(actor: Actor, { q = '', limit, cursor }: SearchUsersDto): Promise<Page<UserDto>> {
    const page = toUserPage({ limit, cursor });
    return this.presentPage(await this.find(actor, q.trim(), page), page, actor);
  }

  /** Finds whom the actor may find. */
  private async find(actor: Actor, text: string, page: UserPageRequest): Promise<UserRow[]> {
    const isStaff = actor.role === 'admin' || actor.role === 'moderator';
    const directory = isStaff ? 'everyone' : this.config.userDirectory;
    if (directory === 'everyone') return this.repository.search(text, page);
    return directory === 'shared_conversations' ? this.repository.searchContacts(actor.userId, text, page) : [];
  }

  /** @throws ValidationError */
  async updateProfile(actor: Actor, dto: UpdateProfileDto): Promise<UserDto> {
    const changes = parseProfileChanges(dto);
    await this.change(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      await this.repository.updateProfile(tx, actor.userId, changes);
      tx.append({ type: USER_UPDATED, actorId: actor.userId, subjectId: actor.userId });
    });
    this.events.publish(new UserUpdated(actor.userId));
    return this.get(actor, actor.userId);
  }

  /**
   * Changes what a token of the user states differently, inside the caller's transaction on the user's stream. A role
   * that was given here, moderator or admin, stays. Returns what differed; `announceClaims` belongs after the commit.
   */
  async applyClaims(tx: StreamTransaction, user: UserRow, claims: UserClaims): Promise<UserClaims> {
    const changes = changedClaims(user, claims);
    const { role, ...profile } = changes;
    if (Object.values(changes).every((value) => value === undefined)) return changes;
    await this.repository.updateProfile(tx, user.id, profile);
    if (role !== undefined) {
      await this.repository.setRole(tx, user.id, role);
      const target = { type: 'user', id: user.id };
      const [before, after] = [{ role: user.role }, { role }];
      tx.audit({ actor: null, action: 'user.update', target, reason: ROLE_CLAIM, before, after });
    }
    tx.append({ type: USER_UPDATED, actorId: user.id, subjectId: user.id });
    return changes;
  }

  /** To be called after the commit of the transaction with `applyClaims`, with its result. */
  announceClaims(userId: string, { role, ...profile }: UserClaims): void {
    if (role !== undefined) this.events.publish(new UserRoleChanged(userId, role));
    const isChanged = [role, ...Object.values(profile)].some((value) => value !== undefined);
    if (isChanged) this.announceChange(userId);
  }

  /** Changes user name or email, inside the caller's transaction on the user's stream. @throws UsernameOrEmailTaken */
  async changeLoginIdentifiers(tx: StreamTransaction, userId: string, changes: LoginIdentifiers): Promise<void> {
    await this.repository.updateLoginIdentifiers(tx, userId, changes);
    tx.append({ type: USER_UPDATED, actorId: userId, subjectId: userId });
  }

  /** To be called after the commit of the transaction with `changeLoginIdentifiers`. */
  announceChange(userId: string): void {
    this.events.publish(new UserUpdated(userId));
  }

  /** @throws UserNotFound, ValidationError */
  async block(actor: Actor, userId: string): Promise<void> {
    if (userId === actor.userId) throw ValidationError.of('id', 'is yourself');
    await this.change(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      const [target] = await this.repository.find([userId], tx);
      if (!target) throw new UserNotFound();
      await this.blocks.block(tx, actor.userId, userId);
    });
    this.events.publish(new UserBlocked(userId));
  }

  async unblock(actor: Actor, userId: string): Promise<void> {
    await this.change(actor.userId, async (tx) => {
      await this.policy.requireActive(tx, actor);
      await this.blocks.unblock(tx, actor.userId, userId);
    });
  }

  async listBlockedUsers(actor: Actor, query: UserPageQueryDto): Promise<Page<UserDto>> {
    const page = toUserPage(query);
    return this.presentPage(await this.blocks.findBlockedUsers(actor.userId, page), page, actor);
  }

  /** Presents users to a viewer, in the given order. */
  async present(users: UserRow[], viewer: Viewer): Promise<UserDto[]> {
    const presences = await this.presence.find(
      viewer.userId,
      users.map(({ id }) => id),
    );
    return users.map((user) => presentUser(user, viewer, presences.get(user.id)));
  }

  /** Presents each user as they see themselves, in the given order. */
  async presentToSelf(users: UserRow[]): Promise<UserDto[]> {
    const presences = await this.presence.findAsSeenBySelf(users.map(({ id }) => id));
    return users.map((user) => presentUser(user, { userId: user.id, role: user.role }, presences.get(user.id)));
  }

  private async presentPage(rows: UserRow[], page: UserPageRequest, viewer: Actor): Promise<Page<UserDto>> {
    const byId = new Map((await this.present(rows.slice(0, page.limit), viewer)).map((user) => [user.id, user]));
    // Lists include no emails and private data, not even for viewers who may see those of a single user.
    const present = ({ id }: UserRow): UserDto => withoutPrivateData(byId.get(id)!);
    return toPage(rows, page.limit, present, ({ username }) => [username]);
  }

  private async change(userId: string, work: (tx: StreamTransaction) => Promise<void>): Promise<void> {
    const streamExists = await this.log.write(userId, async (tx) => {
      await work(tx);
      return true;
    });
    if (!streamExists) throw new UserNotFound();
  }
}

/** What a token of the host states about its user; undefined fields are unchanged. */
export interface UserClaims extends Pick<ProfileChanges, 'displayName' | 'avatarUrl'> {
  readonly role?: Extract<SystemRole, 'user' | 'teacher' | 'student'>;
}

function changedClaims(user: UserRow, { role, displayName, avatarUrl }: UserClaims): UserClaims {
  const isStaff = user.role === 'admin' || user.role === 'moderator';
  return {
    role: isStaff || role === user.role ? undefined : role,
    displayName: displayName === user.display_name ? undefined : displayName,
    avatarUrl: avatarUrl === user.avatar_url ? undefined : avatarUrl,
  };
}

/** User name and email, by which a login finds the account; undefined fields are unchanged. */
export interface LoginIdentifiers {
  readonly username?: string;
  readonly email?: string;
}

function toUserPage({ limit = DEFAULT_PAGE_SIZE, cursor }: UserPageQueryDto): UserPageRequest {
  if (cursor === undefined) return { after: '', limit };
  const [after] = decodeCursor(cursor, ['word']) as [string];
  if (!USERNAME_PATTERN.test(after)) throw ValidationError.of('cursor', 'is not a cursor of this list');
  return { after, limit };
}

function withoutPrivateData({ email: _email, metadata, ...user }: UserDto): UserDto {
  return { ...user, metadata: { public: metadata.public } };
}

/** The user for whom another user is presented. */
export interface Viewer {
  readonly userId: string;
  readonly role: SystemRole;
}

/** A user as `viewer` may see them. Every field is named here, so that a new column is not exposed by accident. */
function presentUser(user: UserRow, viewer: Viewer, presence?: UserPresence): UserDto {
  const seesAccount = viewer.userId === user.id || viewer.role === 'admin';
  return {
    id: user.id,
    username: user.username,
    display_name: user.display_name,
    avatar_url: user.avatar_url,
    ...(seesAccount ? { email: user.email, external_id: user.external_id } : {}),
    ...(viewer.role === 'admin' ? { is_deactivated: user.is_deactivated } : {}),
    status: presence?.status ?? 'offline',
    last_seen: presence?.lastSeen?.toISOString() ?? null,
    profile: { bio: user.bio, avatar_url: user.avatar_url, location: user.location },
    metadata: { public: user.public_metadata, ...(seesAccount ? { private: user.private_metadata } : {}) },
    role: user.role,
    created_at: user.created_at.toISOString(),
  };
}
