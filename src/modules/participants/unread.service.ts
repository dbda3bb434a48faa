import { Injectable } from '@nestjs/common';
import { PermissionDenied, ValidationError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { ResumeCursors } from '../../platform/realtime/resume/cursor.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { isServer } from '../users/system-user.constants.js';
import type { ReadStateDto } from './participants.dto.js';
import { ConversationNotFound } from './participants.errors.js';
import { UnreadChanged } from './participants.events.js';
import { ParticipantsPolicy } from './participants.policy.js';
import { ReadState } from './read-state.js';
import {
  type MarkUnreadDto,
  problemsOfReadMany,
  problemsOfUsersUnread,
  type ReadManyDto,
  UNREAD_FROM_MAX,
  type UnreadDto,
  type UnreadTotalsDto,
  type UsersUnreadDto,
  type UserUnreadDto,
} from './unread.dto.js';
import { UnreadRepository, type UnreadTotalsRow } from './unread.repository.js';

/** Users without conversations, and users who do not exist, have nothing unread. */
const NOTHING: UnreadTotalsDto = { total: 0, conversations: 0, mentions: 0, threads: 0 };

/**
 * What is unread, counted from the messages and marks at the time of the call: there are no counters that could differ
 * from them.
 */
@Injectable()
export class UnreadService {
  constructor(
    private readonly repository: UnreadRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly readState: ReadState,
    private readonly cursors: ResumeCursors,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** The cursor is read first, so every message that is newer than the counts is newer than the cursor. */
  async ofActor({ userId }: Actor): Promise<UnreadDto> {
    const cursor = await this.cursors.fresh(userId);
    return { ...(await this.totalsOf(userId)), cursor };
  }

  /** Without a cursor, for frames. */
  async totalsOf(userId: string): Promise<UnreadTotalsDto> {
    const [totals] = await this.repository.totals([userId]);
    return totals ? presentTotals(totals) : NOTHING;
  }

  /**
   * For the backend of the host product, in the order of the input. Users who do not exist are omitted.
   * @throws ValidationError, PermissionDenied for users, and for keys that act as a user
   */
  async ofUsers(actor: Actor, dto: UsersUnreadDto): Promise<{ data: UserUnreadDto[] }> {
    throwProblems(problemsOfUsersUnread(dto));
    if (!isServer(actor)) throw new PermissionDenied('Only a server key may read what is unread for other users.');
    const { user_ids: ids = [], external_ids: externalIds = [] } = dto;
    const rows = await this.repository.totals(ids, externalIds);
    const byId = new Map(rows.flatMap((row) => [[row.user_id, row] as const, [row.external_id, row] as const]));
    return {
      data: [...ids, ...new Set(externalIds)].flatMap((id) => {
        const row = byId.get(id);
        return row ? [{ user_id: row.user_id, external_id: row.external_id, ...presentTotals(row) }] : [];
      }),
    };
  }

  /**
   * Marks a conversation as unread from a message on, until the user reads or writes there again. Their read receipts
   * stay. Without effect if the message is unread.
   * @throws ValidationError, ConversationNotFound, PermissionDenied, AuthenticationRequired, AccountBanned
   */
  async markUnread(
    actor: Actor,
    conversationId: string,
    { sequence_number: number }: MarkUnreadDto,
  ): Promise<ReadStateDto> {
    const written = await this.log.write(conversationId, async (tx) => {
      const { lastDeliveredNumber, hiddenUpToNumber } = await this.policy.requireMemberUnderLock(
        tx,
        actor,
        conversationId,
      );
      const { lastNumber } = tx.head;
      if (number > lastNumber) throw ValidationError.of('sequence_number', 'is above the newest message');
      if (number <= lastNumber - UNREAD_FROM_MAX)
        throw ValidationError.of('sequence_number', `must be one of the newest ${UNREAD_FROM_MAX}`);
      if (number <= hiddenUpToNumber)
        throw ValidationError.of('sequence_number', 'is of a message that is not visible');
      const hasChanged = await this.repository.setUnreadFrom(tx, conversationId, actor.userId, number);
      return { hasChanged, lastDeliveredNumber };
    });
    if (!written) throw new ConversationNotFound();
    const place = { userId: actor.userId, conversationId };
    if (written.hasChanged) this.events.publish(new UnreadChanged([place]));
    const [state] = await this.repository.states([place]);
    if (!state) throw new ConversationNotFound();
    const { user_id: _userId, ...counts } = state;
    return { ...counts, last_delivered_number: written.lastDeliveredNumber };
  }

  /**
   * Marks conversations as read: these or all, up to the newest message or, with a cursor, up to the newest one that
   * the cursor includes. Returns what is unread then.
   * @throws ValidationError, AuthenticationRequired, AccountBanned, ServiceUnavailable
   */
  async markRead(actor: Actor, dto: ReadManyDto): Promise<UnreadDto> {
    throwProblems(problemsOfReadMany(dto));
    const { conversation_ids: conversationIds, cursor } = dto;
    const watermark = cursor === undefined ? undefined : await this.watermarkOf(actor, cursor);
    const marks = await this.repository.findToRead(actor.userId, { conversationIds, watermark });
    await this.readState.markManyRead(
      actor,
      marks.map(({ conversation_id, number }) => ({ conversationId: conversation_id, number })),
    );
    return this.ofActor(actor);
  }

  private async watermarkOf({ userId }: Actor, cursor: string): Promise<string> {
    const verified = await this.cursors.verify(userId, cursor);
    if ('watermark' in verified) return verified.watermark;
    throw ValidationError.of('cursor', 'is not a cursor of this user, or too old: take one from GET /users/me/unread');
  }
}

function presentTotals({ total, conversations, mentions, threads }: UnreadTotalsRow): UnreadTotalsDto {
  return { total, conversations, mentions, threads };
}
