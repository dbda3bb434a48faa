import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { presentParticipantEvent } from './participant-presenter.js';
import {
  PARTICIPANT_JOINED,
  PARTICIPANT_LEFT,
  PARTICIPANT_UPDATED,
  ParticipantData,
  ParticipantLeftData,
} from './participants.events.js';
import { ParticipantsRepository } from './participants.repository.js';

/** Renders events about participants that are read from the log, with the current names. */
@Injectable()
export class ParticipantEventRenderer {
  constructor(private readonly repository: ParticipantsRepository) {}

  @DurableEvent(PARTICIPANT_JOINED, {
    summary: 'A user joined a conversation or was added to it.',
    data: ParticipantData,
    membership: 'enters',
  })
  @DurableEvent(PARTICIPANT_LEFT, {
    summary: 'A participant left or was removed.',
    data: ParticipantLeftData,
    membership: 'leaves',
  })
  @DurableEvent(PARTICIPANT_UPDATED, {
    summary: 'The role or the mute of a participant changed.',
    data: ParticipantData,
  })
  async present(events: StreamEvent[]): Promise<(PresentedEvent | undefined)[]> {
    const names = await this.repository.names(events.map(({ subjectId }) => subjectId!));
    return events.map((event) => presentParticipantEvent(event, names.get(event.subjectId!)));
  }
}
