import { DomainEvent } from '../../platform/event-log/domain-events.js';

/** The wire name of the signal that a scan has ended. */
export const FILE_SCANNED = 'file.scanned';

/** A file is stored completely and waits for its scan. */
export class FileStored extends DomainEvent {
  readonly type = 'file.stored';

  constructor(
    readonly fileId: string,
    readonly uploaderId: string,
  ) {
    super();
  }
}
