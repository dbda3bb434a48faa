import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, encodeCursor, toPage } from '../../platform/pagination/page.js';
import { ResumeCursors } from '../../platform/realtime/resume/cursor.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { type MessageRow, presentMessage } from './message-presenter.js';
import { type MessageFilter, MessageQueriesRepository } from './message-queries.repository.js';
import type { MessageDto } from './messages.dto.js';
import { type ListMessagesQuery, problemsOfPageStart } from './message-queries.dto.js';
import type { MessagePageDto } from './message-pages.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import { type VisibleHistory, VisibleMessages } from './visible-messages.js';

const BEYOND_ALL = Number.MAX_SAFE_INTEGER;

/** Pages of the messages of a conversation, from the newest, from a message or around one. */
@Injectable()
export class MessagePages {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly reads: MessageQueriesRepository,
    private readonly cursors: ResumeCursors,
    private readonly visible: VisibleMessages,
  ) {}

  /**
   * One page, without an access check. `at_seq` and `cursor` are read before it. A message outside of `history` is not
   * found. @throws MessageNotFound, ValidationError
   */
  async page(
    actor: Actor,
    conversationId: string,
    query: ListMessagesQuery,
    history?: VisibleHistory,
  ): Promise<MessagePageDto> {
    throwProblems(problemsOfPageStart(query));
    const cursor = await this.cursors.now(actor.userId);
    const { lastSeq, lastNumber } = await this.reads.head(conversationId);
    const page = await this.pageOf(actor, conversationId, { ...toFilter(query), history }, { query, lastNumber });
    return { ...page, at_seq: lastSeq, cursor };
  }

  private async pageOf(
    actor: Actor,
    conversationId: string,
    filter: MessageFilter,
    { query, lastNumber }: { query: ListMessagesQuery; lastNumber: number },
  ): Promise<Omit<MessagePageDto, 'at_seq' | 'cursor'>> {
    const { limit = DEFAULT_PAGE_SIZE } = query;
    const present = (row: MessageRow): MessageDto => presentMessage(row, actor.userId, filter.history?.above);
    if (query.around !== undefined) {
      const number = await this.numberOf(conversationId, query.around, filter);
      const { rows, hasOlder, hasNewer } = await this.around(conversationId, number, limit, filter);
      const oldest = rows.at(-1)?.sequence_number ?? number + 1;
      return {
        data: rows.map(present),
        next_cursor: hasOlder ? encodeCursor(['<', oldest]) : null,
        has_more: hasOlder,
        has_older: hasOlder,
        has_newer: hasNewer,
      };
    }
    const { direction, bound } = await this.start(conversationId, query, filter);
    const isForward = direction === '>';
    const rows = isForward
      ? await this.reads.newer(conversationId, bound, limit + 1, filter)
      : await this.reads.older(conversationId, bound, limit + 1, filter);
    const page = toPage(rows, limit, present, (row) => [direction, row.sequence_number]);
    const first = rows[0]?.sequence_number;
    const hasBehind = isForward
      ? await this.hasOlder(conversationId, first ?? bound + 1, lastNumber, filter)
      : await this.hasNewer(conversationId, first ?? bound - 1, lastNumber, filter);
    const [hasOlder, hasNewer] = isForward ? [hasBehind, page.has_more] : [page.has_more, hasBehind];
    return { ...page, has_older: hasOlder, has_newer: hasNewer };
  }

  /** Replies that are only in a thread may be all there is, so a message has to be found. */
  private async hasOlder(
    conversationId: string,
    below: number,
    lastNumber: number,
    filter: MessageFilter,
  ): Promise<boolean> {
    if (lastNumber === 0 || below <= 1) return false;
    return (await this.reads.older(conversationId, below, 1, filter)).length > 0;
  }

  private async hasNewer(
    conversationId: string,
    above: number,
    lastNumber: number,
    filter: MessageFilter,
  ): Promise<boolean> {
    if (lastNumber <= above) return false;
    return (await this.reads.newer(conversationId, above, 1, filter)).length > 0;
  }

  private async start(
    conversationId: string,
    query: ListMessagesQuery,
    filter: MessageFilter,
  ): Promise<{ direction: '<' | '>'; bound: number }> {
    const numberOf = (id: string): Promise<number> => this.numberOf(conversationId, id, filter);
    if (query.cursor !== undefined) return startOfCursor(query.cursor);
    if (query.after_number !== undefined) return { direction: '>', bound: query.after_number };
    if (query.after !== undefined) return { direction: '>', bound: await numberOf(query.after) };
    if (query.before_number !== undefined) return { direction: '<', bound: query.before_number };
    if (query.before !== undefined) return { direction: '<', bound: await numberOf(query.before) };
    return { direction: '<', bound: BEYOND_ALL };
  }

  private async around(
    conversationId: string,
    number: number,
    limit: number,
    filter: MessageFilter,
  ): Promise<{ rows: MessageRow[]; hasOlder: boolean; hasNewer: boolean }> {
    const newerMax = Math.floor(limit / 2);
    const olderMax = limit - newerMax;
    const [older, newer] = await Promise.all([
      this.reads.older(conversationId, number + 1, olderMax + 1, filter),
      this.reads.newer(conversationId, number, newerMax + 1, filter),
    ]);
    const rows = [...newer.slice(0, newerMax).reverse(), ...older.slice(0, olderMax)];
    return { rows, hasOlder: older.length > olderMax, hasNewer: newer.length > newerMax };
  }

  private async numberOf(conversationId: string, id: string, { history }: MessageFilter): Promise<number> {
    const position = await this.repository.findPosition(id);
    if (!position || position.conversation_id !== conversationId) throw new MessageNotFound();
    if (history) await this.visible.require(history, { ...position, id });
    return position.sequence_number;
  }
}

/** @throws ValidationError */
export function startOfCursor(cursor: string): { direction: '<' | '>'; bound: number } {
  const [direction, bound] = decodeCursor(cursor, ['word', 'number']);
  return { direction: direction === '>' ? '>' : '<', bound: bound as number };
}

function toFilter(query: { type?: string; sender_id?: string; from?: string; to?: string }): MessageFilter {
  return { type: query.type, senderId: query.sender_id, from: query.from, to: query.to };
}
