import type { Actor, SystemRole } from '../../platform/identity/actor.js';
import { isServer, SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { CAPABILITIES, type Capability } from './capabilities.constants.js';
import type { StoredSettings } from './conversation-settings.constants.js';
import { type ConversationSettings, settingsOf } from './conversation-settings.policy.js';
import { ABOVE_ALL, type ConversationType, type ParticipantRole, rankIn, rankOf } from './participant-roles.js';
import type { AccessRow } from './participants.repository.js';

export type { AccessRow } from './participants.repository.js';

/** The rights of an actor in a conversation. */
export interface Access {
  readonly conversationId: string;
  readonly type: ConversationType;
  readonly settings: ConversationSettings;
  /** As stored for the conversation type. */
  readonly typeSettings: StoredSettings | null;
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
  /** The actor has at least the role that may write here, or a system role. */
  readonly hasSendRole: boolean;
  /** The conversation is frozen, and the actor is neither a moderator of it nor of the system. */
  readonly isBlockedByFreeze: boolean;
  /** Seconds between two posts of the actor; 0 if slow mode does not apply to them. */
  readonly slowModeSeconds: number;
  readonly joinedSeq: number;
  /** Messages above it are unread for the actor. */
  readonly lastReadNumber: number;
  readonly lastDeliveredNumber: number;
  /** The actor sees no message up to this one. */
  readonly hiddenUpToNumber: number;
  /** Whether the actor may have deleted messages for themselves. */
  readonly hasHiddenMessages: boolean;
}

/** System roles that may moderate every room. */
export const SYSTEM_MODERATOR_ROLES: ReadonlySet<SystemRole> = new Set(['moderator', 'admin']);

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
    settings: settingsOf(row.type, row.settings, row.type_settings),
    typeSettings: row.type_settings,
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
    hasSendRole:
      access.rank >= rankOf(access.settings.send_role) || SYSTEM_MODERATOR_ROLES.has(actor.role) || access.isServer,
    isBlockedByFreeze: access.settings.is_frozen && isRestricted,
    slowModeSeconds: isRestricted ? access.settings.slow_mode_seconds : 0,
    joinedSeq: row.joined_seq ?? 0,
    lastReadNumber: row.last_read_number ?? 0,
    lastDeliveredNumber: row.last_delivered_number ?? 0,
    hiddenUpToNumber: row.hidden_up_to_number ?? 0,
    hasHiddenMessages: row.has_hidden_messages ?? false,
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

/** Whether the actor has a role that may pin. */
export function mayPin({ isServer, rank, settings }: Access): boolean {
  return isServer || rank >= rankOf(settings.pin_role);
}

/** Whether the actor has a role that may add participants. */
export function mayInvite({ isServer, rank, settings }: Access): boolean {
  return isServer || rank >= rankOf(settings.invite_role);
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
  const mayWrite = mayPost && membership.hasSendRole;
  const { settings } = access;
  const moderates = canModerate(access);
  const changesRoles = !isDirect && canAdminister(access);
  const may: Record<Capability, boolean> = {
    send_message: mayWrite,
    mention_all:
      mayWrite && settings.mention_all && (isDirect || !membership.isRestricted || settings.allow_mention_all),
    upload_file: isMember && membership.hasSendRole && settings.uploads,
    react: mayPost && settings.reactions,
    edit_own: mayWrite,
    delete_own: isMember,
    delete_any: isMember && moderates,
    pin: mayPost && mayPin(access),
    invite: !isDirect && mayInvite(access),
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
