import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { ReadState } from './read-state.js';

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
 * newest message. The page contains the state before.
 */
@Injectable()
export class NewestPageReceipts {
  constructor(private readonly readState: ReadState) {}

  /** @throws what `list` throws, and as `ReadState.read` */
  async listAndMark<Page>(actor: Actor, conversationId: string, { list, newestIn, as }: Listing<Page>): Promise<Page> {
    const page = await list();
    const number = newestIn(page);
    if (number === undefined) return page;
    const mark = { sequence_number: number };
    if (as === 'read') await this.readState.read(actor, conversationId, mark);
    else await this.readState.deliver(actor, conversationId, mark);
    return page;
  }
}
