import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { presentParticipantEvent } from './participant-presenter.js';
import { PARTICIPANT_JOINED, PARTICIPANT_LEFT, PARTICIPANT_UPDATED } from './participants.events.js';
import { ParticipantsRepository } from './participants.repository.js';

/** Renders events about participants that are read from the log, with the current names. */
@Injectable()
export class ParticipantEventRenderer {
  constructor(private readonly repository: ParticipantsRepository) {}

  @DurableEvent(PARTICIPANT_JOINED, { membership: 'enters' })
  @DurableEvent(PARTICIPANT_LEFT, { membership: 'leaves' })
  @DurableEvent(PARTICIPANT_UPDATED)
  async present(events: StreamEvent[]): Promise<(PresentedEvent | undefined)[]> {
    const names = await this.repository.names(events.map(({ subjectId }) => subjectId!));
    return events.map((event) => presentParticipantEvent(event, names.get(event.subjectId!)));
  }
}
