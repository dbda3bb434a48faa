import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import { PermissionDenied } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { isGuest } from '../users/guest.constants.js';
import { isServer, SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { UserNotFound } from '../users/users.errors.js';
import { presentMute, renderParticipantEvent, type ParticipantPayload } from './participant-presenter.js';
import { type AnnouncedChange, ChangeAnnouncements } from './change-announcements.service.js';
import { settingsOf, typeSettingsOf } from './conversation-settings.policy.js';
import { InvitationRequired } from './invitations/invitations.errors.js';
import { InvitationsRepository } from './invitations/invitations.repository.js';
import { JoinRequestsRepository } from './join-requests/join-requests.repository.js';
import { TooManyParticipants } from './participants.errors.js';
import { CONVERSATION_ADDED, PARTICIPANT_JOINED } from './participants.events.js';
import type { ParticipantRole } from './participant-roles.js';
import { type CandidateRow, CandidatesRepository } from './candidates.repository.js';
import { ParticipantsRepository } from './participants.repository.js';

/** A user to be added, and their role. */
export interface NewParticipant {
  readonly userId: string;
  readonly role: ParticipantRole;
}

/**
 * Whose blocks and consent count against those who are added: the user who adds them or, if they have asked to join, they
 * themselves.
 */
type Consenting = Pick<Actor, 'userId' | 'serverKey'>;

/**
 * The only way to become a participant: when a conversation is created, by invitation, or by joining. For each new
 * participant there is one event in the conversation, unless `member_events` is off, and one on their own stream with the
 * position from which on they receive the conversation.
 */
@Injectable()
export class AddParticipants {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly candidates: CandidatesRepository,
    private readonly invitations: InvitationsRepository,
    private readonly joinRequests: JoinRequestsRepository,
    private readonly announcements: ChangeAnnouncements,
  ) {}

  /**
   * Adds the users; existing participants are unchanged. Only under the lock of the conversation.
   * Returns the number of new participants.
   * @throws UserNotFound for unknown, deleted and banned users and for guests, PermissionDenied across a block and for
   *   users who are banned from the conversation, InvitationRequired, TooManyParticipants
   */
  addAll(tx: StreamTransaction, actor: Actor, additions: NewParticipant[]): Promise<number> {
    return this.add(tx, { actor, consenting: actor }, additions);
  }

  /**
   * Admits a user who has asked to join, by a decision of the actor. Only under the lock of the conversation.
   * @throws UserNotFound, PermissionDenied for a user who is banned from the conversation, TooManyParticipants
   */
  async admit(tx: StreamTransaction, actor: Actor, userId: string): Promise<void> {
    await this.add(tx, { actor, consenting: { userId } }, [{ userId, role: 'participant' }]);
  }

  /** The number of participants of an existing conversation. */
  async count(tx: StreamTransaction): Promise<number> {
    return (await this.candidates.findDestination(tx, tx.head.streamId)).count;
  }

  private async add(
    tx: StreamTransaction,
    { actor, consenting }: { actor: Actor; consenting: Consenting },
    additions: NewParticipant[],
  ): Promise<number> {
    const conversationId = tx.head.streamId;
    const candidates = await this.requireAddable(tx, consenting, additions.map(idOf));
    const joining = additions.filter(({ userId }) => !candidates.get(userId)!.is_member);
    if (joining.length === 0) return 0;
    const { count, type, settings, type_settings } = await this.candidates.findDestination(tx, conversationId);
    const { participants_max: limit } = typeSettingsOf(type, type_settings);
    if (count + joining.length > limit) throw new TooManyParticipants(limit);
    const hasEvents = settingsOf(type, settings, type_settings).member_events;

    const { lastNumber } = tx.head;
    const hiddenToAll = await this.candidates.hiddenToNewParticipants(tx, conversationId, lastNumber);
    const hiddenUpTo = (userId: string): number => Math.max(hiddenToAll, candidates.get(userId)!.hidden_up_to_number);
    const joinedSeqs = new Map<string, number>();
    for (const { userId, role } of joining)
      joinedSeqs.set(
        userId,
        this.announceJoined(tx, actor, candidates.get(userId)!, { role, hasEvents, hiddenUpTo: hiddenUpTo(userId) }),
      );
    await this.repository.insert(
      tx,
      conversationId,
      joining.map(({ userId, role }) => ({ user_id: userId, role, joined_seq: joinedSeqs.get(userId)! })),
      { ...tx.head, hiddenUpTo: hiddenToAll },
    );
    await tx.appendToOthers([...joinedSeqs.keys()], (userId) => ({
      type: CONVERSATION_ADDED,
      actorId: actor.userId,
      subjectId: conversationId,
      payload: {
        since_seq: joinedSeqs.get(userId)!,
        ...(hiddenUpTo(userId) > 0 && { hidden_up_to_number: hiddenUpTo(userId) }),
      },
    }));
    // Checks again under the locks of their streams: an account that was deleted, banned or blocked since is rejected.
    await this.requireAddable(tx, consenting, joining.map(idOf));
    const isNew = tx.head.lastSeq === 0; // no user was invited or has asked, and the first ones are not announced
    if (!isNew) {
      const ids = [...joinedSeqs.keys()];
      await this.invitations.deleteOfJoined(tx, conversationId, ids);
      await this.joinRequests.deleteOfJoined(tx, conversationId, ids);
      await this.announcements.announce(tx, announcementOf(actor, ids));
    }
    return joining.length;
  }

  /**
   * Returns the position from which on the user receives the conversation. Without events about members it is that of
   * the next event: the user alone learns of it, on their own stream, and webhooks do.
   */
  private announceJoined(
    tx: StreamTransaction,
    actor: Actor,
    candidate: CandidateRow,
    { role, hasEvents, hiddenUpTo }: { role: ParticipantRole; hasEvents: boolean; hiddenUpTo: number },
  ): number {
    const payload: ParticipantPayload = {
      role,
      ...presentMute(candidate),
      joined_at: tx.head.at.toISOString(),
      prev: candidate.left_seq ?? 0,
      ...(hiddenUpTo > 0 && { hidden_up_to_number: hiddenUpTo }),
    };
    const event = { type: PARTICIPANT_JOINED, actorId: actor.userId, subjectId: candidate.user_id, payload };
    if (hasEvents) return tx.append({ ...event, content: renderParticipantEvent(event, candidate) });
    tx.publishExternal(event);
    return tx.nextSeq;
  }

  private async requireAddable(
    tx: StreamTransaction,
    consenting: Consenting,
    ids: string[],
  ): Promise<Map<string, CandidateRow>> {
    const candidates = await this.requireInvitable(tx, consenting, ids);
    const isRefused = ({ user_id: id, requires_invitation, is_member }: CandidateRow): boolean =>
      requires_invitation && !is_member && id !== consenting.userId && !isServer(consenting);
    if ([...candidates.values()].some(isRefused)) throw new InvitationRequired();
    return candidates;
  }

  /**
   * The users, if the actor may invite each of them to the locked conversation.
   * @throws UserNotFound, PermissionDenied, as `addAll`
   */
  async requireInvitable(
    tx: StreamTransaction,
    { userId }: Consenting,
    ids: string[],
  ): Promise<Map<string, CandidateRow>> {
    const rows = await this.candidates.find(tx, tx.head.streamId, ids, userId);
    const candidates = new Map(rows.map((row) => [row.user_id, row]));
    for (const id of ids) {
      const row = candidates.get(id);
      // All guests share one account: adding it to a conversation would open the conversation to everyone.
      const isBuiltIn = isGuest({ userId: id }) || id === SYSTEM_USER_ID;
      if (!row || row.is_banned || isBuiltIn) throw new UserNotFound();
      if (row.is_banned_here) throw new PermissionDenied('This user is banned from this conversation.');
      if (row.is_blocked) throw new PermissionDenied('You cannot start a conversation with this user.');
    }
    return candidates;
  }
}

function idOf({ userId }: NewParticipant): string {
  return userId;
}

function announcementOf({ userId: actorId }: Actor, ids: readonly string[]): AnnouncedChange {
  const hasJoined = ids.length === 1 && ids[0] === actorId;
  return { action: hasJoined ? 'participant.joined' : 'participant.added', ids, actorId };
}
