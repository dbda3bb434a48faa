import 'reflect-metadata';
import { Controller, type INestApplicationContext, Injectable, Module, Scope, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Config } from '../config/config.js';
import { DomainEvent, DomainEvents, OnDomainEvent } from '../event-log/domain-events.js';
import { DurableEvent, EventCatalogue } from '../event-log/event-catalogue.js';
import type { StreamEvent } from '../event-log/stream-event.js';
import { OnConnection, type ClosedConnection } from '../realtime/connection/connection-changes.js';
import { ResumeState } from '../realtime/resume/resume-state-providers.js';
import { ScheduledTasks, ScheduledTask } from '../schedule/schedule.js';
import { DecoratedMethods, DecoratedMethodsModule } from './decorated-methods.js';

class Opened extends DomainEvent {
  readonly type = 'opened';
  readonly door = 1;
}

class Closed extends DomainEvent {
  readonly type = 'closed';
  readonly isLocked = true;
}

const calls: string[] = [];

@Injectable()
class Lower {
  private readonly name = 'Lower';

  @OnDomainEvent(Opened)
  first({ door }: Opened): void {
    calls.push(`${this.name}.first ${door}`);
  }

  @OnDomainEvent(Opened, Closed)
  second({ type }: Opened | Closed): void {
    calls.push(`${this.name}.second ${type}`);
  }
}

@Controller()
class Upper {
  @OnDomainEvent(Opened)
  third(): void {
    calls.push('Upper.third');
  }
}

@Module({ providers: [Lower, { provide: 'alias', useExisting: Lower }] })
class LowerModule {}

/** The application context of a root module with these parts. */
async function contextOf({ imports = [], providers = [], controllers = [] }: Record<string, Type[]>) {
  @Module({ imports: [DecoratedMethodsModule, ...imports], providers, controllers })
  class Root {}
  const context = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  contexts.push(context);
  return context;
}

const contexts: INestApplicationContext[] = [];

async function eventsOf(parts: Record<string, Type[]>): Promise<DomainEvents> {
  const events = new DomainEvents();
  events.registerDecorated((await contextOf(parts)).get(DecoratedMethods, { strict: false }));
  return events;
}

describe('a decorated method', () => {
  afterEach(async () => {
    calls.length = 0;
    for (const context of contexts.splice(0)) await context.close();
  });

  it('handles an event in the turn in which it is published, in the order of modules and methods', async () => {
    const events = await eventsOf({ imports: [LowerModule], controllers: [Upper] });
    events.publish(new Opened());
    expect(calls).toEqual(['Lower.first 1', 'Lower.second opened', 'Upper.third']);
  });

  it('handles each of the events of one decorator', async () => {
    const events = await eventsOf({ imports: [LowerModule] });
    events.publish(new Closed());
    expect(calls).toEqual(['Lower.second closed']);
  });

  it('prevents the start when its class has two instances', async () => {
    await expect(eventsOf({ imports: [LowerModule], providers: [Lower] })).rejects.toThrow(
      'Lower has @OnDomainEvent, but it has two instances: provide it in one module.',
    );
  });

  it.each([Scope.TRANSIENT, Scope.REQUEST])('prevents the start when its class has the scope %s', async (scope) => {
    @Injectable({ scope })
    class Scoped {
      @OnDomainEvent(Opened)
      handle(): void {}
    }
    await expect(eventsOf({ providers: [Scoped] })).rejects.toThrow(
      'Scoped has @OnDomainEvent, but it is not a singleton: give it the default scope.',
    );
  });

  it('prevents the start when it is static', () => {
    expect(() => {
      class WithStatic {
        @OnDomainEvent(Opened)
        static handle(): void {}
      }
      return WithStatic;
    }).toThrow('WithStatic.handle has @OnDomainEvent, but it is static.');
  });

  it('prevents the start when two methods declare one durable event', async () => {
    @Injectable()
    class Presenters {
      @DurableEvent('door.opened', { summary: 'A door opened.', data: Opened })
      present(events: StreamEvent[]): undefined[] {
        return events.map(() => undefined);
      }

      @DurableEvent('door.opened', { summary: 'A door opened.', data: Opened })
      presentAgain(): [] {
        return [];
      }
    }
    const methods = (await contextOf({ providers: [Presenters] })).get(DecoratedMethods, { strict: false });
    expect(() => new EventCatalogue().registerDecorated(methods)).toThrow('event door.opened is declared twice');
  });

  it('prevents the start when two are tasks of one name, or one has no interval', async () => {
    @Injectable()
    class Twice {
      @ScheduledTask({ name: 'doors', everyMs: 1000 })
      run(): Promise<Record<string, number>> {
        return Promise.resolve({});
      }

      @ScheduledTask({ name: 'doors', everyMs: 1000 })
      runAgain(): Promise<Record<string, number>> {
        return Promise.resolve({});
      }
    }
    @Injectable()
    class Never {
      @ScheduledTask({ name: 'never', everyMs: 0 })
      run(): Promise<Record<string, number>> {
        return Promise.resolve({});
      }
    }
    const bound = async (provider: Type): Promise<void> => {
      const methods = (await contextOf({ providers: [provider] })).get(DecoratedMethods, { strict: false });
      new ScheduledTasks(Config.load({}, [])).registerDecorated(methods);
    };
    await expect(bound(Twice)).rejects.toThrow('The task doors is scheduled twice.');
    await expect(bound(Never)).rejects.toThrow('The task never has no interval.');
  });

  it('does not compile with a parameter or a result of another type', () => {
    class Wrong {
      // @ts-expect-error -- a handler of another event
      @OnDomainEvent(Opened)
      otherEvent(_event: Closed): void {}

      // @ts-expect-error -- a handler of one of two events
      @OnDomainEvent(Opened, Closed)
      oneOfTwo(_event: Opened): void {}

      // @ts-expect-error -- without an event
      @OnDomainEvent()
      noEvent(): void {}

      // @ts-expect-error -- a class that is no event
      @OnDomainEvent(Date)
      noEventClass(_event: Date): void {}

      // @ts-expect-error -- a presenter of one event instead of a page of events
      @DurableEvent('one', { summary: 'One.', data: Opened })
      presentOne(_event: StreamEvent): [] {
        return [];
      }

      // @ts-expect-error -- a task without a report
      @ScheduledTask({ name: 'none', everyMs: 1 })
      run(): Promise<void> {
        return Promise.resolve();
      }

      // @ts-expect-error -- state that is no list of frames
      @ResumeState()
      state(_userId: string): Promise<number> {
        return Promise.resolve(1);
      }

      // @ts-expect-error -- what is received at the end of a connection, at its opening
      @OnConnection('opened')
      opened(_connection: ClosedConnection): void {}
    }
    expect(Wrong).toBeDefined();
  });
});
