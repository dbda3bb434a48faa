import { Injectable } from '@nestjs/common';
import { IdempotencyConflict } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ContentRules, type ContentVerdict, type HeldSend, type HoldCause } from './content-rules.port.js';
import { ContentRejected, HeldForReview } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import type { NewMessage } from './new-message.js';
import type { StoredForward } from './forwarding/forwarded.dto.js';
import { textsOfPoll, withPollTexts } from './polls/poll.js';
import type { StoredPoll } from './polls/polls.dto.js';
import type { TypedAttachments } from './typed-attachments/typed-attachments.dto.js';
import { textsOfAttachments, withAttachmentTexts } from './typed-attachments/typed-attachments.js';
import { nameOfReaction } from './reaction.js';

/** The texts of a message that the content rules check. */
interface CheckedTexts extends TypedAttachments {
  readonly content: string;
  readonly metadata?: Record<string, unknown> | null;
  readonly poll?: StoredPoll;
  readonly forwarded?: StoredForward;
}

interface ModeratedTexts {
  readonly strictest?: ContentVerdict & { kind: 'reject' | 'hold' };
  /** With masks applied; to be stored if there is no `strictest` verdict. */
  readonly texts: TypedAttachments & {
    readonly content: string;
    readonly metadata?: Record<string, unknown>;
    readonly poll?: StoredPoll;
    readonly forwarded?: StoredForward;
  };
}

/**
 * Applies the content rules to sends and edits. Without rules the cost is one map lookup. An actor who may not post
 * learns nothing about the rules.
 */
@Injectable()
export class ContentModeration {
  constructor(
    private readonly rules: ContentRules,
    private readonly participants: ParticipantsPolicy,
    private readonly repository: MessagesRepository,
  ) {}

  /**
   * Returns the send as it may be stored; synchronously if no rule has to be read and none matches.
   * @throws ContentRejected, HeldForReview, IdempotencyConflict, ConversationNotFound, PermissionDenied,
   *   ConversationFrozen
   */
  moderateSend(actor: Actor, message: NewMessage): NewMessage | Promise<NewMessage> {
    const moderated = this.evaluate(message.conversation_id, message);
    return moderated === undefined ? message : this.apply(actor, message, moderated);
  }

  /**
   * Returns the texts that may replace those of a message. A text that a send would be held for is rejected here. The
   * caller has already checked that the actor may edit. @throws ContentRejected
   */
  async moderateEdit<Texts extends CheckedTexts>(conversationId: string, texts: Texts): Promise<Texts> {
    const moderated = await this.evaluate(conversationId, texts);
    if (moderated?.strictest) throw rejection(moderated.strictest);
    return { ...texts, ...moderated?.texts };
  }

  /** @throws ContentRejected if a rule matches the name or the emoji, whatever the action of the rule */
  async moderateReaction(conversationId: string, reaction: string): Promise<void> {
    const verdict = await this.rules.evaluate(conversationId, nameOfReaction(reaction) ?? reaction);
    if (verdict) throw rejection(verdict);
  }

  /**
   * Holds a send for review and informs the sender. A repeat with the same key is the same held send.
   * @throws HeldForReview, or for a key that was held before: IdempotencyConflict, ContentRejected
   */
  async hold(message: NewMessage, cause: HoldCause): Promise<never> {
    const { id, status } = await this.rules.hold(toHeldSend(message), cause);
    if (status === 'conflict') throw new IdempotencyConflict();
    if (status === 'dropped') throw new ContentRejected(null);
    throw new HeldForReview(id);
  }

  /**
   * Evaluates the content and every other text of the message, also in the forwarded one, each by itself. Returns undefined,
   * synchronously, if no rule has to be read and none matches.
   */
  private evaluate(
    conversationId: string,
    { content, metadata, poll, location, contact, forwarded }: CheckedTexts,
  ): Promise<ModeratedTexts> | undefined {
    const others = [
      ...(metadata ? textsIn(metadata) : []),
      ...(poll ? textsOfPoll(poll) : []),
      ...textsOfAttachments({ location, contact }),
      ...(forwarded ? [forwarded.content, ...textsOfAttachments(forwarded)] : []),
    ];
    const texts = [...new Set([content, ...others])].filter((text) => text !== '');
    const verdicts = texts.map((text) => this.rules.evaluate(conversationId, text));
    if (verdicts.every((verdict) => verdict === undefined)) return undefined;
    return Promise.all(verdicts).then((settled): ModeratedTexts => {
      const masks = new Map<string, string>();
      settled.forEach((verdict, index) => {
        if (verdict?.kind === 'mask') masks.set(texts[index]!, verdict.content);
      });
      const strictest = settled.find((one) => one?.kind === 'reject') ?? settled.find((one) => one?.kind === 'hold');
      const masked = metadata && masks.size > 0 ? (withTexts(metadata, masks) as Record<string, unknown>) : metadata;
      return {
        strictest: strictest as ModeratedTexts['strictest'],
        texts: {
          content: masks.get(content) ?? content,
          ...(masked && { metadata: masked }),
          ...(poll && { poll: withPollTexts(poll, masks) }),
          ...withAttachmentTexts({ location, contact }, masks),
          ...(forwarded && {
            forwarded: {
              ...forwarded,
              content: masks.get(forwarded.content) ?? forwarded.content,
              ...withAttachmentTexts(forwarded, masks),
            },
          }),
        },
      };
    });
  }

  private async apply(actor: Actor, message: NewMessage, pending: Promise<ModeratedTexts>): Promise<NewMessage> {
    const { strictest: verdict, texts } = await pending;
    if (!verdict) return { ...message, ...texts };
    // A send that was stored before the rule existed, or was released, is replayed by its key.
    if (await this.repository.isStoredByKey(message)) return message;
    this.participants.requireMayWrite(await this.participants.requireMember(actor, message.conversation_id));
    if (verdict.kind === 'reject') throw rejection(verdict);
    return this.hold(message, verdict);
  }
}

/**
 * Only a `reject` verdict has a public reason. Where a text can be neither held nor masked, it is rejected without one.
 */
function rejection(verdict: ContentVerdict): ContentRejected {
  return new ContentRejected(verdict.kind === 'reject' ? verdict.reason : null);
}

function toHeldSend(message: NewMessage): HeldSend {
  const { id: _id, session_id: _session, is_streaming: _streaming, ...send } = message;
  return send;
}

/** Every string in a JSON value, including the names of properties. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return Object.entries(value).flatMap(([name, child]) => [name, ...textsIn(child)]);
}

/** The same value with some of its strings and property names replaced. */
function withTexts(value: unknown, replaced: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return replaced.get(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, replaced));
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [replaced.get(name) ?? name, withTexts(child, replaced)]),
  );
}
