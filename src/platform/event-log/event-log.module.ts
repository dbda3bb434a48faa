import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { DecoratedMethods, DecoratedMethodsModule } from '../discovery/decorated-methods.js';
import { DomainEvents } from './domain-events.js';
import { EventCatalogue } from './event-catalogue.js';
import { EventLog } from './event-log.js';
import { OutboxRepository } from './outbox.repository.js';

/** The log and its catalogue. `CommitListener` is provided by the realtime module or by the worker. */
@Global()
@Module({
  imports: [DecoratedMethodsModule],
  providers: [EventCatalogue, EventLog, OutboxRepository, DomainEvents],
  exports: [EventCatalogue, EventLog, OutboxRepository, DomainEvents],
})
export class EventLogModule implements OnModuleInit {
  constructor(
    private readonly methods: DecoratedMethods,
    private readonly events: DomainEvents,
    private readonly catalogue: EventCatalogue,
  ) {}

  /** Global modules are initialised before the others, and all instances exist: no event is published earlier. */
  onModuleInit(): void {
    this.events.registerDecorated(this.methods);
    this.catalogue.registerDecorated(this.methods);
  }
}
