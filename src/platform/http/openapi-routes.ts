import type { Type } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type ErrorClass, THROWS } from '../errors/throws.decorator.js';
import { type LimitAction } from '../throttling/limits.js';
import { LIMIT_ACTION } from '../throttling/limit.decorator.js';
import { NOT_REPLAYED, type Replay } from './idempotency.interceptor.js';
import { PUBLIC } from './public.decorator.js';

/** @nestjs/throttler's own mark of a route nobody counts. */
const SKIPPED = 'THROTTLER:SKIPdefault';

/** What a route's decorators say that OpenAPI's own do not. */
export interface RouteMetadata {
  readonly isPublic: boolean;
  /** Undefined for routes nobody counts. */
  readonly limit: LimitAction | undefined;
  /** Whether `Idempotency-Key` is honoured, should it be a POST. */
  readonly isReplayed: boolean;
  readonly errors: readonly ErrorClass[];
}

/** The facts of every handler, by `<controller>_<method>`. */
export function routeMetadata(app: NestExpressApplication): ReadonlyMap<string, RouteMetadata> {
  const reflector = app.get(Reflector);
  const facts = new Map<string, RouteMetadata>();
  for (const { controllers } of app.get(ModulesContainer).values()) {
    for (const { metatype } of controllers.values()) {
      const controller = metatype as Type;
      const prototype = controller.prototype as Record<string, unknown>;
      for (const name of Object.getOwnPropertyNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler === 'function' && name !== 'constructor') {
          facts.set(`${controller.name}_${name}`, factsOf(reflector, [handler as Type, controller]));
        }
      }
    }
  }
  return facts;
}

function factsOf(reflector: Reflector, targets: Type[]): RouteMetadata {
  const isPublic = reflector.getAllAndOverride<boolean>(PUBLIC, targets) ?? false;
  const isSkipped = reflector.getAllAndOverride<boolean>(SKIPPED, targets) ?? false;
  return {
    isPublic,
    limit: isSkipped ? undefined : (reflector.getAllAndOverride<LimitAction>(LIMIT_ACTION, targets) ?? 'call'),
    isReplayed: !isPublic && reflector.getAllAndOverride<Replay | undefined>(NOT_REPLAYED, targets) !== 'never',
    errors: reflector.getAll<(ErrorClass[] | undefined)[]>(THROWS, targets).flatMap((errors) => errors ?? []),
  };
}
