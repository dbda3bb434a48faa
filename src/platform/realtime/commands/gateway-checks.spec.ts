import 'reflect-metadata';
import {
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type INestApplicationContext,
  Module,
  type NestInterceptor,
  type PipeTransform,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { LiveConnection } from '../connection/live-connection.js';
import { Gateway, OnFrame } from './gateway.decorators.js';
import { GatewayChecks } from './gateway-checks.js';
import { CALL_LIMIT } from '../../throttling/limits.js';

class EmptyDto {}

class Deny implements CanActivate, PipeTransform, NestInterceptor {
  canActivate(): boolean {
    return false;
  }
  transform(): never {
    throw new Error('denied');
  }
  intercept(): never {
    throw new Error('denied');
  }
}

@Catch()
class Ignore implements ExceptionFilter {
  catch(): void {}
}

const ENHANCERS: readonly [string, ClassDecorator & MethodDecorator][] = [
  ['@UseGuards', UseGuards(Deny)],
  ['@UsePipes', UsePipes(Deny)],
  ['@UseInterceptors', UseInterceptors(Deny)],
  ['@UseFilters', UseFilters(Ignore)],
];

describe('GatewayChecks', () => {
  let context: INestApplicationContext | undefined;

  afterEach(() => context?.close());

  async function start(gateway: Type, controllers: Type[] = []): Promise<void> {
    @Module({ imports: [DiscoveryModule], providers: [GatewayChecks, gateway], controllers })
    class Root {}
    context = undefined;
    context = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
  }

  it('lets a gateway with handlers of frames and other methods start', async () => {
    @Gateway()
    class Plain {
      @OnFrame('one', EmptyDto, { limit: CALL_LIMIT, summary: 'One' })
      one(): void {}

      other(): void {}
    }
    await start(Plain);
    expect(context!.get(Plain)).toBeInstanceOf(Plain);
  });

  it.each(ENHANCERS)(
    'prevents the start when a gateway has %s, above or below its own decorator',
    async (name, use) => {
      @use
      @Gateway()
      class Above {}
      @Gateway()
      @use
      class Below {}
      await expect(start(Above)).rejects.toThrow(`Above has ${name}, which has no effect on frames`);
      await expect(start(Below)).rejects.toThrow(`Below has ${name}, which has no effect on frames`);
    },
  );

  it.each(ENHANCERS)('prevents the start when a method of a gateway has %s', async (name, use) => {
    @Gateway()
    class Guarded {
      @use
      @OnFrame('one', EmptyDto, { limit: CALL_LIMIT, summary: 'One' })
      one(): void {}
    }
    @Gateway()
    class Derived extends Guarded {}
    await expect(start(Guarded)).rejects.toThrow(`Guarded.one has ${name}, which has no effect on frames`);
    await expect(start(Derived)).rejects.toThrow(`Derived.one has ${name}, which has no effect on frames`);
  });

  it('prevents the start when a parameter of a gateway has a decorator, such as a pipe', async () => {
    @Gateway()
    class Piped {
      @OnFrame('one', EmptyDto, { limit: CALL_LIMIT, summary: 'One' })
      one(_connection: LiveConnection, @MessageBody(Deny) _dto: EmptyDto): void {}
    }
    await expect(start(Piped)).rejects.toThrow('Piped.one has a parameter decorator, which has no effect on frames');
  });

  it('prevents the start when a controller is a gateway with a guard', async () => {
    @UseGuards(Deny)
    @Gateway()
    @Controller()
    class Both {}
    await expect(start(EmptyDto, [Both])).rejects.toThrow('Both has @UseGuards, which has no effect on frames');
  });

  it.each(ENHANCERS)('ignores %s on a provider that is not a gateway', async (_name, use) => {
    @use
    class Other {}
    await start(Other);
    expect(context!.get(Other)).toBeInstanceOf(Other);
  });

  it('prevents the start with a gateway or a handler of Nest that the command table does not contain', async () => {
    @WebSocketGateway()
    class Stock {}
    @Gateway()
    class Subscribed {
      @SubscribeMessage('one')
      one(): void {}
    }
    @Gateway()
    class Connected {
      handleConnection(): void {}
    }
    @Gateway()
    class Disconnected {
      handleDisconnect = (): void => undefined;
    }
    await expect(start(Stock)).rejects.toThrow('Stock has @WebSocketGateway: mark it with @Gateway instead.');
    await expect(start(Subscribed)).rejects.toThrow(
      'Subscribed.one has @SubscribeMessage: mark it with @OnFrame instead.',
    );
    await expect(start(Connected)).rejects.toThrow(
      'Connected.handleConnection is never called: use @OnConnection instead.',
    );
    await expect(start(Disconnected)).rejects.toThrow(
      'Disconnected.handleDisconnect is never called: use @OnConnection instead.',
    );
  });
});
