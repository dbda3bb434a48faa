import { Injectable, Logger } from '@nestjs/common';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** A past fact that other modules of this process may react to. It is published after the commit, never before. */
export abstract class DomainEvent {
  /** The same name is used in frames, in webhooks and as a metric label. */
  abstract readonly type: string;
}

type Handler<E extends DomainEvent> = (event: E) => void | Promise<void>;
type EventClass<E extends DomainEvent> = abstract new (...args: never[]) => E;

/**
 * Notifies lower modules of facts in higher ones without an import, and gateways of what a service did.
 * The error of a handler is logged and affects neither the publisher nor other handlers: the change is committed.
 */
@Injectable()
export class DomainEvents {
  private readonly handlers = new Map<unknown, Handler<DomainEvent>[]>();
  private readonly failures = new RepeatedWarning(new Logger(DomainEvents.name), 'a handler of a domain event failed', {
    over: 'the handlers of domain events work again',
    level: 'error',
  });

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
