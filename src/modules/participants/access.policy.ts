import type { Actor, SystemRole } from '../../platform/identity/actor.js';
import { isServer, SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { CAPABILITIES, type Capability } from './capabilities.constants.js';
import { ABOVE_ALL, type ConversationType, type ParticipantRole, rankIn, rankOf } from './participant-roles.js';
import type { AccessRow } from './participants.repository.js';

export type { AccessRow } from './participants.repository.js';

/** The settings that decide rights in a conversation, with defaults for those that were never set. */
export interface ConversationSettings {
  readonly is_private: boolean;
  readonly allow_invites: boolean;
  /** Seconds between two messages of one participant; 0: none. */
  readonly slow_mode_seconds: number;
  readonly is_frozen: boolean;
  /** Every participant may mention all others at once. */
  readonly allow_mention_all: boolean;
  /** System messages count as unread. */
  readonly count_system_messages: boolean;
}

/** The rights of an actor in a conversation. */
export interface Access {
  readonly conversationId: string;
  readonly type: ConversationType;
  readonly settings: ConversationSettings;
  /** Created by the server itself (the room `general`): it cannot be deleted. */
  readonly isSystemOwned: boolean;
  /** Neither the server nor the host's backend created it: it has an owner as long as it has participants. */
  readonly needsOwner: boolean;
  /** Whether the actor has created the conversation. */
  readonly isCreator: boolean;
  /** Undefined if the actor is not, or no longer, a participant. */
  readonly role: ParticipantRole | undefined;
  /** By participant role and system role, see `rankIn`; 0 without either. */
  readonly rank: number;
  readonly isSystemAdmin: boolean;
  /** The actor is the host's backend: it has every right, also in direct conversations, and none of the duties. */
  readonly isServer: boolean;
}

/**
 * The rights of an actor who is a participant, called a member, or of the host's backend, which needs no membership and
 * has no role.
 */
export interface Membership extends Access {
  readonly isMuted: boolean;
  /** Neither a moderator of the conversation nor of the system. */
  readonly isRestricted: boolean;
  /** In a direct conversation: the other user has blocked the actor. */
  readonly isBlocked: boolean;
  /** The conversation is frozen, and the actor is neither a moderator of it nor of the system. */
  readonly isBlockedByFreeze: boolean;
  /** Seconds between two posts of the actor; 0 if slow mode does not apply to them. */
  readonly slowModeSeconds: number;
  readonly joinedSeq: number;
  /** Messages above it are unread for the actor. */
  readonly lastReadNumber: number;
  readonly lastDeliveredNumber: number;
}

/** System roles that may moderate every room. */
export const SYSTEM_MODERATOR_ROLES: ReadonlySet<SystemRole> = new Set(['moderator', 'admin']);

/** The stored settings, with defaults for those that were never set. */
export function settingsOf(type: ConversationType, stored: Record<string, unknown>): ConversationSettings {
  return {
    is_private: typeof stored.is_private === 'boolean' ? stored.is_private : type !== 'room',
    allow_invites: stored.allow_invites === true,
    slow_mode_seconds: typeof stored.slow_mode_seconds === 'number' ? stored.slow_mode_seconds : 0,
    is_frozen: stored.is_frozen === true,
    allow_mention_all: stored.allow_mention_all === true,
    count_system_messages: stored.count_system_messages === true,
  };
}

/** What of an actor decides their rights. */
type Reader = Pick<Actor, 'userId' | 'role' | 'serverKey'>;

/** The rights that a row describes: those of a member, if the actor is one. */
export function accessOf(conversationId: string, row: AccessRow, actor: Reader): Access | Membership {
  return toMembership(conversationId, row, actor) ?? toAccess(conversationId, row, actor);
}

export function toAccess(conversationId: string, row: AccessRow, actor: Reader): Access {
  const role = row.is_member ? (row.role ?? undefined) : undefined;
  const isOfServer = isServer(actor);
  return {
    conversationId,
    type: row.type,
    settings: settingsOf(row.type, row.settings),
    isSystemOwned: row.created_by === null,
    needsOwner: row.created_by !== null && row.created_by !== SYSTEM_USER_ID,
    isCreator: row.created_by === actor.userId,
    role,
    rank: isOfServer ? ABOVE_ALL : rankIn(row.type, role, actor.role),
    isSystemAdmin: isOfServer || actor.role === 'admin',
    isServer: isOfServer,
  };
}

export function toMembership(conversationId: string, row: AccessRow, actor: Reader): Membership | undefined {
  const access = toAccess(conversationId, row, actor);
  if (access.role === undefined && !access.isServer) return undefined;
  const isRestricted = access.role === 'participant' && !SYSTEM_MODERATOR_ROLES.has(actor.role);
  return {
    ...access,
    isMuted: row.is_muted ?? false,
    isRestricted,
    isBlocked: row.is_blocked,
    isBlockedByFreeze: access.settings.is_frozen && isRestricted,
    slowModeSeconds: isRestricted ? access.settings.slow_mode_seconds : 0,
    joinedSeq: row.joined_seq ?? 0,
    lastReadNumber: row.last_read_number ?? 0,
    lastDeliveredNumber: row.last_delivered_number ?? 0,
  };
}

/** Whether the actor is at least a moderator, by any role; there are none in direct conversations. */
export function canModerate({ isServer, type, rank }: Access): boolean {
  return isServer || (type !== 'direct' && rank >= rankOf('moderator'));
}

/** Whether the actor has at least the rank of an admin. */
export function canAdminister({ isServer, type, rank }: Access): boolean {
  return isServer || (type !== 'direct' && rank >= rankOf('admin'));
}

/** Whether every user may join, and so read. */
export function isOpenToAll({ type, settings }: Access): boolean {
  return type === 'room' && !settings.is_private;
}

/** The owner and system admins may delete a conversation, except one that the server itself created. */
export function canDelete({ isSystemOwned, role, isSystemAdmin }: Access): boolean {
  return !isSystemOwned && (role === 'owner' || isSystemAdmin);
}

/** The capabilities of an actor, in the order of `CAPABILITIES`. Rate limits and slow mode are not among them. */
export function capabilitiesOf(access: Access | Membership): Capability[] {
  const membership = isMembership(access) ? access : undefined;
  const isMember = membership !== undefined;
  const isDirect = access.type === 'direct';
  const mayPost = isMember && !membership.isMuted && !membership.isBlocked && !membership.isBlockedByFreeze;
  const moderates = canModerate(access);
  const changesRoles = !isDirect && canAdminister(access);
  const may: Record<Capability, boolean> = {
    send_message: mayPost,
    mention_all: mayPost && (isDirect || !membership.isRestricted || access.settings.allow_mention_all),
    upload_file: isMember,
    react: mayPost,
    edit_own: mayPost,
    delete_own: isMember,
    delete_any: isMember && moderates,
    pin: mayPost && (isDirect || moderates),
    invite: !isDirect && (moderates || (access.role !== undefined && access.settings.allow_invites)),
    mute: !isDirect && moderates,
    ban: !isDirect && moderates,
    remove: !isDirect && moderates,
    change_role: changesRoles,
    transfer_ownership: changesRoles && access.rank >= rankOf('owner'),
    update: !isDirect && moderates,
    update_retention: changesRoles,
    delete: canDelete(access),
    join: access.role === undefined && !access.isServer && isOpenToAll(access),
    leave: access.role !== undefined && !isDirect,
  };
  return CAPABILITIES.filter((capability) => may[capability]);
}

function isMembership(access: Access): access is Membership {
  return 'isMuted' in access;
}
