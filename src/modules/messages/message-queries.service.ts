import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import {
  DEFAULT_PAGE_SIZE,
  decodeCursor,
  encodeCursor,
  type OffsetPage,
  type OffsetRange,
  type Page,
  toPage,
} from '../../platform/pagination/page.js';
import { ResumeCursors } from '../../platform/realtime/resume/cursor.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type MessageRow, presentMessage } from './message-presenter.js';
import { type MessageFilter, MessageQueriesRepository } from './message-queries.repository.js';
import {
  type ListMessagesQuery,
  type MessageDto,
  type PageQuery,
  type SearchMessagesQuery,
  problemsOfPageStart,
} from './messages.dto.js';
import {
  type MessageEditDto,
  type MessageHitDto,
  type MessagePageDto,
  type MessageReceiptDto,
} from './message-pages.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import { SearchMessages } from './search-messages.js';

const BEYOND_ALL = Number.MAX_SAFE_INTEGER;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';
const PINS_MAX = 100;

/** All reads of messages. The caller must be a participant of the conversation at the time of the call. */
@Injectable()
export class MessageQueriesService {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly reads: MessageQueriesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly cursors: ResumeCursors,
    private readonly searchMessages: SearchMessages,
  ) {}

  /**
   * One page. `at_seq` and `cursor` are read before it, so that a client that subscribes from there misses nothing: it
   * may receive an event that the page already reflects, but never misses one that the page does not.
   * @throws ConversationNotFound, PermissionDenied, MessageNotFound, ValidationError
   */
  async list(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<MessagePageDto> {
    await this.participants.requireMember(actor, conversationId);
    throwProblems(problemsOfPageStart(query));
    const cursor = await this.cursors.now(actor.userId);
    const atSeq = await this.reads.headSeq(conversationId);
    const page = await this.page(actor, conversationId, query);
    return { ...page, at_seq: atSeq, cursor };
  }

  /**
   * Only for dialects, whose clients count pages: a page by offset from the newest message. Sequence numbers have no
   * gaps, so an offset translates to a sequence number: no rows are read and discarded, however deep the page. `total`
   * counts tombstones too. @throws ConversationNotFound, PermissionDenied
   */
  async pageByOffset(
    actor: Actor,
    conversationId: string,
    { offset, limit }: OffsetRange,
  ): Promise<OffsetPage<MessageDto>> {
    await this.participants.requireMember(actor, conversationId);
    const total = await this.reads.lastNumber(conversationId);
    const rows = offset < total ? await this.reads.older(conversationId, total - offset + 1, limit, {}) : [];
    return { data: rows.map((row) => presentMessage(row, actor.userId)), total };
  }

  /** @throws MessageNotFound, PermissionDenied */
  async get(actor: Actor, id: string): Promise<MessageDto> {
    return presentMessage(await this.require(actor, id), actor.userId);
  }

  /** The versions before the current one, oldest first. @throws MessageNotFound, PermissionDenied, ValidationError */
  async history(
    actor: Actor,
    id: string,
    { limit = DEFAULT_PAGE_SIZE, cursor }: PageQuery,
  ): Promise<Page<MessageEditDto>> {
    await this.require(actor, id);
    const [above] = cursor === undefined ? [0] : decodeCursor(cursor, ['number']);
    const versions = await this.reads.history(id, above as number, limit + 1);
    return toPage(
      versions,
      limit,
      (version) => ({ ...version, edited_at: version.edited_at.toISOString() }),
      ({ version }) => [version],
    );
  }

  /** The thread under a message, oldest first. @throws MessageNotFound, PermissionDenied, ValidationError */
  async replies(actor: Actor, id: string, { limit = DEFAULT_PAGE_SIZE, cursor }: PageQuery): Promise<Page<MessageDto>> {
    await this.require(actor, id);
    const [above] = cursor === undefined ? [0] : decodeCursor(cursor, ['number']);
    const rows = await this.reads.replies(id, above as number, limit + 1);
    return toPage(
      rows,
      limit,
      (row) => presentMessage(row, actor.userId),
      (row) => [row.sequence_number],
    );
  }

  /** @throws ConversationNotFound, PermissionDenied */
  async pins(actor: Actor, conversationId: string): Promise<{ data: MessageDto[] }> {
    await this.participants.requireMember(actor, conversationId);
    const rows = await this.reads.pins(conversationId, PINS_MAX);
    return { data: rows.map((row) => presentMessage(row, actor.userId)) };
  }

  /**
   * Which other participants have received and read a message, and when.
   * @throws MessageNotFound, PermissionDenied, ValidationError
   */
  async receipts(
    actor: Actor,
    id: string,
    { limit = DEFAULT_PAGE_SIZE, cursor }: PageQuery,
  ): Promise<Page<MessageReceiptDto>> {
    const row = await this.require(actor, id);
    const [after] = cursor === undefined ? [FIRST_UUID] : decodeCursor(cursor, ['uuid']);
    const message = { conversationId: row.conversation_id, number: row.sequence_number, senderId: row.sender_id };
    const receipts = await this.reads.receipts(message, after as string, limit + 1);
    return toPage(
      receipts,
      limit,
      (receipt) => ({ ...receipt, marked_at: receipt.marked_at?.toISOString() ?? null }),
      (receipt) => [receipt.user_id],
    );
  }

  /** @throws as `SearchMessages.search` */
  search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    return this.searchMessages.search(actor, query);
  }

  private async require(actor: Actor, id: string): Promise<MessageRow> {
    const [row] = await this.repository.find([id]);
    if (!row) throw new MessageNotFound();
    await this.participants.requireMember(actor, row.conversation_id);
    return row;
  }

  private async page(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<Page<MessageDto>> {
    const { limit = DEFAULT_PAGE_SIZE } = query;
    const filter = toFilter(query);
    const present = (row: MessageRow): MessageDto => presentMessage(row, actor.userId);
    if (query.around !== undefined) {
      const rows = await this.around(conversationId, await this.numberOf(conversationId, query.around), limit, filter);
      const oldest = rows.at(-1);
      const hasMore = oldest !== undefined && oldest.sequence_number > 1;
      return {
        data: rows.map(present),
        next_cursor: hasMore ? encodeCursor(['<', oldest.sequence_number]) : null,
        has_more: hasMore,
      };
    }
    const { direction, bound } = await this.start(conversationId, query);
    const rows =
      direction === '>'
        ? await this.reads.newer(conversationId, bound, limit + 1, filter)
        : await this.reads.older(conversationId, bound, limit + 1, filter);
    return toPage(rows, limit, present, (row) => [direction, row.sequence_number]);
  }

  private async start(
    conversationId: string,
    query: ListMessagesQuery,
  ): Promise<{ direction: '<' | '>'; bound: number }> {
    if (query.cursor !== undefined) {
      const [direction, bound] = decodeCursor(query.cursor, ['word', 'number']);
      return { direction: direction === '>' ? '>' : '<', bound: bound as number };
    }
    if (query.after_number !== undefined) return { direction: '>', bound: query.after_number };
    if (query.after !== undefined) return { direction: '>', bound: await this.numberOf(conversationId, query.after) };
    if (query.before_number !== undefined) return { direction: '<', bound: query.before_number };
    if (query.before !== undefined) return { direction: '<', bound: await this.numberOf(conversationId, query.before) };
    return { direction: '<', bound: BEYOND_ALL };
  }

  private async around(
    conversationId: string,
    number: number,
    limit: number,
    filter: MessageFilter,
  ): Promise<MessageRow[]> {
    const half = Math.floor(limit / 2);
    const [older, newer] = await Promise.all([
      this.reads.older(conversationId, number + 1, limit - half, filter),
      this.reads.newer(conversationId, number, half, filter),
    ]);
    return [...newer.reverse(), ...older];
  }

  private async numberOf(conversationId: string, messageId: string): Promise<number> {
    const position = await this.repository.findPosition(messageId);
    if (!position || position.conversation_id !== conversationId) throw new MessageNotFound();
    return position.sequence_number;
  }
}

function toFilter(query: { type?: string; sender_id?: string; from?: string; to?: string }): MessageFilter {
  return { type: query.type, senderId: query.sender_id, from: query.from, to: query.to };
}
