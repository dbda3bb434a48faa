import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { MessageErasureRepository } from './message-erasure.repository.js';
import { ThreadEvents } from './thread-events.js';
import { MESSAGE_DELETED } from './messages.events.js';
import { MessageRetentionRepository } from './message-retention.repository.js';

/** Messages emptied under one lock of a conversation: other writers wait no longer than for a large send. */
const BATCH_SIZE = 100;
/** Messages scanned by one statement. There is no index by sender: every send would pay for it. */
const WINDOW = 5000;
const CONVERSATIONS_PER_PAGE = 100;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Turns all messages of an erased account into tombstones, each with a `message.deleted` of the server, as if the
 * author had deleted it. Each batch is committed: after an interruption the next run continues with the remaining
 * messages.
 */
@Injectable()
export class MessageErasure {
  constructor(
    private readonly repository: MessageErasureRepository,
    private readonly tombstones: MessageRetentionRepository,
    private readonly log: EventLog,
    private readonly threads: ThreadEvents,
  ) {}

  /** Returns the number of messages that this run has erased. */
  async eraseAll(userId: string): Promise<number> {
    let [erased, after] = [0, NO_ID];
    for (;;) {
      const page = await this.repository.findConversations(userId, after, CONVERSATIONS_PER_PAGE);
      for (const { conversation_id, last_number } of page) {
        for (let from = 0; from < last_number; from += WINDOW) {
          const ids = await this.repository.findMessageIds(userId, conversation_id, { from, to: from + WINDOW });
          for (let first = 0; first < ids.length; first += BATCH_SIZE) {
            erased += await this.erase(conversation_id, ids.slice(first, first + BATCH_SIZE));
          }
        }
      }
      if (page.length < CONVERSATIONS_PER_PAGE) return erased;
      after = page.at(-1)!.conversation_id;
    }
  }

  private async erase(conversationId: string, ids: string[]): Promise<number> {
    const erased = await this.log.write(conversationId, async (tx) => {
      const remaining = await this.repository.findRemaining(tx, ids);
      await this.tombstones.empty(tx, remaining, tx.head.at);
      await this.repository.clearIdempotencyKeys(tx, remaining);
      for (const subjectId of remaining) tx.append({ type: MESSAGE_DELETED, actorId: null, subjectId });
      await this.threads.appendAfterDeletion(tx, remaining, null);
      return remaining.length;
    });
    return erased ?? 0;
  }
}
