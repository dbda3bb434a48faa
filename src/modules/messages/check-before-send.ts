import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Actor } from '../../platform/identity/actor.js';
import { codePointLength, isBlank } from '../../platform/validation/text.js';
import { NotAParticipant } from '../participants/participants.errors.js';
import type { Access } from '../participants/access.policy.js';
import type { ConversationType } from '../participants/participants.dto.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { isGuest } from '../users/guest.constants.js';
import { isServer } from '../users/system-user.constants.js';
import { BeforeSendHook, type BeforeSendVerdict, type UncheckedMessage } from './before-send.port.js';
import { ContentModeration } from './content-moderation.js';
import { CheckUnavailable, ContentRejected } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import type { NewMessage } from './new-message.js';
import { sanitizeContent } from './sanitize-content.js';

/** The texts of an edit. */
interface EditedTexts {
  readonly content: string;
  readonly mentions?: string[];
  readonly metadata?: Record<string, unknown>;
}

/**
 * Has the host check messages before they are queued to be stored, outside every lock. Without a hook the cost is one
 * call. The host learns nothing of messages whose sender may not post, and is not asked about its own messages.
 */
@Injectable()
export class CheckBeforeSend {
  /** The end of the latest send of a sender in a conversation, while the host checks any of them. */
  private readonly latest = new Map<string, Promise<unknown>>();

  constructor(
    private readonly hook: BeforeSendHook,
    private readonly moderation: ContentModeration,
    private readonly participants: ParticipantsPolicy,
    private readonly repository: MessagesRepository,
    private readonly config: Config,
  ) {}

  /**
   * Returns the send as it may be stored; synchronously if the host does not check it.
   * @throws ContentRejected, HeldForReview, CheckUnavailable, IdempotencyConflict, ConversationNotFound,
   *   PermissionDenied, ConversationFrozen
   */
  checkSend(actor: Actor, message: NewMessage): NewMessage | Promise<NewMessage> {
    const isChecked = this.hook.applies(message) && !isServer(actor);
    if (!isChecked && this.latest.size === 0) return message;
    const key = `${message.sender_id} ${message.conversation_id}`;
    return this.inOrder(key, isChecked ? this.askAboutSend(actor, message) : Promise.resolve(message));
  }

  /**
   * Returns the texts that may replace those of a message. A text that a send would be held for is rejected. An edit
   * that the actor may not make is returned unchanged: it is refused under the lock.
   * @throws ContentRejected, CheckUnavailable, ConversationNotFound, PermissionDenied, ConversationFrozen
   */
  async checkEdit<Texts extends EditedTexts>(actor: Actor, id: string, texts: Texts): Promise<Texts> {
    if (!this.hook.isActive || isServer(actor)) return texts;
    const [row] = await this.repository.find([id]);
    if (!row || row.deleted_at || row.sender_id !== actor.userId || !this.hook.applies(row)) return texts;
    const access = await this.requireMayPost(actor, row.conversation_id);
    if (!this.hook.appliesIn(access.type)) return texts;
    const { content, mentions = row.mentions, metadata = row.metadata } = texts;
    const attachment_ids = row.attachments?.map((file) => file.id);
    const { poll, location, contact, forwarded, link_previews: _previews, ...unchanged } = row;
    const edited = {
      ...unchanged,
      content,
      mentions,
      metadata,
      attachment_ids,
      client_message_id: null,
      poll: poll ?? undefined,
      location: location ?? undefined,
      contact: contact ?? undefined,
      forwarded: forwarded ?? undefined,
      visible_to: row.audience ?? undefined,
    };
    const verdict = await this.decide({ ...describe(actor, access, edited), message_id: id }, null);
    if (verdict.kind === 'hold') throw new ContentRejected(null);
    return { ...texts, ...textsOf(verdict) };
  }

  /**
   * Returns the texts of a message that is not stored. A text that a send would be held for is rejected.
   * @throws ContentRejected, CheckUnavailable
   */
  async checkEphemeral(
    actor: Actor,
    message: NewMessage,
  ): Promise<Pick<NewMessage, 'content'> & { metadata?: NewMessage['metadata'] }> {
    if (!this.hook.isActive || isServer(actor) || !this.hook.applies(message)) return message;
    const access = await this.requireMayPost(actor, message.conversation_id);
    if (!this.hook.appliesIn(access.type)) return message;
    const verdict = await this.decide({ ...describe(actor, access, message), is_ephemeral: true }, null);
    if (verdict.kind === 'hold') throw new ContentRejected(null);
    return { ...message, ...textsOf(verdict) };
  }

  /** Whether the host may check what this actor writes in a conversation of this type. */
  mayCheck(actor: Actor, type: ConversationType): boolean {
    return this.hook.isActive && !isServer(actor) && this.hook.appliesIn(type);
  }

  /** Several sends of one sender are checked at the same time, and stored in the order in which they arrived. */
  private async inOrder(key: string, checked: Promise<NewMessage>): Promise<NewMessage> {
    const previous = this.latest.get(key);
    const end = Promise.allSettled([previous, checked]).finally(() => {
      if (this.latest.get(key) === end) this.latest.delete(key);
    });
    this.latest.set(key, end);
    await previous;
    return checked;
  }

  private async askAboutSend(actor: Actor, message: NewMessage): Promise<NewMessage> {
    // A send that was stored before, or that a moderator has released, is replayed by its key.
    if (await this.repository.isStoredByKey(message)) return message;
    const access = await this.requireMayPost(actor, message.conversation_id);
    if (!this.hook.appliesIn(access.type)) return message;
    const verdict = await this.decide(describe(actor, access, message), message.body_hash);
    if (verdict.kind !== 'hold') return { ...message, ...textsOf(verdict) };
    return this.moderation.hold(message, { ruleId: null, queue: 'installation', reason: verdict.reason });
  }

  private decide(message: UncheckedMessage, bodyHash: string | null): Promise<BeforeSendVerdict> {
    const { attachment_ids, location, contact, forwarded } = message;
    const allowEmpty = attachment_ids.length > 0 || (location ?? contact ?? forwarded) !== null;
    return this.hook.decide({ message, bodyHash, sanitize: (content) => this.sanitize(content, allowEmpty) });
  }

  /** @throws ConversationNotFound, PermissionDenied, ConversationFrozen */
  private async requireMayPost(actor: Actor, conversationId: string): Promise<Access> {
    if (isGuest(actor)) {
      const access = await this.participants.loadAccess(actor, conversationId);
      if (!this.participants.isOpenToAll(access)) throw new NotAParticipant();
      return access;
    }
    const membership = await this.participants.requireMember(actor, conversationId);
    this.participants.requireMayWrite(membership);
    return membership;
  }

  private sanitize(raw: string, allowEmpty: boolean): string | undefined {
    const { contentPolicy, contentMaxLength } = this.config;
    const { content } = sanitizeContent(raw, contentPolicy);
    if (isBlank(content) && !allowEmpty) return undefined;
    return codePointLength(content) > contentMaxLength ? undefined : content;
  }
}

function describe(
  actor: Actor,
  access: Access,
  message: Omit<NewMessage, 'id' | 'session_id' | 'sender_id' | 'body_hash'>,
): UncheckedMessage {
  return {
    conversation_id: message.conversation_id,
    conversation_type: access.type,
    sender_id: actor.userId,
    sender_name: actor.displayName,
    message_id: null,
    client_message_id: message.client_message_id,
    message_type: message.message_type,
    content: message.content,
    reply_to_id: message.reply_to_id,
    mentions: message.mentions ?? [],
    metadata: message.metadata ?? {},
    attachment_ids: message.attachment_ids ?? [],
    poll: message.poll ?? null,
    location: message.location ?? null,
    contact: message.contact ?? null,
    forwarded: message.forwarded ?? null,
    visible_to: message.visible_to ?? null,
    is_ephemeral: false,
  };
}

/** The texts that replace those of the message. @throws ContentRejected, CheckUnavailable */
function textsOf(
  verdict: Exclude<BeforeSendVerdict, { kind: 'hold' }>,
): Partial<Pick<EditedTexts, 'content' | 'metadata'>> {
  if (verdict.kind === 'reject') throw new ContentRejected(verdict.reason);
  if (verdict.kind === 'unavailable') throw new CheckUnavailable();
  if (verdict.kind === 'allow') return {};
  const { kind: _kind, ...texts } = verdict;
  return texts;
}
