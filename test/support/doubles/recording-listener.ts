import { CommitListener, type CommittedEvent } from '../../../src/platform/event-log/stream-event.js';

/** Records what was committed, in the order of the commits. */
export class RecordingListener extends CommitListener {
  readonly events: CommittedEvent[] = [];

  committed(events: CommittedEvent[]): void {
    this.events.push(...events);
  }
}
