import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, type Page, toPage } from '../../../platform/pagination/page.js';
import { throwProblems } from '../../../platform/validation/input-rules.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { AddParticipants } from '../add-participants.js';
import { PARTICIPANTS_MAX } from '../conversation-settings.policy.js';
import { LockedConversations } from '../locked-conversations.js';
import { TooManyParticipants } from '../participants.errors.js';
import { ParticipantsPolicy } from '../participants.policy.js';
import { type EndedPayload, presentInvitation } from './invitation-events.js';
import {
  type InvitationDto,
  type InvitationListDto,
  type InvitationSettingsDto,
  type InviteDto,
  type ListInvitationsQuery,
  problemsOfInvite,
} from './invitations.dto.js';
import { InvitationNotFound } from './invitations.errors.js';
import { INVITATION_CREATED, INVITATION_ENDED, type InvitationOutcome } from './invitations.events.js';
import { type InvitationRow, InvitationsRepository } from './invitations.repository.js';

const LIFETIME_MS = 30 * 24 * 3600 * 1000;

/**
 * Invitations to groups and rooms. An invited user sees the summary of the conversation, and nothing of what is said in
 * it, until they accept. Each change is written under the lock of the conversation, with an event of the user's own
 * stream. An invitation ends without such an event when it expires, when the conversation is deleted, and when the user
 * is added, which `conversation.added` announces to them.
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly repository: InvitationsRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly users: UsersPolicy,
    private readonly additions: AddParticipants,
    private readonly conversations: LockedConversations,
    private readonly log: EventLog,
  ) {}

  /**
   * Invites users, for those who may add participants. Users who take part or have an open invitation are unchanged.
   * Returns the open invitations of these users.
   * @throws ValidationError, ConversationNotFound, PermissionDenied, DirectConversationFixed, UserNotFound,
   *   TooManyParticipants
   */
  async invite(actor: Actor, conversationId: string, dto: InviteDto): Promise<InvitationListDto> {
    throwProblems(problemsOfInvite(dto));
    const userIds = [...new Set(dto.user_ids)];
    return this.conversations.change(actor, conversationId, async (tx, access) => {
      this.policy.requireMayInvite(access);
      await this.additions.requireInvitable(tx, actor, userIds);
      const at = tx.head.at;
      const expiresAt = dto.expires_at ? new Date(dto.expires_at) : new Date(at.getTime() + LIFETIME_MS);
      const invitations = userIds.map((user_id) => ({ id: newId(), user_id }));
      const context = { conversationId, invitedBy: actor.userId, at, expiresAt };
      const created = await this.repository.insert(tx, invitations, context);
      if ((await this.repository.count(tx, conversationId)) > PARTICIPANTS_MAX)
        throw new TooManyParticipants(PARTICIPANTS_MAX);
      const idOf = new Map(created.map(({ user_id, id }) => [user_id, id]));
      await tx.appendToOthers([...idOf.keys()], (userId) => ({
        type: INVITATION_CREATED,
        actorId: actor.userId,
        subjectId: idOf.get(userId)!,
      }));
      return { data: (await this.repository.findOfUsers(tx, conversationId, userIds)).map(presentInvitation) };
    });
  }

  /** The open invitations to a conversation, for those who may invite; the newest first. @throws as `invite` */
  async listOf(actor: Actor, conversationId: string, query: ListInvitationsQuery): Promise<Page<InvitationDto>> {
    const access = await this.policy.loadAccess(actor, conversationId);
    this.policy.requireNotDirect(access);
    this.policy.requireMayInvite(access);
    return this.page({ conversationId }, query);
  }

  /** The actor's own open invitations, the newest first. */
  listOwn({ userId }: Actor, query: ListInvitationsQuery): Promise<Page<InvitationDto>> {
    return this.page({ userId }, query);
  }

  /** Withdraws the invitation of a user; without one it has no effect. @throws as `invite` */
  async withdraw(actor: Actor, conversationId: string, userId: string): Promise<void> {
    await this.conversations.change(actor, conversationId, async (tx, access) => {
      this.policy.requireMayInvite(access);
      await this.end(tx, { actor, userId, outcome: 'withdrawn' });
    });
  }

  /**
   * The actor becomes a participant, under the rules of that moment.
   * @throws InvitationNotFound, PermissionDenied for a user who was banned from the conversation, TooManyParticipants
   */
  async accept(actor: Actor, id: string): Promise<void> {
    await this.answer(actor, id, async (tx) => {
      await this.end(tx, { actor, userId: actor.userId, outcome: 'accepted' });
      await this.additions.addAll(tx, actor, [{ userId: actor.userId, role: 'participant' }]);
    });
  }

  /** @throws InvitationNotFound */
  async decline(actor: Actor, id: string): Promise<void> {
    await this.answer(actor, id, (tx) => this.end(tx, { actor, userId: actor.userId, outcome: 'declined' }));
  }

  async settings({ userId }: Actor): Promise<InvitationSettingsDto> {
    return { requires_invitation: await this.repository.requiresInvitation(userId) };
  }

  async setSettings(
    actor: Actor,
    { requires_invitation: isRequired }: InvitationSettingsDto,
  ): Promise<InvitationSettingsDto> {
    // Under the lock of the user's stream, as additions check it: none that begins later adds the user.
    await this.log.write(actor.userId, async (tx) => {
      await this.users.requireActive(tx, actor);
      await this.repository.setRequiresInvitation(tx, actor.userId, isRequired);
    });
    return { requires_invitation: isRequired };
  }

  private async page(
    of: { userId: string } | { conversationId: string },
    { limit = DEFAULT_PAGE_SIZE, cursor }: ListInvitationsQuery,
  ): Promise<Page<InvitationDto>> {
    const [after] = cursor === undefined ? [null] : (decodeCursor(cursor, ['uuid']) as [string]);
    const rows = await this.repository.page(of, after, limit + 1);
    return toPage(rows, limit, presentInvitation, ({ id }) => [id]);
  }

  /** Finds the actor's open invitation again under the lock of its conversation. */
  private async answer(actor: Actor, id: string, work: (tx: StreamTransaction) => Promise<void>): Promise<void> {
    const { conversation_id: conversationId } = ownOrThrow(await this.repository.find([id]), actor);
    await this.log.write(conversationId, async (tx) => {
      await this.users.requireActive(tx, actor);
      ownOrThrow(await this.repository.find([id], tx), actor);
      await work(tx);
    });
  }

  private async end(
    tx: StreamTransaction,
    { actor, userId, outcome }: { actor: Actor; userId: string; outcome: InvitationOutcome },
  ): Promise<void> {
    const conversationId = tx.head.streamId;
    const id = await this.repository.delete(tx, conversationId, userId);
    if (id === undefined) return;
    const payload: EndedPayload = { conversation_id: conversationId, outcome };
    await tx.appendToOthers([userId], () => ({
      type: INVITATION_ENDED,
      actorId: actor.userId,
      subjectId: id,
      payload,
    }));
  }
}

function ownOrThrow([row]: InvitationRow[], { userId }: Actor): InvitationRow {
  if (row?.user_id !== userId) throw new InvitationNotFound();
  return row;
}
