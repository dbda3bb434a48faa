import { Injectable } from '@nestjs/common';
import { IdempotencyConflict } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ContentModerator, type ContentVerdict } from './content-moderator.policy.js';
import { textsIn, withTexts } from './metadata-texts.js';
import { ContentRejected, HeldForReview } from './messages.errors.js';
import { MessagesRepository, type NewMessage } from './messages.repository.js';
import { wordsOfReaction } from './reaction.js';

/** What of a message the rules look at. */
interface RuledTexts {
  readonly content: string;
  readonly metadata?: Record<string, unknown> | null;
}

interface ModeratedTexts {
  readonly strictest?: ContentVerdict & { kind: 'reject' | 'hold' };
  /** As they may be stored where nothing is stricter. */
  readonly texts: { readonly content: string; readonly metadata?: Record<string, unknown> };
}

/**
 * Brings the verdict of the content rules to sends and edits. Where no rule speaks it costs a look into a map; whoever
 * may not post learns nothing of the rules.
 */
@Injectable()
export class ContentModeration {
  constructor(
    private readonly moderator: ContentModerator,
    private readonly participants: ParticipantsPolicy,
    private readonly repository: MessagesRepository,
  ) {}

  /**
   * The send as it may be stored; at once where no rule speaks.
   * @throws ContentRejected, HeldForReview, IdempotencyConflict, ConversationNotFound, PermissionDenied,
   *   ConversationFrozen
   */
  send(actor: Actor, message: NewMessage): NewMessage | Promise<NewMessage> {
    const judged = this.evaluate(message.conversation_id, message);
    return judged === undefined ? message : this.apply(actor, message, judged);
  }

  /**
   * What may replace another text and its metadata; what a send would be held for is refused here. The actor may write
   * it. @throws ContentRejected
   */
  async edit<Texts extends RuledTexts>(conversationId: string, texts: Texts): Promise<Texts> {
    const judged = await this.evaluate(conversationId, texts);
    if (judged?.strictest) throw rejection(judged.strictest);
    return { ...texts, ...judged?.texts };
  }

  /** @throws ContentRejected where a rule speaks of the name or the emoji, whatever it says */
  async reaction(conversationId: string, reaction: string): Promise<void> {
    const verdict = await this.moderator.evaluate(conversationId, wordsOfReaction(reaction) ?? reaction);
    if (verdict) throw rejection(verdict);
  }

  /** The content and every text in the metadata, each by itself; at once, and undefined, where no rule speaks. */
  private evaluate(conversationId: string, { content, metadata }: RuledTexts): Promise<ModeratedTexts> | undefined {
    const texts = [...new Set([content, ...(metadata ? textsIn(metadata) : [])])].filter((text) => text !== '');
    const verdicts = texts.map((text) => this.moderator.evaluate(conversationId, text));
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
        texts: { content: masks.get(content) ?? content, ...(masked && { metadata: masked }) },
      };
    });
  }

  private async apply(actor: Actor, message: NewMessage, pending: Promise<ModeratedTexts>): Promise<NewMessage> {
    const { strictest: verdict, texts } = await pending;
    if (!verdict) return { ...message, ...texts };
    // What was stored before there was a rule, or was released: its key is answered as it was.
    if (await this.repository.hasKey(message)) return message;
    this.participants.requireMayPost(await this.participants.requireMember(actor, message.conversation_id));
    if (verdict.kind === 'reject') throw rejection(verdict);
    const { id, status } = await this.moderator.defer(toHeldSend(message), verdict);
    if (status === 'conflict') throw new IdempotencyConflict();
    if (status === 'dropped') throw new ContentRejected(null);
    throw new HeldForReview(id);
  }
}

/** What is to be held or masked can only be refused where there is nothing to hold or to mask. */
function rejection(verdict: ContentVerdict): ContentRejected {
  return new ContentRejected(verdict.kind === 'reject' ? verdict.reason : null);
}

function toHeldSend(message: NewMessage): Parameters<ContentModerator['defer']>[0] {
  const { id: _id, session_id: _session, ...send } = message;
  return send;
}
