import { Injectable } from '@nestjs/common';
import type { PresentedEvent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { presentParticipantEvent } from './participant-presenter.js';
import { ParticipantsRepository } from './participants.repository.js';

/** Renders events about participants that are read from the log, with the current names. */
@Injectable()
export class ParticipantEventRenderer {
  constructor(private readonly repository: ParticipantsRepository) {}

  async present(events: StreamEvent[]): Promise<(PresentedEvent | undefined)[]> {
    const names = await this.repository.names(events.map(({ subjectId }) => subjectId!));
    return events.map((event) => presentParticipantEvent(event, names.get(event.subjectId!)));
  }
}
