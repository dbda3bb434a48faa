import { Injectable, Logger } from '@nestjs/common';
import { type DecoratedMethods, methodDecorator } from '../discovery/decorated-methods.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** A past fact that other modules of this process may react to. It is published after the commit, never before. */
export abstract class DomainEvent {
  /** The same name is used in frames, in webhooks and as a metric label. */
  abstract readonly type: string;
}

type Handler<E extends DomainEvent> = (event: E) => void | Promise<void>;
type EventClass<E extends DomainEvent> = abstract new (...args: never[]) => E;
type EventClasses = readonly [EventClass<DomainEvent>, ...EventClass<DomainEvent>[]];

const ON_DOMAIN_EVENT = Symbol('@OnDomainEvent');

/**
 * Marks a method of a provider as a handler of these events, from the start of the process to its end. The method
 * receives the event: if its parameter has another type, it does not compile.
 */
export function OnDomainEvent<Classes extends EventClasses>(...eventClasses: Classes) {
  return methodDecorator<Handler<InstanceType<Classes[number]>>>(ON_DOMAIN_EVENT, eventClasses);
}

/**
 * Notifies lower modules of facts in higher ones without an import, and gateways of what a service did.
 * The error of a handler is logged and affects neither the publisher nor other handlers: the change is committed.
 */
@Injectable()
export class DomainEvents {
  private readonly handlers = new Map<unknown, Handler<DomainEvent>[]>();
  private readonly failures = new RepeatedWarning(new Logger(DomainEvents.name), 'a handler of a domain event failed', {
    recovered: 'the handlers of domain events work again',
    level: 'error',
  });

  /** Adds the methods marked `@OnDomainEvent`. */
  registerDecorated(methods: DecoratedMethods): void {
    for (const { options, method } of methods.of<EventClasses, Handler<DomainEvent>>(ON_DOMAIN_EVENT)) {
      for (const eventClass of options) this.on(eventClass, method);
    }
  }

  on<E extends DomainEvent>(eventClass: EventClass<E>, handler: Handler<E>): void {
    const handlers = this.handlers.get(eventClass) ?? [];
    handlers.push(handler as Handler<DomainEvent>);
    this.handlers.set(eventClass, handlers);
  }

  publish(event: DomainEvent): void {
    for (const handler of this.handlers.get(event.constructor) ?? []) {
      void this.run(handler, event);
    }
  }

  private async run(handler: Handler<DomainEvent>, event: DomainEvent): Promise<void> {
    try {
      await handler(event);
      this.failures.worked();
    } catch (error) {
      this.failures.failed({ err: error, event: event.type });
    }
  }
}
