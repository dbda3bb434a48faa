import { DomainEvent } from '../../../platform/event-log/domain-events.js';

/** Messages with links were stored or edited. */
export class LinksWritten extends DomainEvent {
  readonly type = 'links.written';

  constructor(readonly messageIds: readonly string[]) {
    super();
  }
}
