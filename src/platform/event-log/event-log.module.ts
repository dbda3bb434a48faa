import { Global, Module } from '@nestjs/common';
import { DomainEvents } from './domain-events.js';
import { EventCatalogue } from './event-catalogue.js';
import { EventLog } from './event-log.js';
import { OutboxRepository } from './outbox.repository.js';

/** The log and its catalogue. `CommitListener` is provided by the realtime module or by the worker. */
@Global()
@Module({
  providers: [EventCatalogue, EventLog, OutboxRepository, DomainEvents],
  exports: [EventCatalogue, EventLog, OutboxRepository, DomainEvents],
})
export class EventLogModule {}
