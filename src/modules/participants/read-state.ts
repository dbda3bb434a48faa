import { Injectable } from '@nestjs/common';
import {
  AccountBanned,
  type AppError,
  AuthenticationRequired,
  ValidationError,
} from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { KeyedBatcher } from '../../platform/event-log/keyed-batcher.js';
import type { Actor } from '../../platform/identity/actor.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { type MarkDto, type ReadStateDto, problemsOfMark } from './participants.dto.js';
import { ConversationNotFound, NotAParticipant } from './participants.errors.js';
import { ReadStateChanged, type MovedMark, RECEIPT_UPDATED, UNREAD_CHANGED } from './participants.events.js';
import { type MarkOutcome, type MarkResult, type NewMark, ReceiptsRepository } from './receipts.repository.js';
import { UnreadRepository } from './unread.repository.js';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';

const BATCH = { maxBatch: 512, maxBatchPerKey: 256, maxInFlight: 2, maxQueuedPerKey: 2000 };

/**
 * Read and delivery marks. They are state and not in the event log: only the newest matters, so a burst of them is one
 * UPDATE. A call resolves after the commit. A mark never moves back, and never beyond the newest message.
 */
@Injectable()
export class ReadState {
  private readonly batcher = new KeyedBatcher<NewMark, MarkResult>({
    ...BATCH,
    keyOf: (mark) => mark.conversation_id,
    run: (batch) => this.store(batch),
  });

  constructor(
    private readonly repository: ReceiptsRepository,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Marks everything up to a message as read, and so as delivered.
   * @throws ValidationError, ConversationNotFound, NotAParticipant, AuthenticationRequired, AccountBanned,
   *   ServiceUnavailable
   */
  markRead(actor: Actor, conversationId: string, dto: MarkDto): Promise<ReadStateDto> {
    const number = numberOf(dto);
    return this.mark(actor, conversationId, { messageId: dto.message_id, read: number, delivered: number });
  }

  /** Marks everything up to a message as delivered to a device of the actor. @throws as `markRead` */
  markDelivered(actor: Actor, conversationId: string, dto: MarkDto): Promise<ReadStateDto> {
    return this.mark(actor, conversationId, { messageId: dto.message_id, read: null, delivered: numberOf(dto) });
  }

  /**
   * Marks conversations as read, each up to a message number. Conversations that the actor has left meanwhile, or that
   * were deleted, are skipped. @throws AuthenticationRequired, AccountBanned, ServiceUnavailable
   */
  async markManyRead(
    actor: Actor,
    marks: readonly { readonly conversationId: string; readonly number: number }[],
  ): Promise<void> {
    for (let from = 0; from < marks.length; from += BATCH.maxBatch) {
      const part = marks.slice(from, from + BATCH.maxBatch);
      const done = part.map(({ conversationId, number }) =>
        this.markRead(actor, conversationId, { sequence_number: number }).catch((error: unknown) => {
          if (!(error instanceof ConversationNotFound || error instanceof NotAParticipant)) throw error;
        }),
      );
      await Promise.all(done);
    }
  }

  private async mark(
    actor: Actor,
    conversationId: string,
    to: { messageId?: string; read: number | null; delivered: number },
  ): Promise<ReadStateDto> {
    const result = await this.batcher.add({
      conversation_id: conversationId,
      user_id: actor.userId,
      session_id: actor.sessionId,
      message_id: to.messageId ?? null,
      read: to.read,
      delivered: to.delivered,
    });
    if (result.outcome !== 'marked') throw toMarkError(result.outcome);
    return {
      conversation_id: conversationId,
      last_read_number: result.last_read_number,
      last_delivered_number: result.last_delivered_number,
      unread_count: result.unread_count,
      mention_count: result.mention_count,
    };
  }

  private async store(batch: NewMark[]): Promise<MarkResult[]> {
    const results = await this.repository.mark(batch);
    const moves = new Map<string, MovedMark>();
    results.forEach((result, index) => {
      if (!result.has_moved) return;
      const { conversation_id: conversationId, user_id: userId } = batch[index]!;
      moves.set(`${conversationId} ${userId}`, {
        conversationId,
        userId,
        hasReadMoved: result.has_read_moved,
      });
    });
    if (moves.size > 0) this.events.publish(new ReadStateChanged([...moves.values()]));
    return results;
  }
}

/**
 * The given message number. With a message id the number is ignored; it is 0 then, because null means that the mark
 * does not move.
 */
function numberOf(dto: MarkDto): number {
  throwProblems(problemsOfMark(dto));
  return dto.sequence_number ?? 0;
}

function toMarkError(outcome: Exclude<MarkOutcome, 'marked'>): AppError {
  switch (outcome) {
    case 'not_found':
      return new ConversationNotFound();
    case 'not_participant':
      return new NotAParticipant();
    case 'message_not_found':
      return ValidationError.of('message_id', 'is not a message of this conversation');
    case 'banned':
      return new AccountBanned();
    case 'session_ended':
      return new AuthenticationRequired();
  }
}

/**
 * Conversations sent on resume, the most recently active first. A client loads older ones as a page of the list, which
 * has their current state.
 */
const CONVERSATIONS_MAX = 200;

/** Marks are not in the event log: a client that resumes receives their current state. */
@Injectable()
export class ReadStateProvider {
  constructor(private readonly repository: UnreadRepository) {}

  /** The read state of the most recently active conversations of a user, and what is unread in all of them. */
  @ResumeState()
  async framesOnResume(userId: string): Promise<StateFrame[]> {
    const [rows, [totals]] = await Promise.all([
      this.repository.findReadStates(userId, CONVERSATIONS_MAX),
      this.repository.totals([userId]),
    ]);
    if (!totals) return [];
    const { user_id: _userId, external_id: _externalId, ...counts } = totals;
    return rows.flatMap((row) => {
      const { user_id: _reader, read_by_all_number, delivered_to_all_number, has_receipts, ...state } = row;
      const { conversation_id } = state;
      const unread: StateFrame = { type: UNREAD_CHANGED, data: { ...state, ...counts } };
      if (!has_receipts) return [unread];
      const data = { conversation_id, read_by_all_number, delivered_to_all_number, marks: [] };
      return [unread, { type: RECEIPT_UPDATED, conversation_id, data }];
    });
  }
}
