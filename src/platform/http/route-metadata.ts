import type { Type } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { ErrorClass } from '../errors/app-error.js';
import { THROWS } from '../errors/throws.decorator.js';
import { ExternalUserNotFound } from '../identity/external-users.js';
import { UserReferences } from '../validation/user-references.js';
import { CALL_LIMIT, type RateLimit } from '../throttling/limits.js';
import { RATE_LIMIT } from '../throttling/limit.decorator.js';
import { IDEMPOTENCY_MODE, type IdempotencyMode } from './idempotency.interceptor.js';
import { PUBLIC } from './public.decorator.js';
import { REQUIRED_SCOPE } from './scope.decorator.js';
import type { Scope } from '../identity/server-key.js';

/** The metadata key of @nestjs/throttler for a route without a rate limit. */
const SKIPPED = 'THROTTLER:SKIPdefault';

/** Metadata of a route's decorators beyond those of @nestjs/swagger. */
export interface RouteMetadata {
  readonly isPublic: boolean;
  /** Undefined for routes without a rate limit. */
  readonly limit: RateLimit | undefined;
  /** Whether `Idempotency-Key` is supported if the method is POST. */
  readonly supportsIdempotencyKey: boolean;
  readonly errors: readonly ErrorClass[];
  /** The scope that a server key needs; undefined for routes that are open to keys only as a user, or to everyone. */
  readonly scope: Scope | undefined;
}

/** Returns the metadata of every handler, by `<controller>_<method>`. */
export function routeMetadata(app: NestExpressApplication): ReadonlyMap<string, RouteMetadata> {
  const reflector = app.get(Reflector);
  const byHandler = new Map<string, RouteMetadata>();
  for (const { controllers } of app.get(ModulesContainer).values()) {
    for (const { metatype } of controllers.values()) {
      const controller = metatype as Type;
      const prototype = controller.prototype as Record<string, unknown>;
      for (const name of Object.getOwnPropertyNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler === 'function' && name !== 'constructor') {
          const takesUsers = inputClassesOf(prototype, name).some((dto) => UserReferences.of(dto) !== undefined);
          const metadata = metadataOf(reflector, [handler as Type, controller], takesUsers);
          byHandler.set(`${controller.name}_${name}`, metadata);
        }
      }
    }
  }
  return byHandler;
}

/** The classes of the handler's parameters. */
function inputClassesOf(prototype: object, name: string): Type<object>[] {
  const types = (Reflect.getMetadata('design:paramtypes', prototype, name) ?? []) as unknown[];
  return types.filter((type): type is Type<object> => typeof type === 'function');
}

function metadataOf(reflector: Reflector, targets: Type[], takesUsers: boolean): RouteMetadata {
  const isPublic = reflector.getAllAndOverride<boolean>(PUBLIC, targets) ?? false;
  const isSkipped = reflector.getAllAndOverride<boolean>(SKIPPED, targets) ?? false;
  return {
    isPublic,
    scope: reflector.getAllAndOverride<Scope | undefined>(REQUIRED_SCOPE, targets),
    limit: isSkipped ? undefined : (reflector.getAllAndOverride<RateLimit>(RATE_LIMIT, targets) ?? CALL_LIMIT),
    supportsIdempotencyKey:
      !isPublic && reflector.getAllAndOverride<IdempotencyMode | undefined>(IDEMPOTENCY_MODE, targets) !== 'none',
    errors: [
      ...reflector.getAll<(ErrorClass[] | undefined)[]>(THROWS, targets).flatMap((errors) => errors ?? []),
      ...(takesUsers ? [ExternalUserNotFound] : []),
    ],
  };
}
