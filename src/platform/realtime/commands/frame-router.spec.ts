import type { DiscoveryService } from '@nestjs/core';
import { DecoratedMethods } from '../../discovery/decorated-methods.js';
import type { LoadShedder } from '../../throttling/load-shedder.js';
import type { Limits } from '../../throttling/limits.service.js';
import type { Connection } from '../connection/connection.js';
import type { AuthFrameHandler } from './auth-frame-handler.js';
import { FrameRouter } from './frame-router.js';
import { Gateway, OnFrame } from './gateway.decorators.js';
import type { LiveConnection } from '../connection/live-connection.js';
import { RealtimeSettings } from '../connection/realtime-settings.js';
import { CALL_LIMIT, CONNECT_LIMIT, type RateLimit } from '../../throttling/limits.js';

class EmptyDto {}

@Gateway()
class FirstGateway {
  readonly started: string[] = [];

  @OnFrame('one', EmptyDto, { limit: CALL_LIMIT, summary: 'One' })
  one(_connection: LiveConnection, _dto: EmptyDto): void {
    this.started.push('one');
  }

  @OnFrame('two', EmptyDto, { limit: CONNECT_LIMIT, summary: 'Two' })
  two(_connection: LiveConnection, _dto: EmptyDto): void {
    this.started.push('two');
  }
}

@Gateway()
class DuplicateGateway {
  @OnFrame('one', EmptyDto, { limit: CALL_LIMIT, summary: 'One, too' })
  one(): void {}
}

@Gateway()
class LimitlessGateway {
  @OnFrame('free', EmptyDto, { limit: undefined as unknown as RateLimit, summary: 'No limit' })
  free(): void {}
}

function routerOf(limits: Partial<Limits>, ...instances: object[]): FrameRouter {
  const providers = instances.map((instance) => ({ instance, isDependencyTreeStatic: () => true }));
  const discovery = { getProviders: () => providers, getControllers: () => [] };
  return new FrameRouter(
    new DecoratedMethods(discovery as unknown as DiscoveryService),
    limits as Limits,
    new RealtimeSettings(),
    {} as AuthFrameHandler,
    { checkLoad: () => undefined } as unknown as LoadShedder,
  );
}

describe('the frame router', () => {
  it('refuses to start with two handlers of one frame', () => {
    const router = routerOf({}, new FirstGateway(), new DuplicateGateway());
    expect(() => router.onApplicationBootstrap()).toThrow('one has two handlers');
  });

  it('refuses to start with a frame without a limit', () => {
    expect(() => routerOf({}, new LimitlessGateway()).onApplicationBootstrap()).toThrow('free has no limit');
  });

  it('refuses to start with a frame in a class that is no gateway', () => {
    class NoGateway {
      @OnFrame('one', EmptyDto, { limit: CALL_LIMIT, summary: 'One' })
      one(): void {}
    }
    expect(() => routerOf({}, new NoGateway()).onApplicationBootstrap()).toThrow(
      'The handler of the command one is not in a class marked @Gateway.',
    );
  });

  it('treats one provider with two tokens as one', () => {
    const gateway = new FirstGateway();
    const router = routerOf({}, gateway, gateway);
    router.onApplicationBootstrap();
    expect(router.definitions.map(({ type }) => type)).toEqual(['one', 'two']);
  });

  it('starts requests in their order, even if the limit of an earlier one is counted more slowly', async () => {
    const gateway = new FirstGateway();
    let counted = (): void => {};
    const slowly = new Promise<void>((resolve) => (counted = resolve));
    const router = routerOf({ check: (limit) => (limit === CALL_LIMIT ? slowly : undefined) }, gateway);
    router.onApplicationBootstrap();
    const connection = {
      isClosed: false,
      isSignedIn: true,
      actor: {},
      inFlight: 0,
      fail() {},
      reply() {},
    } as unknown as Connection;
    router.receive(connection, 'one', {}, '1');
    router.receive(connection, 'two', {}, '2');
    await new Promise((resolve) => setImmediate(resolve));
    expect(gateway.started).toEqual([]);
    counted();
    await router.idle();
    expect(gateway.started).toEqual(['one', 'two']);
  });
});
