import type { Actor } from '../../platform/identity/actor.js';
import type { ReadState } from './read-state.js';

/** Marks everything up to a message number of a conversation as delivered. */
type Mark = (conversationId: string, number: number) => Promise<unknown>;

/**
 * Only for dialects, whose protocols have no frame for delivery receipts: a message that is written to the socket counts
 * as delivered. Each connection stores one mark at a time; the next one includes all messages that were delivered in
 * the meantime.
 */
export class DeliveryReceipts {
  private readonly pending = new Map<string, number>();
  private isMarking = false;

  constructor(private readonly mark: Mark) {}

  /** For the messages that arrive at a connection of this user. */
  static of(actor: Actor, readState: ReadState): DeliveryReceipts {
    return new DeliveryReceipts((id, number) => readState.deliver(actor, id, { sequence_number: number }));
  }

  arrived(conversationId: string, number: number): void {
    this.pending.set(conversationId, number);
    if (!this.isMarking) void this.markAll();
  }

  private async markAll(): Promise<void> {
    this.isMarking = true;
    for (const [conversationId, number] of this.pending) {
      this.pending.delete(conversationId);
      // Refused if the user is no longer a participant or logged in; the mark is then of no use.
      await this.mark(conversationId, number).catch(() => undefined);
    }
    this.isMarking = false;
  }
}
