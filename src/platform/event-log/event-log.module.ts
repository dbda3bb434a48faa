import { Global, Module } from '@nestjs/common';
import { DomainEvents } from './domain-events.js';
import { EventCatalogue } from './event-catalogue.js';
import { EventLog } from './event-log.js';
import { OutboxRepository } from './outbox.repository.js';

/** The log and its catalogue. `CommitListener` comes from the realtime module, or from the worker's own. */
@Global()
@Module({
  providers: [EventCatalogue, EventLog, OutboxRepository, DomainEvents],
  exports: [EventCatalogue, EventLog, OutboxRepository, DomainEvents],
})
export class EventLogModule {}
