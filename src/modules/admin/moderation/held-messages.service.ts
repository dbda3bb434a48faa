import { Injectable } from '@nestjs/common';
import { AppError } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { MessagesService } from '../../messages/messages.service.js';
import type { HeldMessageDto, ListHeldMessagesQuery } from './held-messages.dto.js';
import { type HeldMessageRow, HeldMessagesRepository, type QueueScope } from './held-messages.repository.js';
import { HeldMessageDecided, HeldMessageNotFound, HeldMessageNotSendable } from './moderation.errors.js';
import { ModerationPolicy, type ModerationScope } from './moderation.policy.js';

/** A release begins before the message is sent and ends after it; in between it still counts as undecided. */
const UNDECIDED = ['held', 'releasing'];

/**
 * Reviews messages that rules hold back. A released message is sent like any other, under the current rules and with
 * the next message number. If several moderators decide at the same time, exactly one decision wins; the message is
 * sent only once, even after a crash in between.
 */
@Injectable()
export class HeldMessagesService {
  constructor(
    private readonly repository: HeldMessagesRepository,
    private readonly policy: ModerationPolicy,
    private readonly messages: MessagesService,
    private readonly log: EventLog,
  ) {}

  /** Longest waiting first. @throws PermissionDenied, ConversationNotFound, ValidationError */
  async list(actor: Actor, scope: ModerationScope, query: ListHeldMessagesQuery): Promise<Page<HeldMessageDto>> {
    await this.policy.requireReviewer(actor, scope);
    const { limit = DEFAULT_PAGE_SIZE, cursor, status = 'held' } = query;
    const [at, id] = cursor === undefined ? [] : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const after = at === undefined ? undefined : { at: new Date(at), id: id! };
    const rows = await this.repository.page(queueOf(scope), status === 'held' ? UNDECIDED : [status], after, limit);
    return toPage(rows, limit, present, (row) => [row.held_at.getTime(), row.id]);
  }

  /** Sends the message. @throws HeldMessageNotFound, HeldMessageDecided, HeldMessageNotSendable, … as `list` */
  async release(actor: Actor, scope: ModerationScope, id: string): Promise<HeldMessageDto> {
    const { send } = await this.decide(actor, scope, id, { from: UNDECIDED, to: 'releasing' });
    const messageId = await this.send(id, send);
    const released = { from: UNDECIDED, to: 'released', messageId };
    return present(await this.decide(actor, scope, id, released, 'held_message.release'));
  }

  /** Decides that the message is never sent. @throws HeldMessageNotFound, HeldMessageDecided, … as `list` */
  async drop(actor: Actor, scope: ModerationScope, id: string): Promise<HeldMessageDto> {
    return present(await this.decide(actor, scope, id, { from: ['held'], to: 'dropped' }, 'held_message.drop'));
  }

  private async send(id: string, send: HeldMessageRow['send']): Promise<string> {
    try {
      return (await this.messages.release(send, `held:${id}`)).message.id;
    } catch (error) {
      // Certainly nothing was stored: the message may still be dropped.
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      await this.repository.transition(undefined, id, { from: ['releasing'], to: 'held' });
      throw new HeldMessageNotSendable(error.code);
    }
  }

  private async decide(
    actor: Actor,
    scope: ModerationScope,
    id: string,
    change: { from: readonly string[]; to: string; messageId?: string },
    action?: string,
  ): Promise<HeldMessageRow> {
    const queue = queueOf(scope);
    const row = await this.log.write(scope.conversationId ?? actor.userId, async (tx: StreamTransaction) => {
      await this.policy.requireReviewer(actor, scope, tx);
      if (!(await this.repository.find(id, queue, tx))) throw new HeldMessageNotFound();
      const isMoved = await this.repository.transition(tx, id, { ...change, by: actor.userId });
      const after = (await this.repository.find(id, queue, tx))!;
      // Another moderator has released the same message in the meantime: the result is the same.
      if (!isMoved && after.status !== change.to) throw new HeldMessageDecided();
      if (isMoved && action !== undefined) {
        const { conversation_id, sender_id, message_id } = after;
        const facts = { conversation_id, sender_id, message_id, status: after.status };
        tx.audit({ actor, action, target: { type: 'held_message', id }, after: facts });
      }
      return after;
    });
    if (!row) throw this.policy.notFound(scope);
    return row;
  }
}

/** The review queue of a scope. */
function queueOf({ kind: queue, conversationId }: ModerationScope): QueueScope {
  return { queue, conversationId };
}

function present(row: HeldMessageRow): HeldMessageDto {
  return {
    id: row.id,
    conversation_id: row.conversation_id,
    sender_id: row.sender_id,
    sender_name: row.sender_name ?? '',
    content: [row.send.content, row.send.forwarded?.content].filter(Boolean).join('\n'),
    message_type: row.send.message_type,
    rule_id: row.rule_id,
    reason: row.reason,
    status: row.status === 'releasing' ? 'held' : row.status,
    held_at: row.held_at.toISOString(),
    decided_at: row.decided_at?.toISOString() ?? null,
    decided_by: row.decided_by,
    message_id: row.message_id,
  };
}
