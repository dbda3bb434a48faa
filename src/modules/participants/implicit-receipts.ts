import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { ReadState } from './read-state.js';

/** Marks everything up to a message number of a conversation as delivered. */
type MarkDelivered = (conversationId: string, number: number) => Promise<unknown>;

/**
 * Only for dialects, whose protocols have no frame for delivery receipts: a message that is written to the socket
 * counts as delivered. Each connection stores one mark at a time; the next one includes all messages that were
 * delivered in the meantime.
 */
export class DeliveryReceipts {
  private readonly pending = new Map<string, number>();
  private isMarking = false;

  constructor(private readonly mark: MarkDelivered) {}

  /** For the messages that arrive at a connection of this user. */
  static forActor(actor: Actor, readState: ReadState): DeliveryReceipts {
    return new DeliveryReceipts((id, number) => readState.markDelivered(actor, id, { sequence_number: number }));
  }

  onDelivered(conversationId: string, number: number): void {
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

/** A page of the messages of a conversation. */
interface Listing<Page> {
  readonly list: () => Promise<Page>;
  /** Returns the number of the newest message; undefined if this is not the newest page, or nothing is to be marked. */
  readonly newestIn: (page: Page) => number | undefined;
  /** How the messages up to that number are marked. */
  readonly as: 'read' | 'delivered';
}

/**
 * Only for dialects, whose APIs have no call that marks messages: listing the newest page marks everything up to its
 * newest message. The returned page still has the state before the mark.
 */
@Injectable()
export class NewestPageReceipts {
  constructor(private readonly readState: ReadState) {}

  /** @throws what `list` throws, and as `ReadState.markRead` */
  async listAndMark<Page>(actor: Actor, conversationId: string, { list, newestIn, as }: Listing<Page>): Promise<Page> {
    const page = await list();
    const number = newestIn(page);
    if (number === undefined) return page;
    const mark = { sequence_number: number };
    if (as === 'read') await this.readState.markRead(actor, conversationId, mark);
    else await this.readState.markDelivered(actor, conversationId, mark);
    return page;
  }
}
