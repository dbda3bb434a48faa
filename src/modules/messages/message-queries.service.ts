import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import {
  DEFAULT_PAGE_SIZE,
  decodeCursor,
  type OffsetPage,
  type OffsetRange,
  type Page,
  toPage,
} from '../../platform/pagination/page.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { statedAudienceOf } from './audience.js';
import { type MessageRow, presentMessage } from './message-presenter.js';
import { MessagePages, startOfCursor } from './message-pages.js';
import { MessageQueriesRepository } from './message-queries.repository.js';
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
import { historyOf, type VisibleHistory, VisibleMessages } from './visible-messages.js';

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
    private readonly searchMessages: SearchMessages,
    private readonly ownVotes: OwnVotes,
    private readonly visible: VisibleMessages,
    private readonly pages: MessagePages,
  ) {}

  /**
   * One page. `at_seq` and `cursor` are read before it, so that a client that subscribes from there misses nothing: it
   * may receive an event that the page already reflects, but never misses one that the page does not.
   * @throws ConversationNotFound, PermissionDenied, MessageNotFound, ValidationError
   */
  async list(actor: Actor, conversationId: string, query: ListMessagesQuery): Promise<MessagePageDto> {
    const membership = await this.participants.requireMember(actor, conversationId);
    return this.listUnchecked(actor, conversationId, query, historyOf(actor, membership));
  }

  /**
   * As `list`, without an access check, which is up to the caller; of all messages, if `history` is omitted.
   * @throws MessageNotFound, ValidationError
   */
  async listUnchecked(
    actor: Actor,
    conversationId: string,
    query: ListMessagesQuery,
    history?: VisibleHistory,
  ): Promise<MessagePageDto> {
    const page = await this.pages.page(actor, conversationId, query, history);
    return { ...page, data: await this.marked(actor, page.data) };
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
    const history = historyOf(actor, await this.participants.requireMember(actor, conversationId));
    const { lastNumber } = await this.reads.head(conversationId);
    const total = lastNumber - history.above;
    const filter = { withThreads: true, history };
    const rows = offset < total ? await this.reads.older(conversationId, lastNumber - offset + 1, limit, filter) : [];
    return { data: rows.map((row) => presentMessage(row, actor.userId, history.above)), total };
  }

  /** @throws MessageNotFound, PermissionDenied */
  async get(actor: Actor, id: string): Promise<MessageDto> {
    const { row, history } = await this.require(actor, id);
    const [message] = await this.marked(actor, [presentMessage(row, actor.userId, history.above)]);
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
   * The replies of the thread under a message, or to one reply: oldest first, or newest first with `before_number`. Of
   * a thread whose root the actor does not see, those that they do see.
   * @throws MessageNotFound, PermissionDenied, ValidationError
   */
  async replies(actor: Actor, id: string, query: ListRepliesQuery): Promise<Page<MessageDto>> {
    const position = await this.repository.findPosition(id);
    if (!position) throw new MessageNotFound();
    const history = historyOf(actor, await this.participants.requireMember(actor, position.conversation_id));
    throwProblems(problemsOfPageStart(query));
    const { limit = DEFAULT_PAGE_SIZE, cursor, after_number: after = 0, before_number: before } = query;
    const start =
      cursor !== undefined
        ? startOfCursor(cursor)
        : before === undefined
          ? ({ direction: '>', bound: after } as const)
          : ({ direction: '<', bound: before } as const);
    const rows = await this.reads.replies(id, start, limit + 1, history);
    const page = toPage(
      rows,
      limit,
      (row) => presentMessage(row, actor.userId, history.above),
      (row) => [start.direction, row.sequence_number],
    );
    return { ...page, data: await this.marked(actor, page.data) };
  }

  /** @throws ConversationNotFound, PermissionDenied */
  async pins(actor: Actor, conversationId: string): Promise<{ data: MessageDto[] }> {
    const history = historyOf(actor, await this.participants.requireMember(actor, conversationId));
    const rows = await this.reads.pins(conversationId, PINS_MAX, history);
    const messages = rows.map((row) => presentMessage(row, actor.userId, history.above));
    return { data: await this.marked(actor, messages) };
  }

  /**
   * Which other participants have received and read a message, and when.
   * @throws MessageNotFound, PermissionDenied, ValidationError, FeatureDisabled
   */
  async receipts(
    actor: Actor,
    id: string,
    { limit = DEFAULT_PAGE_SIZE, cursor }: PageQuery,
  ): Promise<Page<MessageReceiptDto>> {
    const { row } = await this.require(actor, id);
    this.participants.requireFeature(await this.participants.requireMember(actor, row.conversation_id), 'receipts');
    const [after] = cursor === undefined ? [FIRST_UUID] : decodeCursor(cursor, ['uuid']);
    const { conversation_id: conversationId, sequence_number: number, sender_id: senderId } = row;
    const message = { conversationId, number, senderId, audience: statedAudienceOf(row) };
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

  private async require(actor: Actor, id: string): Promise<{ row: MessageRow; history: VisibleHistory }> {
    const [row] = await this.repository.find([id]);
    if (!row) throw new MessageNotFound();
    const history = historyOf(actor, await this.participants.requireMember(actor, row.conversation_id));
    await this.visible.require(history, row);
    return { row, history };
  }
}
