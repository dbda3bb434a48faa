import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import type { StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, type Page, toPage } from '../../../platform/pagination/page.js';
import type { Queryable } from '../../../platform/database/sql.js';
import { cleanName } from '../../../platform/validation/text.js';
import { type Access, mayInvite } from '../access.policy.js';
import { AddParticipants } from '../add-participants.js';
import type { ListInvitationsQuery } from '../invitations/invitations.dto.js';
import { LockedConversations } from '../locked-conversations.js';
import { ParticipantsPolicy } from '../participants.policy.js';
import { JoinRequestChanges } from './join-request-changes.js';
import { presentJoinRequest } from './join-request-events.js';
import type { AskToJoinDto, JoinRequestDto } from './join-requests.dto.js';
import { JoinRequestNotFound, JoinRequestNotNeeded, TooManyJoinRequests } from './join-requests.errors.js';
import { type JoinRequestRow, JoinRequestsRepository } from './join-requests.repository.js';

const LIFETIME_MS = 30 * 24 * 3600 * 1000;
/** Open requests of one user. */
const OF_USER_MAX = 50;
/** Open requests to one conversation. */
const OF_CONVERSATION_MAX = 1000;

/**
 * Requests of users to take part in a private group or room that accepts them (`settings.join_requests`). Each change is
 * written under the lock of the conversation, so of two decisions the first applies. A request ends without an event of
 * its own when the user becomes a participant in another way, and with the conversation.
 */
@Injectable()
export class JoinRequestsService {
  constructor(
    private readonly repository: JoinRequestsRepository,
    private readonly changes: JoinRequestChanges,
    private readonly policy: ParticipantsPolicy,
    private readonly additions: AddParticipants,
    private readonly conversations: LockedConversations,
  ) {}

  /**
   * Asks to join. A user has one open request to a conversation: a repetition returns it unchanged.
   * @throws ConversationNotFound, PermissionDenied to users who are banned from the conversation and where requests are
   *   not accepted, JoinRequestNotNeeded, TooManyJoinRequests
   */
  async ask(actor: Actor, conversationId: string, { message = '' }: AskToJoinDto): Promise<JoinRequestDto> {
    return this.conversations.change(actor, conversationId, async (tx, access) => {
      this.requireMayAsk(access);
      await this.additions.requireInvitable(tx, actor, [actor.userId]);
      const isNew = await this.changes.open(tx, {
        id: newId(),
        conversation_id: conversationId,
        user_id: actor.userId,
        message: cleanName(message),
        created_at: tx.head.at,
        expires_at: new Date(tx.head.at.getTime() + LIFETIME_MS),
      });
      // After the lock of the user's stream, so that requests to several conversations at once are all counted.
      if (isNew) await this.requireWithinLimits(tx, actor.userId);
      return presentJoinRequest((await this.repository.findOfUser(tx, conversationId, actor.userId))!);
    });
  }

  /** The actor's own open requests, the newest first. */
  listOwn({ userId }: Actor, query: ListInvitationsQuery): Promise<Page<JoinRequestDto>> {
    return this.page({ userId }, query);
  }

  /**
   * The open requests to a conversation, the newest first, for those who may decide: participants who may add others,
   * and the host's backend. @throws ConversationNotFound, PermissionDenied, DirectConversationFixed
   */
  async listOf(actor: Actor, conversationId: string, query: ListInvitationsQuery): Promise<Page<JoinRequestDto>> {
    const access = await this.policy.loadAccess(actor, conversationId);
    this.policy.requireNotDirect(access);
    if (!mayDecide(access)) this.policy.deny();
    return this.page({ conversationId }, query);
  }

  /** @throws JoinRequestNotFound for requests of others, too */
  async withdraw(actor: Actor, id: string): Promise<void> {
    const { userId } = actor;
    await this.change(actor, id, async (tx, _access, request) => {
      if (request.user_id !== userId) throw new JoinRequestNotFound();
      await this.changes.end(tx, { actorId: userId, userId, outcome: 'withdrawn' });
    });
  }

  /**
   * The user becomes a participant, under the rules of that moment. They have asked, and the actor has agreed: so
   * neither blocks nor `requires_invitation` stand against it, but a ban does.
   * @throws JoinRequestNotFound, UserNotFound, PermissionDenied, TooManyParticipants
   */
  async approve(actor: Actor, id: string): Promise<void> {
    await this.change(actor, id, async (tx, access, { user_id: userId }) => {
      if (!mayDecide(access)) throw new JoinRequestNotFound();
      await this.changes.end(tx, { actorId: actor.userId, userId, outcome: 'approved' });
      await this.additions.admit(tx, actor, userId);
      this.policy.auditModeration(tx, actor, access, { action: 'join_request.approve', after: { user_id: userId } });
    });
  }

  /** @throws JoinRequestNotFound */
  async decline(actor: Actor, id: string): Promise<void> {
    await this.change(actor, id, async (tx, access, { user_id: userId }) => {
      if (!mayDecide(access)) throw new JoinRequestNotFound();
      await this.changes.end(tx, { actorId: actor.userId, userId, outcome: 'declined' });
      this.policy.auditModeration(tx, actor, access, { action: 'join_request.decline', after: { user_id: userId } });
    });
  }

  /** Finds the open request again under the lock of its conversation. */
  private async change(
    actor: Actor,
    id: string,
    work: (tx: StreamTransaction, access: Access, request: JoinRequestRow) => Promise<void>,
  ): Promise<void> {
    const { conversation_id: conversationId } = await this.requireOpen(id);
    await this.conversations.change(actor, conversationId, async (tx, access) =>
      work(tx, access, await this.requireOpen(id, tx)),
    );
  }

  private async requireOpen(id: string, tx?: Queryable): Promise<JoinRequestRow> {
    const [row] = await this.repository.find([id], tx);
    if (!row) throw new JoinRequestNotFound();
    return row;
  }

  private requireMayAsk(access: Access): void {
    const isAccepted = access.settings.join_requests && !access.isServer;
    if (!isAccepted && !this.policy.isOpenToAll(access)) this.policy.deny('This conversation is by invitation only.');
    if (access.role || this.policy.isOpenToAll(access)) throw new JoinRequestNotNeeded();
  }

  private async requireWithinLimits(tx: StreamTransaction, userId: string): Promise<void> {
    const counts = await this.repository.counts(tx, tx.head.streamId, userId);
    if (counts.of_user > OF_USER_MAX) throw new TooManyJoinRequests(OF_USER_MAX);
    if (counts.of_conversation > OF_CONVERSATION_MAX) throw new TooManyJoinRequests(OF_CONVERSATION_MAX);
  }

  private async page(
    of: { userId: string } | { conversationId: string },
    { limit = DEFAULT_PAGE_SIZE, cursor }: ListInvitationsQuery,
  ): Promise<Page<JoinRequestDto>> {
    const [after] = cursor === undefined ? [null] : (decodeCursor(cursor, ['uuid']) as [string]);
    const rows = await this.repository.page(of, after, limit + 1);
    return toPage(rows, limit, presentJoinRequest, ({ id }) => [id]);
  }
}

/**
 * A system role alone is not enough: a moderator of the system could admit another account of their own without the
 * reason and the notice that entering a private conversation requires of them.
 */
function mayDecide(access: Access): boolean {
  return (access.role !== undefined || access.isServer) && mayInvite(access);
}
