import type { SystemRole } from '../../platform/http/actor.js';

export const PARTICIPANT_ROLES = ['owner', 'admin', 'moderator', 'participant'] as const;
export type ParticipantRole = (typeof PARTICIPANT_ROLES)[number];

export const CONVERSATION_TYPES = ['direct', 'group', 'room'] as const;
export type ConversationType = (typeof CONVERSATION_TYPES)[number];

const RANKS: Record<ParticipantRole, number> = { owner: 4, admin: 3, moderator: 2, participant: 1 };
const ABOVE_ALL = 5;

export function rankOf(role: ParticipantRole): number {
  return RANKS[role];
}

/**
 * How high somebody stands in a conversation: by the role there, or by the system role, whichever is higher.
 * A system admin stands above everybody in groups and rooms, and a system moderator is a moderator of every room, both
 * without taking part. That is a right to keep order, never to read: see `ParticipantsPolicy.requireMember`.
 * Nobody from outside has any rank in a direct conversation.
 */
export function rankIn(type: ConversationType, role: ParticipantRole | undefined, systemRole: SystemRole): number {
  const own = role === undefined ? 0 : RANKS[role];
  if (type === 'direct') return own;
  if (systemRole === 'admin') return ABOVE_ALL;
  if (systemRole === 'moderator' && type === 'room') return Math.max(own, RANKS.moderator);
  return own;
}

/**
 * Whether `rank` may mute or remove somebody of `targetRole`: only who stands below, and only from moderator upwards.
 */
export function mayModerate(rank: number, targetRole: ParticipantRole): boolean {
  return rank >= RANKS.moderator && rank > RANKS[targetRole];
}

/**
 * Whether `rank` may turn `from` into `to`: only admins and owners give roles, only to who stands below them, and none
 * above their own. Giving away `owner` passes the ownership on, so it takes the owner.
 */
export function mayChangeRole(rank: number, from: ParticipantRole, to: ParticipantRole): boolean {
  return rank >= RANKS.admin && rank > RANKS[from] && rank >= RANKS[to];
}
