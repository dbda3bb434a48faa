import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../../platform/event-log/stream-event.js';
import { PARTICIPANT_BANNED, PARTICIPANT_UNBANNED, BanData, UnbanData } from '../participants.events.js';

/** The stored payload of `participant.banned`. */
export interface BanPayload extends Record<string, unknown> {
  readonly until: string | null;
}

/** Renders the events of bans. The reason is not among them: only moderators read it, in the list of bans. */
@Injectable()
export class BanEventRenderer {
  @DurableEvent(PARTICIPANT_BANNED, {
    summary: 'A user was banned from a conversation; `participant.left` follows if they took part.',
    data: BanData,
  })
  renderBans(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId, payload }) => ({
      data: { user_id: subjectId!, until: (payload as BanPayload).until } satisfies BanData,
    }));
  }

  @DurableEvent(PARTICIPANT_UNBANNED, { summary: 'The ban of a user from a conversation was ended.', data: UnbanData })
  renderUnbans(events: StreamEvent[]): EventContent[] {
    return events.map(({ subjectId }) => ({ data: { user_id: subjectId! } satisfies UnbanData }));
  }
}
