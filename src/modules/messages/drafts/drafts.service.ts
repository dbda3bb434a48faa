import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { AuthenticationRequired } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { isGuest } from '../../users/guest.constants.js';
import { UsersPolicy } from '../../users/users.policy.js';
import type { PageQuery } from '../message-queries.dto.js';
import { MessageNotFound } from '../messages.errors.js';
import { SendMessage } from '../send-message.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import type { CurrentDraftDto, DraftDto, DraftQuery, SaveDraftDto } from './drafts.dto.js';
import { DRAFT_REMOVED, DRAFT_UPDATED } from './drafts.events.js';
import { type DraftPlace, DraftsRepository, presentDraft } from './drafts.repository.js';

/**
 * What users have begun to write, on all of their devices: one draft in each conversation and thread. Only the user knows
 * of it; a change is an event of their own stream, the last one wins, and a change without effect is none.
 * All throw ConversationNotFound, PermissionDenied, MessageNotFound for a thread that is unknown or hidden from the user.
 */
@Injectable()
export class DraftsService {
  constructor(
    private readonly repository: DraftsRepository,
    private readonly sendMessage: SendMessage,
    private readonly visible: VisibleMessages,
    private readonly participants: ParticipantsPolicy,
    private readonly users: UsersPolicy,
    private readonly log: EventLog,
  ) {}

  /** @throws ValidationError for a blank text, ContentTooLong, AuthenticationRequired, AccountBanned */
  async save(actor: Actor, conversationId: string, query: DraftQuery, dto: SaveDraftDto): Promise<DraftDto> {
    if (isGuest(actor)) this.participants.deny('Guests have no drafts.');
    this.sendMessage.requireContent(dto.content);
    const place = await this.requirePlace(actor, conversationId, query);
    const { reply_to_id = null, metadata = null } = dto;
    const row = await this.write(actor, place, async (tx) => {
      const draft = { id: newId(), content: dto.content, reply_to_id, metadata, updated_at: tx.head.at };
      const saved = await this.repository.save(tx, place, draft);
      if (saved) this.append(tx, place, DRAFT_UPDATED);
      return saved ?? (await this.repository.find([place], tx))[0]!;
    });
    return presentDraft(row);
  }

  async get(actor: Actor, conversationId: string, query: DraftQuery): Promise<CurrentDraftDto> {
    const [row] = await this.repository.find([await this.requirePlace(actor, conversationId, query)]);
    return { draft: row ? presentDraft(row) : null };
  }

  /** Has no effect if there is none. @throws AuthenticationRequired, AccountBanned */
  async remove(actor: Actor, conversationId: string, query: DraftQuery): Promise<void> {
    const place = await this.requirePlace(actor, conversationId, query);
    await this.write(actor, place, async (tx) => {
      const isRemoved = await this.repository.remove(tx, place);
      if (isRemoved) this.append(tx, place, DRAFT_REMOVED);
      return isRemoved;
    });
  }

  /** Of the conversations in which the actor is a participant now, the latest changed first. @throws ValidationError */
  async list(actor: Actor, { limit = DEFAULT_PAGE_SIZE, cursor }: PageQuery): Promise<Page<DraftDto>> {
    const [millis, id] = cursor === undefined ? [] : decodeCursor(cursor, ['millis', 'uuid']);
    const before = cursor === undefined ? undefined : ([new Date(millis as number), id as string] as const);
    const rows = await this.repository.page(actor.userId, { before, limit: limit + 1 });
    return toPage(rows, limit, presentDraft, (row) => [row.updated_at.getTime(), row.id]);
  }

  private append(tx: StreamTransaction, { userId, conversationId, threadRootId }: DraftPlace, type: string): void {
    const payload = { thread_root_id: threadRootId };
    tx.append({ type, actorId: userId, subjectId: conversationId, payload });
  }

  private async requirePlace(
    actor: Actor,
    conversationId: string,
    { thread_root_id: messageId }: DraftQuery,
  ): Promise<DraftPlace> {
    const membership = await this.participants.requireMember(actor, conversationId);
    const { userId } = actor;
    if (messageId === undefined) return { userId, conversationId, threadRootId: null };
    const message = await this.repository.findThreadMessage(messageId, conversationId);
    if (!message) throw new MessageNotFound();
    await this.visible.requireThread(historyOf(actor, membership), message);
    return { userId, conversationId, threadRootId: message.root_id };
  }

  private async write<Result>(
    actor: Actor,
    { conversationId }: DraftPlace,
    work: (tx: StreamTransaction) => Promise<Result>,
  ): Promise<Result> {
    const result = await this.log.write(actor.userId, async (tx) => {
      await this.users.requireActive(tx, actor);
      await this.participants.requireMember(actor, conversationId, tx);
      return work(tx);
    });
    if (result === undefined) throw new AuthenticationRequired();
    return result;
  }
}
