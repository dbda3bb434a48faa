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
import type { MessageDto } from './messages.dto.js';
import {
  type ListMessagesQuery,
  type PageQuery,
  type SearchMessagesQuery,
  problemsOfPageStart,
} from './message-queries.dto.js';
import {
  type MessageEditDto,
  type MessageHitDto,
  type MessagePageDto,
  type MessageReceiptDto,
} from './message-pages.dto.js';
import type { ListRepliesQuery } from './threads.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import { OwnVotes } from './polls/own-votes.js';
import { SearchMessages } from './search-messages.js';

const BEYOND_ALL = Number.MAX_SAFE_INTEGER;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';
const PINS_MAX = 100;

/**
 * All reads of messages. The caller must be a participant of the conversation at the time of the call, or the host's
 * backend.
 */
@Injectable()
export class MessageQueriesService {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly reads: MessageQueriesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly cursors: ResumeCursors,
    private readonly searchMessages: SearchMessages,
    private readonly ownVotes: OwnVotes,
  ) {}

  /**
   * One page. `at_seq` and `cursor` are read before it, so that a client that subscribes from there misses nothing: it
   * may receive an event that the page already reflects, but never misses one that the page does not.
   * @throws ConversationNotFound, PermissionDenied, MessageNotFound, ValidationError
   */
  async list(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<MessagePageDto> {
    await this.participants.requireMember(actor, conversationId);
    return this.listUnchecked(actor, conversationId, query);
  }

  /** As `list`, without an access check, which is up to the caller. @throws MessageNotFound, ValidationError */
  async listUnchecked(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<MessagePageDto> {
    throwProblems(problemsOfPageStart(query));
    const cursor = await this.cursors.now(actor.userId);
    const { lastSeq, lastNumber } = await this.reads.head(conversationId);
    const page = await this.page(actor, conversationId, query, lastNumber);
    return { ...page, data: await this.marked(actor, page.data), at_seq: lastSeq, cursor };
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
    const { lastNumber: total } = await this.reads.head(conversationId);
    const rows =
      offset < total ? await this.reads.older(conversationId, total - offset + 1, limit, { withThreads: true }) : [];
    return { data: rows.map((row) => presentMessage(row, actor.userId)), total };
  }

  /** @throws MessageNotFound, PermissionDenied */
  async get(actor: Actor, id: string): Promise<MessageDto> {
    const [message] = await this.marked(actor, [presentMessage(await this.require(actor, id), actor.userId)]);
    return message!;
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

  /**
   * The replies of the thread under a message, or to one reply: oldest first, or newest first with `before_number`.
   * @throws MessageNotFound, PermissionDenied, ValidationError
   */
  async replies(actor: Actor, id: string, query: ListRepliesQuery): Promise<Page<MessageDto>> {
    await this.require(actor, id);
    throwProblems(problemsOfPageStart(query));
    const { limit = DEFAULT_PAGE_SIZE, cursor, after_number: after = 0, before_number: before } = query;
    const start =
      cursor !== undefined
        ? startOfCursor(cursor)
        : before === undefined
          ? ({ direction: '>', bound: after } as const)
          : ({ direction: '<', bound: before } as const);
    const rows = await this.reads.replies(id, start, limit + 1);
    const page = toPage(
      rows,
      limit,
      (row) => presentMessage(row, actor.userId),
      (row) => [start.direction, row.sequence_number],
    );
    return { ...page, data: await this.marked(actor, page.data) };
  }

  /** @throws ConversationNotFound, PermissionDenied */
  async pins(actor: Actor, conversationId: string): Promise<{ data: MessageDto[] }> {
    await this.participants.requireMember(actor, conversationId);
    const rows = await this.reads.pins(conversationId, PINS_MAX);
    const messages = rows.map((row) => presentMessage(row, actor.userId));
    return { data: await this.marked(actor, messages) };
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
  async search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    const page = await this.searchMessages.search(actor, query);
    return { ...page, data: await this.marked(actor, page.data) };
  }

  /** Adds what only the reader sees: their votes on polls, and marks of messages of users whom they have blocked. */
  private async marked<Message extends MessageDto>({ userId }: Actor, sent: Message[]): Promise<Message[]> {
    const messages = await this.ownVotes.addTo(userId, sent);
    const senderIds = new Set(messages.map(({ sender_id: senderId }) => senderId));
    senderIds.delete(userId);
    const blocked = await this.reads.blockedAmong(userId, [...senderIds]);
    if (blocked.size === 0) return messages;
    return messages.map((message) =>
      blocked.has(message.sender_id) ? { ...message, is_sender_blocked: true } : message,
    );
  }

  private async require(actor: Actor, id: string): Promise<MessageRow> {
    const [row] = await this.repository.find([id]);
    if (!row) throw new MessageNotFound();
    await this.participants.requireMember(actor, row.conversation_id);
    return row;
  }

  private async page(
    actor: Actor,
    conversationId: string,
    query: ListMessagesQuery,
    lastNumber: number,
  ): Promise<Omit<MessagePageDto, 'at_seq' | 'cursor'>> {
    const { limit = DEFAULT_PAGE_SIZE } = query;
    const filter = toFilter(query);
    const present = (row: MessageRow): MessageDto => presentMessage(row, actor.userId);
    if (query.around !== undefined) {
      const number = await this.numberOf(conversationId, query.around);
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
    const { direction, bound } = await this.start(conversationId, query);
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
  ): Promise<{ direction: '<' | '>'; bound: number }> {
    if (query.cursor !== undefined) return startOfCursor(query.cursor);
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

  private async numberOf(conversationId: string, messageId: string): Promise<number> {
    const position = await this.repository.findPosition(messageId);
    if (!position || position.conversation_id !== conversationId) throw new MessageNotFound();
    return position.sequence_number;
  }
}

/** @throws ValidationError */
function startOfCursor(cursor: string): { direction: '<' | '>'; bound: number } {
  const [direction, bound] = decodeCursor(cursor, ['word', 'number']);
  return { direction: direction === '>' ? '>' : '<', bound: bound as number };
}

function toFilter(query: { type?: string; sender_id?: string; from?: string; to?: string }): MessageFilter {
  return { type: query.type, senderId: query.sender_id, from: query.from, to: query.to };
}
