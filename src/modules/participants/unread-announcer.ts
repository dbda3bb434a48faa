import { Injectable } from '@nestjs/common';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { ReadStateChanged, UNREAD_CHANGED, UnreadChanged } from './participants.events.js';
import { UnreadRepository } from './unread.repository.js';

interface Place {
  readonly userId: string;
  readonly conversationId: string;
}

/** Conversations whose counts are read by one pair of statements. */
const BATCH = 200;

/**
 * Sends `unread.changed` to all devices of a user whose marks have moved. Totals are read from all conversations of the
 * user. So one batch is read at a time, and changes of the same conversation that arrive meanwhile are sent once: under
 * load the frames are later and fewer. The last frame has the last state.
 */
@Injectable()
export class UnreadAnnouncer {
  private readonly pending = new Map<string, Place>();
  private isSending = false;

  constructor(
    private readonly repository: UnreadRepository,
    private readonly broadcaster: Broadcaster,
  ) {}

  @OnDomainEvent(ReadStateChanged)
  onReadStateChanged({ moves }: ReadStateChanged): Promise<void> {
    return this.announce(moves.filter(({ hasReadMoved }) => hasReadMoved));
  }

  @OnDomainEvent(UnreadChanged)
  onUnreadChanged({ places }: UnreadChanged): Promise<void> {
    return this.announce(places);
  }

  private async announce(places: readonly Place[]): Promise<void> {
    for (const { userId, conversationId } of places)
      this.pending.set(`${userId} ${conversationId}`, { userId, conversationId });
    if (this.isSending) return;
    this.isSending = true;
    try {
      while (this.pending.size > 0) await this.sendBatch();
    } finally {
      this.isSending = false;
    }
  }

  private async sendBatch(): Promise<void> {
    const batch = [...this.pending].slice(0, BATCH);
    for (const [key] of batch) this.pending.delete(key);
    const places = batch.map(([, place]) => place);
    const [states, totals] = await Promise.all([
      this.repository.states(places),
      this.repository.totals([...new Set(places.map(({ userId }) => userId))]),
    ]);
    const totalsOf = new Map(totals.map(({ user_id, external_id: _externalId, ...counts }) => [user_id, counts]));
    for (const { user_id: userId, ...state } of states) {
      this.broadcaster.toUsers([userId], {
        type: UNREAD_CHANGED,
        class: 'state',
        key: `unread:${state.conversation_id}`,
        data: { ...state, ...totalsOf.get(userId) },
      });
    }
  }
}
