import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import { ErasureRepository } from './erasure.repository.js';
import { MESSAGE_DELETED } from './messages.events.js';
import { RetentionRepository } from './retention.repository.js';

/** Emptied under one lock of a conversation: nobody waits longer than for a large send. */
const AT_ONCE = 100;
/** Messages looked through by one statement. Senders have no index of their own: every send would pay for it. */
const WINDOW = 5000;
const CONVERSATIONS_AT_ONCE = 100;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Turns all that an erased account wrote into tombstones, each with a `message.deleted` of the server, as if its author
 * had deleted it. What is done is done: broken off at any point, the next run goes on with what is left.
 */
@Injectable()
export class MessageErasure {
  constructor(
    private readonly repository: ErasureRepository,
    private readonly tombstones: RetentionRepository,
    private readonly log: EventLog,
  ) {}

  /** Answers how many messages this run has taken away. */
  async eraseAll(userId: string): Promise<number> {
    let [erased, after] = [0, NO_ID];
    for (;;) {
      const page = await this.repository.conversations(userId, after, CONVERSATIONS_AT_ONCE);
      for (const { conversation_id, last_number } of page) {
        for (let from = 0; from < last_number; from += WINDOW) {
          const ids = await this.repository.written(userId, conversation_id, { from, to: from + WINDOW });
          for (let first = 0; first < ids.length; first += AT_ONCE) {
            erased += await this.erase(conversation_id, ids.slice(first, first + AT_ONCE));
          }
        }
      }
      if (page.length < CONVERSATIONS_AT_ONCE) return erased;
      after = page.at(-1)!.conversation_id;
    }
  }

  private async erase(conversationId: string, ids: string[]): Promise<number> {
    const erased = await this.log.write(conversationId, async (tx) => {
      const left = await this.repository.stillThere(tx, ids);
      await this.tombstones.empty(tx, left, tx.head.at);
      await this.repository.forgetKeys(tx, left);
      for (const subjectId of left) tx.append({ type: MESSAGE_DELETED, actorId: null, subjectId });
      return left.length;
    });
    return erased ?? 0;
  }
}
