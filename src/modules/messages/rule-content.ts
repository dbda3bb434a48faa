import { Injectable } from '@nestjs/common';
import { IdempotencyConflict } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ContentRules, type ContentVerdict } from './content-rules.policy.js';
import { ContentRejected, HeldForReview } from './messages.errors.js';
import { MessagesRepository, type NewMessage } from './messages.repository.js';

/**
 * Brings the verdict of the content rules to sends and edits. Where no rule speaks it costs a look into a map; whoever
 * may not post learns nothing of the rules.
 */
@Injectable()
export class RuleContent {
  constructor(
    private readonly rules: ContentRules,
    private readonly participants: ParticipantsPolicy,
    private readonly repository: MessagesRepository,
  ) {}

  /**
   * The send as it may be stored; at once where no rule speaks.
   * @throws ContentRejected, HeldForReview, IdempotencyConflict, ConversationNotFound, PermissionDenied,
   *   ConversationFrozen
   */
  send(actor: Actor, message: NewMessage): NewMessage | Promise<NewMessage> {
    if (message.content === '') return message;
    const verdict = this.rules.judge(message.conversation_id, message.content);
    return verdict === undefined ? message : this.apply(actor, message, verdict);
  }

  /**
   * The text as it may replace another; what a send would be held for is refused here. The actor may write it.
   * @throws ContentRejected
   */
  async edit(conversationId: string, content: string): Promise<string> {
    const verdict = await this.rules.judge(conversationId, content);
    if (verdict === undefined) return content;
    if (verdict.kind === 'mask') return verdict.content;
    throw new ContentRejected(verdict.kind === 'reject' ? verdict.reason : null);
  }

  private async apply(
    actor: Actor,
    message: NewMessage,
    pending: ContentVerdict | Promise<ContentVerdict | undefined>,
  ): Promise<NewMessage> {
    const verdict = await pending;
    if (verdict === undefined) return message;
    if (verdict.kind === 'mask') return { ...message, content: verdict.content };
    // What was stored before there was a rule, or was released: its key is answered as it was.
    if (await this.repository.hasKey(message)) return message;
    this.participants.requireMayPost(await this.participants.requireMember(actor, message.conversation_id));
    if (verdict.kind === 'reject') throw new ContentRejected(verdict.reason);
    const { id, status } = await this.rules.hold(toHeldSend(message), verdict);
    if (status === 'conflict') throw new IdempotencyConflict();
    if (status === 'dropped') throw new ContentRejected(null);
    throw new HeldForReview(id);
  }
}

function toHeldSend(message: NewMessage): Parameters<ContentRules['hold']>[0] {
  const { id: _id, session_id: _session, ...send } = message;
  return send;
}
