import { Injectable, type Type } from '@nestjs/common';
import type { PriorityClass } from '../throttling/load-shedder.js';
import type { LimitAction } from '../throttling/limits.js';
import type { LiveConnection } from './live-connection.js';

export interface FrameOptions {
  /** The limit the frame draws on; the same counter as the REST route that does the same. */
  readonly limit: LimitAction;
  /** When it goes under overload; left out: typing first, everything else with the writes. */
  readonly priority?: PriorityClass;
  /** Whether it stores a message: what it refuses is counted among the sends. */
  readonly isSend?: boolean;
  /** One sentence for the generated protocol document. */
  readonly summary: string;
}

export interface FrameDefinition extends FrameOptions {
  readonly type: string;
  readonly dto: Type<object>;
  readonly methodName: string | symbol;
}

const FRAMES = Symbol('frames');
const GATEWAY = Symbol('gateway');
/** The name of our own protocol. */
export const PARLEY_PROTOCOL = 'parley';

/** A class whose `@OnFrame` methods enter the command table of a protocol at start-up; see `SocketCodec`. */
export function Gateway(protocol = PARLEY_PROTOCOL): ClassDecorator {
  return (target) => {
    Reflect.defineMetadata(GATEWAY, protocol, target);
    Injectable()(target);
  };
}

/**
 * Takes a request frame. The method gets the connection and the validated input and answers the reply's `data`.
 * The decorator ties the input class to the parameter's type: a handler that takes another shape does not compile.
 */
export function OnFrame<Dto extends object>(type: string, dto: Type<Dto>, options: FrameOptions) {
  return <Handler extends (connection: LiveConnection, dto: Dto) => unknown>(
    prototype: object,
    methodName: string | symbol,
    _descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    const known = (Reflect.getMetadata(FRAMES, prototype.constructor) as FrameDefinition[] | undefined) ?? [];
    Reflect.defineMetadata(FRAMES, [...known, { ...options, type, dto, methodName }], prototype.constructor);
  };
}

/** The protocol whose frames this class takes; undefined for a class that is no gateway. */
export function protocolOf(target: object): string | undefined {
  return Reflect.getMetadata(GATEWAY, target) as string | undefined;
}

/** The frames a gateway class takes. */
export function framesOf(target: object): FrameDefinition[] {
  return (Reflect.getMetadata(FRAMES, target) as FrameDefinition[] | undefined) ?? [];
}
