import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { GATEWAY_METADATA, MESSAGE_MAPPING_METADATA, PARAM_ARGS_METADATA } from '@nestjs/websockets/constants.js';
import { isDecorated } from '../../discovery/decorated-methods.js';
import { ON_FRAME, protocolOf } from './gateway.decorators.js';

/** The decorators of Nest that have no effect on frames, by the key of their metadata. */
const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  [GUARDS_METADATA, '@UseGuards'],
  [PIPES_METADATA, '@UsePipes'],
  [INTERCEPTORS_METADATA, '@UseInterceptors'],
  [EXCEPTION_FILTERS_METADATA, '@UseFilters'],
]);
/** Methods that Nest calls on a gateway for each client, with another adapter than `SocketIoAdapter`. */
const NEVER_CALLED = ['handleConnection', 'handleDisconnect'];

/**
 * Fails the start when a gateway uses what Nest offers for sockets and the command table does not: it would silently
 * have no effect, and a guard without an effect is a hole.
 */
@Injectable()
export class GatewayChecks implements OnModuleInit {
  private readonly scanner = new MetadataScanner();

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws Error with the gateway and what to use instead */
  onModuleInit(): void {
    for (const provider of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance = provider.instance as object | null | undefined;
      const type = instance?.constructor as Type<object> | undefined;
      if (instance && type && Reflect.hasMetadata(GATEWAY_METADATA, type)) this.check(instance, type);
    }
  }

  private check(gateway: object, type: Type<object>): void {
    const { name } = type;
    if (protocolOf(type) === undefined) {
      throw new Error(`${name} has @WebSocketGateway: mark it with @Gateway instead.`);
    }
    const neverCalled = NEVER_CALLED.find((hook) => hook in gateway);
    if (neverCalled) throw new Error(`${name}.${neverCalled} is never called: use @OnConnection instead.`);
    requireNoEnhancers(type, name);
    for (const methodName of this.scanner.getAllMethodNames(type.prototype as object)) {
      const method = (type.prototype as Record<string, object>)[methodName]!;
      const fullName = `${name}.${methodName}`;
      requireNoEnhancers(method, fullName);
      if (Reflect.hasMetadata(PARAM_ARGS_METADATA, type, methodName))
        throw withoutEffect(fullName, 'a parameter decorator');
      if (Reflect.hasMetadata(MESSAGE_MAPPING_METADATA, method) && !isDecorated(type, methodName, ON_FRAME)) {
        throw new Error(`${fullName} has @SubscribeMessage: mark it with @OnFrame instead.`);
      }
    }
  }
}

function requireNoEnhancers(target: object, name: string): void {
  for (const [key, decorator] of WITHOUT_EFFECT) {
    if (Reflect.hasMetadata(key, target)) throw withoutEffect(name, decorator);
  }
}

function withoutEffect(name: string, decorator: string): Error {
  return new Error(
    `${name} has ${decorator}, which has no effect on frames: the command table authenticates, limits and validates ` +
      'them, and services check permissions.',
  );
}
