import { Injectable } from '@nestjs/common';
import { AttemptsRepository, type DueDelivery } from './attempts.repository.js';

const IDS_MAX = 100;
/** How long the number of participants of a large conversation is used: counting 100,000 rows takes 15 ms. */
const COUNT_MS = 5000;
/** Conversations whose number is remembered. */
const COUNTS_MAX = 1000;

/** Fields of the data of a delivery. */
export interface EventMembers {
  readonly member_ids: string[];
  readonly member_count: number;
}

/**
 * Names the recipients of an event of a conversation to webhooks with the scope all, whose owner need not be one of
 * them.
 */
@Injectable()
export class EventMembersReader {
  private readonly counts = new Map<string, { readonly count: number; readonly until: number }>();

  constructor(private readonly repository: AttemptsRepository) {}

  /** Returns the members by delivery; absent for other webhooks and for events that have no conversation. */
  async read(due: readonly DueDelivery[]): Promise<ReadonlyMap<string, EventMembers>> {
    const wanted = due.filter(({ scope }) => scope === 'all');
    if (wanted.length === 0) return new Map();
    const lists = await this.repository.membersAt(wanted, IDS_MAX + 1);
    const members = new Map<string, EventMembers>();
    for (const [index, ids] of lists.entries()) {
      if (ids.length === 0) continue;
      const { id, stream_id: conversationId } = wanted[index]!;
      const count = ids.length <= IDS_MAX ? ids.length : await this.count(conversationId);
      members.set(id, { member_ids: ids.slice(0, IDS_MAX), member_count: count });
    }
    return members;
  }

  private async count(conversationId: string): Promise<number> {
    const known = this.counts.get(conversationId);
    if (known && known.until > performance.now()) return known.count;
    if (this.counts.size >= COUNTS_MAX) this.counts.clear();
    const count = await this.repository.countMembers(conversationId);
    this.counts.set(conversationId, { count, until: performance.now() + COUNT_MS });
    return count;
  }
}
