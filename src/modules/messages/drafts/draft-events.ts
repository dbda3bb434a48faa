import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import { DRAFT_REMOVED, DRAFT_UPDATED, DraftData, DraftRemovedData } from './drafts.events.js';
import { type DraftPlace, DraftsRepository, presentDraft } from './drafts.repository.js';

/** Renders the events of drafts, which only their user receives. */
@Injectable()
export class DraftEvents {
  constructor(private readonly repository: DraftsRepository) {}

  @DurableEvent(DRAFT_UPDATED, { summary: 'The user has changed a draft.', data: DraftData })
  async renderUpdated(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const places = events.map(placeOf);
    const rows = await this.repository.find(places);
    const byPlace = new Map(
      rows.map((row) => [`${row.user_id} ${row.conversation_id} ${row.thread_root_id}`, presentDraft(row)]),
    );
    return places.map(({ userId, conversationId, threadRootId }) => {
      const draft = byPlace.get(`${userId} ${conversationId} ${threadRootId}`);
      return draft && { data: { draft } };
    });
  }

  @DurableEvent(DRAFT_REMOVED, { summary: 'The user has removed a draft.', data: DraftRemovedData })
  renderRemoved(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({ data: { conversation_id: subjectId, ...payload } }));
  }
}

function placeOf({ streamId, subjectId, payload }: StreamEvent): DraftPlace {
  return { userId: streamId, conversationId: subjectId!, threadRootId: (payload?.thread_root_id as string) ?? null };
}
