import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { PermissionDenied, ValidationError } from '../../platform/errors/app-error.js';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { KeyedBatcher } from '../../platform/event-log/keyed-batcher.js';
import type { CommittedEvent } from '../../platform/event-log/stream-event.js';
import type { Actor } from '../../platform/identity/actor.js';
import { isGuest } from '../users/guest.constants.js';
import { isServer } from '../users/system-user.constants.js';
import { codePointLength, isBlank } from '../../platform/validation/text.js';
import { sanitizeContent } from './sanitize-content.js';
import type { HeldSend } from './content-rules.port.js';
import { readMentions } from './mentions-field.js';
import { hashBody } from './body-hash.js';
import { asCommitted, threadEventAfter } from './committed-send.js';
import { presentMessage } from './message-presenter.js';
import type { EditMessageDto, MessageDto, SendMessageDto } from './messages.dto.js';
import { ContentTooLong, InvalidMessageType } from './messages.errors.js';
import { MessagesStored } from './messages.events.js';
import { MessagesRepository } from './messages.repository.js';
import type { AppendOutcome, AppendResult, NewMessage } from './new-message.js';
import { CheckBeforeSend } from './check-before-send.js';
import { ContentModeration } from './content-moderation.js';
import type { StoredForward } from './forwarding/forwarded.dto.js';
import type { ForwardedSend } from './forwarding/forwarded.js';
import { LinksWritten } from './link-previews/link-previews.events.js';
import { mayHaveLink } from './link-previews/links-of-text.js';
import { toStoredAttachments } from './typed-attachments/typed-attachments.js';
import { toStoredPoll } from './polls/poll.js';
import type { StoredPoll } from './polls/polls.dto.js';
import { toSendError } from './send-error.js';

/**
 * The result of a send; a dialect has the message in its own format. A replay is the same message again, and costs the
 * sender no quota.
 */
export interface SentMessage<Message = MessageDto> {
  readonly message: Message;
  readonly isReplay: boolean;
}

/** UTF-16 units of raw text allowed for each code point of the limit: emoji have two, and markup is removed. */
const RAW_UNITS_PER_CODE_POINT = 4;
/** Bounds of the longest raw text that is sanitized. No text within CONTENT_MAX_LENGTH, at most 50,000, is longer. */
const RAW_CONTENT = { min: 20_000, max: 100_000 };
/** The sizes that measured best on two cores: larger batches add latency, smaller batches add commits. */
const BATCH = { maxBatch: 256, maxBatchPerKey: 64, maxInFlight: 2, maxQueuedPerKey: 500, maxWaitMs: 300 };

/**
 * The send path. Sends of all transports are queued here, one queue for each conversation, and are stored in batches.
 * One transaction takes the lock, checks membership and idempotency, assigns numbers without gaps, and writes (see
 * `sql/append-messages.sql`). The send resolves, and its event is announced, only after the commit.
 */
@Injectable()
export class SendMessage {
  private readonly batcher = new KeyedBatcher<NewMessage, SendResult>({
    ...BATCH,
    keyOf: (message) => message.conversation_id,
    dedupKeyOf: (message) =>
      message.client_message_id === null ? undefined : `${message.sender_id} ${message.client_message_id}`,
    run: (batch) => this.store(batch),
  });

  constructor(
    private readonly repository: MessagesRepository,
    private readonly log: EventLog,
    private readonly config: Config,
    private readonly events: DomainEvents,
    private readonly moderation: ContentModeration,
    private readonly hostCheck: CheckBeforeSend,
  ) {}

  /** Whether a send would wait too long now. */
  get isFull(): boolean {
    return this.batcher.isFull;
  }

  /**
   * Stores one message and returns it once it is on disk. The host's backend may send in the name of any user, and
   * system messages; the content rules do not apply to it.
   * @throws ValidationError, ContentTooLong, InvalidMessageType, InvalidAudience, ConversationNotFound, PermissionDenied,
   *   UserNotFound, MessageNotFound, FileNotFound, FileNotAttachable, ConversationFrozen, SlowMode, ContentRejected,
   *   HeldForReview, CheckUnavailable, IdempotencyConflict, AuthenticationRequired, AccountBanned, ServiceUnavailable
   */
  async send(actor: Actor, conversationId: string, dto: SendMessageDto): Promise<SentMessage> {
    return this.moderateAndEnqueue(actor, this.toNewMessage(actor, conversationId, dto));
  }

  /**
   * The same for a message whose time has come. Its author needs no session, but an account in use; everything else is
   * checked as it is now. @throws as `send`
   */
  async sendScheduled(author: Actor, conversationId: string, dto: SendMessageDto): Promise<SentMessage> {
    const message = this.toNewMessage(author, conversationId, dto);
    return this.moderateAndEnqueue(author, { ...message, session_id: null, is_scheduled: true });
  }

  /** The same for a message that a user forwards; the text of the new message is their comment. @throws as `send` */
  async sendForward(
    actor: Actor,
    conversationId: string,
    { dto, forwarded, bodyHash }: ForwardedSend,
  ): Promise<SentMessage> {
    const message = this.toNewMessage(actor, conversationId, dto, forwarded);
    return this.moderateAndEnqueue(actor, { ...message, body_hash: bodyHash });
  }

  /** Checks what does not depend on time. @throws ValidationError, ContentTooLong, InvalidMessageType */
  requireSendable(actor: Actor, dto: SendMessageDto): void {
    this.toNewMessage(actor, '', dto);
  }

  private toNewMessage(
    actor: Actor,
    conversationId: string,
    dto: SendMessageDto,
    forwarded?: StoredForward,
  ): NewMessage {
    const isOfServer = isServer(actor);
    if (!isOfServer) requireOwnSend(dto);
    if (isGuest(actor) && this.config.guestAccess !== 'write') throw new PermissionDenied('Guests cannot write here.');
    if (dto.is_streaming) requireOpening(actor, dto);
    const hasAttachments = dto.attachment_ids !== undefined && dto.attachment_ids.length > 0;
    const poll = dto.poll && toStoredPoll(dto.poll, this.config.contentPolicy);
    const typed = toStoredAttachments(dto);
    const allowEmpty =
      hasAttachments || (dto.location ?? dto.contact ?? forwarded) !== undefined || (dto.is_streaming ?? false);
    const raw = contentOf(dto, allowEmpty, poll);
    const { content, sanitized } = this.requireContent(raw, { allowEmpty });
    const { users: mentions, scope: mentionScope } = readMentions(dto.mentions);
    const isThreadOnly = dto.show_in_conversation === false && dto.reply_to_id != null;
    if (isThreadOnly && mentionScope)
      throw ValidationError.of('mentions', 'all and here are not possible in a reply that is only in a thread');
    return {
      id: newId(),
      conversation_id: conversationId,
      sender_id: dto.sender_id ?? actor.userId,
      session_id: actor.sessionId,
      client_message_id: dto.client_message_id ?? null,
      body_hash: dto.client_message_id === undefined ? null : hashBody(dto),
      message_type: dto.message_type ?? 'text',
      content,
      reply_to_id: dto.reply_to_id ?? null,
      ...(isThreadOnly && { is_thread_only: true }),
      mentions: mentions.length > 0 ? mentions : null,
      ...(mentionScope && { mention_scope: mentionScope }),
      metadata: sanitized ? { ...dto.metadata, sanitized: true } : (dto.metadata ?? null),
      ...(hasAttachments && { attachment_ids: dto.attachment_ids }),
      ...(poll && { poll }),
      ...typed,
      ...(forwarded && { forwarded }),
      ...(dto.no_preview && { link_previews: [] as const }),
      ...(dto.silent && { is_silent: true }),
      ...((dto.silent || dto.skip_push) && { skips_push: true }),
      ...(dto.visible_to && { visible_to: dto.visible_to }),
      ...(isOfServer && { is_server: true }),
      ...(dto.is_streaming && { is_streaming: true }),
    };
  }

  private async moderateAndEnqueue(actor: Actor, message: NewMessage): Promise<SentMessage> {
    if (message.is_server) return this.enqueue(message);
    const moderated = this.moderation.moderateSend(actor, message);
    const checked = this.hostCheck.checkSend(actor, moderated instanceof Promise ? await moderated : moderated);
    return this.enqueue(checked instanceof Promise ? await checked : checked);
  }

  /**
   * Stores a message that was held for review, on behalf of its sender. `key` is the client_message_id if the sender
   * gave none: a send that is released twice is stored once. @throws as `send`, by the state at the time of the release
   */
  release(held: HeldSend, key: string): Promise<SentMessage> {
    const { client_message_id = null, body_hash } = held;
    return this.enqueue({
      ...held,
      id: newId(),
      session_id: null,
      client_message_id: client_message_id ?? key,
      body_hash: body_hash ?? createHash('sha256').update(key).digest('hex'),
      is_released: true,
    });
  }

  private async enqueue(message: NewMessage): Promise<SentMessage> {
    const result = await this.batcher.add(message);
    if (result.outcome === 'stored') return { message: result.message!, isReplay: false };
    if (result.outcome === 'replayed') return { message: await this.replay(result.id, message), isReplay: true };
    throw toSendError(result.outcome, { ...message, limit: result.retryAfter ?? 1 });
  }

  /**
   * Returns the texts that may replace those of a message, after the check of the host.
   * @throws ValidationError, ContentTooLong, ContentRejected, CheckUnavailable, … as `CheckBeforeSend.checkEdit`
   */
  prepareEdit(actor: Actor, id: string, dto: EditMessageDto): Promise<EditMessageDto> {
    return this.hostCheck.checkEdit(actor, id, { ...dto, content: this.requireContent(dto.content).content });
  }

  /**
   * Returns the text as it is stored. The limit applies to the sanitized text, unless the raw text is far too
   * long.
   * @throws ValidationError if nothing visible is left, ContentTooLong
   */
  requireContent(raw: string, { allowEmpty = false } = {}): { content: string; sanitized: boolean } {
    const { contentMaxLength: maxLength, contentPolicy } = this.config;
    const longestRaw = Math.min(RAW_CONTENT.max, Math.max(RAW_CONTENT.min, RAW_UNITS_PER_CODE_POINT * maxLength));
    if (raw.length > longestRaw) throw new ContentTooLong(codePointLength(raw), maxLength);
    const result = sanitizeContent(raw, contentPolicy);
    if (isBlank(result.content) && !allowEmpty) throw ValidationError.of('content', 'must not be empty');
    if (result.content.length > maxLength) {
      const length = codePointLength(result.content);
      if (length > maxLength) throw new ContentTooLong(length, maxLength);
    }
    return result;
  }

  /** Has previews made of the links in a text that has changed. */
  announceEdited({ id, content }: Pick<MessageDto, 'id' | 'content'>): void {
    if (this.config.linkPreviews && mayHaveLink(content)) this.events.publish(new LinksWritten([id]));
  }

  private async replay(id: string, { sender_id }: NewMessage): Promise<MessageDto> {
    const [row] = await this.repository.find([id]);
    return presentMessage(row!, sender_id);
  }

  private async store(batch: NewMessage[]): Promise<SendResult[]> {
    // Who is quoted, and in which thread, never changes: it is read before the lock. Under it, the message is checked.
    const quoted = await this.repository.findQuotedMessages(batch.flatMap(({ reply_to_id: id }) => id ?? []));
    const names = await this.repository.findNames(batch.flatMap(({ forwarded }) => forwarded?.sender_id ?? []));
    const results = await this.repository.append(batch);
    const events: CommittedEvent[] = [];
    const readBySenderConversationIds = new Set<string>();
    const conversationIds = new Set<string>();
    const sendResults = results.map((result, index): SendResult => {
      if (result.outcome !== 'stored' && result.outcome !== 'shadowed') {
        return { outcome: result.outcome, id: result.id, retryAfter: result.retry_after };
      }
      const sent = batch[index]!;
      const quote = sent.reply_to_id === null ? undefined : quoted.get(sent.reply_to_id);
      const { event, message } = asCommitted(sent, result, quote, names);
      events.push(event);
      if (quote) events.push(threadEventAfter(event, quote.root_id, event.content?.shows?.onlyFor));
      conversationIds.add(event.streamId);
      if (result.was_behind) readBySenderConversationIds.add(event.streamId);
      return { outcome: 'stored', id: result.id, message };
    });
    this.log.announce(events);
    if (this.config.linkPreviews) this.announceLinks(batch, results);
    if (events.length > 0)
      this.events.publish(new MessagesStored([...readBySenderConversationIds], [...conversationIds]));
    return sendResults;
  }

  private announceLinks(batch: readonly NewMessage[], results: readonly AppendResult[]): void {
    const linked = batch.filter(
      ({ content, forwarded, link_previews: refused }, index) =>
        results[index]!.outcome === 'stored' && !refused && mayHaveLink(`${content}\n${forwarded?.content ?? ''}`),
    );
    if (linked.length > 0) this.events.publish(new LinksWritten(linked.map(({ id }) => id)));
  }
}

interface SendResult {
  readonly outcome: Exclude<AppendOutcome, 'shadowed'>;
  readonly id: string;
  readonly message?: MessageDto;
  readonly retryAfter?: number | null;
}

/** What only the host's backend may set. @throws InvalidMessageType, ValidationError */
function requireOwnSend({ message_type: type, sender_id: senderId }: SendMessageDto): void {
  if (type === 'system') throw new InvalidMessageType();
  if (senderId !== undefined)
    throw ValidationError.of('sender_id', 'is only for server keys that do not act as a user');
}

/** A streaming message begins empty. @throws PermissionDenied, ValidationError */
function requireOpening(actor: Actor, { content, poll }: SendMessageDto): void {
  if (isGuest(actor)) throw new PermissionDenied('Guests cannot send streaming messages.');
  if (content !== undefined || poll)
    throw ValidationError.of(poll ? 'poll' : 'content', 'must be absent: a streaming message begins empty');
}

function contentOf({ content }: SendMessageDto, allowEmpty: boolean, poll: StoredPoll | undefined): string {
  if (content === undefined && !allowEmpty && !poll) throw ValidationError.of('content', 'is required');
  return content ?? poll?.question ?? '';
}
