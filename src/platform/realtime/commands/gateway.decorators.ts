import { applyDecorators, SetMetadata, type Type } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { methodDecorator } from '../../discovery/decorated-methods.js';
import type { Scope } from '../../identity/server-key.js';
import type { RateLimit } from '../../throttling/limits.js';
import type { PriorityClass } from '../../throttling/priority.decorator.js';
import type { LiveConnection } from '../connection/live-connection.js';

export interface CommandOptions {
  /** The rate limit of the frame, with the same counter as the equivalent REST route. */
  readonly limit: RateLimit;
  /** Its priority under overload; by default that of its limit or, without one, `writes`. */
  readonly priority?: PriorityClass;
  /** The scope that a server key needs; `any` for every key. Without one, keys may send the frame only as a user. */
  readonly scope?: Scope | 'any';
  /** Whether it stores a message, so that its refusals are counted among the sends. */
  readonly isSend?: boolean;
  /** One sentence for the generated protocol document. */
  readonly summary: string;
  /** The class of the reply's `data`, with its schema; without one, `data` has no fields. */
  readonly reply?: Type<object>;
}

export interface CommandDefinition extends CommandOptions {
  readonly type: string;
  readonly dto: Type<object>;
}

export const ON_FRAME = Symbol('@OnFrame');
const PROTOCOL = 'parley:protocol';
/** The name of Parley's own protocol. */
export const PARLEY_PROTOCOL = 'parley';

/**
 * A `@WebSocketGateway()` whose `@OnFrame` methods are added to the command table of a protocol at start-up; see
 * `SocketCodec`. Guards, pipes, interceptors and filters of Nest are not called for frames; see `GatewayChecks`.
 */
export function Gateway(protocol = PARLEY_PROTOCOL): ClassDecorator {
  return applyDecorators(WebSocketGateway(), SetMetadata(PROTOCOL, protocol));
}

/**
 * A `@SubscribeMessage(type)` with what the command table needs: it marks the handler of a request frame. The handler
 * receives the connection and the validated input, and returns the `data` of the reply. The input class must match the
 * type of the parameter, and the class `reply` what the handler returns: otherwise the handler does not compile.
 */
export function OnFrame<Dto extends object, Reply = unknown>(
  type: string,
  dto: Type<Dto>,
  options: CommandOptions & { readonly reply?: Type<Reply> },
) {
  type Handler = (connection: LiveConnection, dto: Dto) => Reply | Promise<Reply>;
  const subscribe = SubscribeMessage(type);
  const declare = methodDecorator<Handler>(ON_FRAME, { ...options, type, dto });
  return <Decorated extends Handler>(
    prototype: object,
    methodName: string | symbol,
    descriptor: TypedPropertyDescriptor<Decorated>,
  ): void => {
    subscribe(prototype, methodName, descriptor);
    declare(prototype, methodName, descriptor);
  };
}

/** The protocol whose frames this class handles; undefined for a class that is not a gateway. */
export function protocolOf(target: object): string | undefined {
  return Reflect.getMetadata(PROTOCOL, target) as string | undefined;
}
