import type { SystemRole } from '../../platform/identity/actor.js';

export const PARTICIPANT_ROLES = ['owner', 'admin', 'moderator', 'participant'] as const;
export type ParticipantRole = (typeof PARTICIPANT_ROLES)[number];

export const CONVERSATION_TYPES = ['direct', 'group', 'room'] as const;
export type ConversationType = (typeof CONVERSATION_TYPES)[number];

const RANKS: Record<ParticipantRole, number> = { owner: 4, admin: 3, moderator: 2, participant: 1 };
/** The rank of system admins, and of the host's backend. */
export const ABOVE_ALL = 5;

export function rankOf(role: ParticipantRole): number {
  return RANKS[role];
}

/**
 * The rank of a user in a conversation: of the participant role or of the system role, whichever is higher.
 * A system admin ranks above all participants in groups and rooms, and a system moderator is a moderator of every room,
 * both without being participants. That is a right to moderate, never to read: see `ParticipantsPolicy.requireMember`.
 * In a direct conversation a user who is not a participant has no rank.
 */
export function rankIn(type: ConversationType, role: ParticipantRole | undefined, systemRole: SystemRole): number {
  const own = role === undefined ? 0 : RANKS[role];
  if (type === 'direct') return own;
  if (systemRole === 'admin') return ABOVE_ALL;
  if (systemRole === 'moderator' && type === 'room') return Math.max(own, RANKS.moderator);
  return own;
}

/**
 * Whether `rank` may mute or remove a participant of `targetRole`: moderators and above may, and only those below them.
 */
export function mayModerate(rank: number, targetRole: ParticipantRole): boolean {
  return rank >= RANKS.moderator && rank > RANKS[targetRole];
}

/**
 * Whether `rank` may change the role `from` into `to`. Only admins and owners assign roles, only to participants below
 * them, and none above their own. Assigning `owner` transfers the ownership, so only the owner may.
 */
export function mayChangeRole(rank: number, from: ParticipantRole, to: ParticipantRole): boolean {
  return rank >= RANKS.admin && rank > RANKS[from] && rank >= RANKS[to];
}
