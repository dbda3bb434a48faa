import { createHash } from 'node:crypto';
import { Injectable, SetMetadata, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { from, type Observable } from 'rxjs';
import { IdempotencyStore } from './idempotency-store.js';
import { PUBLIC } from './public.decorator.js';
import type { ParleyRequest } from './parley-request.js';

export const IDEMPOTENCY_MODE = 'parley:idempotency-mode';

/** How a route handles `Idempotency-Key` if this interceptor does not: not, or in the route itself. */
export type IdempotencyMode = 'none' | 'own';

/** The responses of this route contain a secret and are not stored. Responses of public routes are never stored. */
export const NotIdempotent = (): ClassDecorator & MethodDecorator => SetMetadata(IDEMPOTENCY_MODE, 'none');

const STORED_WHEN_CREATED = 'parley:stored-when-created';

/**
 * This route creates something or returns what already exists. Only a 201 is stored: a repeated request finds an
 * existing one again, and a stored response would repeat content that has been deleted since.
 */
export const IdempotentWhenCreated = (): MethodDecorator => SetMetadata(STORED_WHEN_CREATED, true);

/** This route handles `Idempotency-Key` itself. */
export const OwnIdempotency = (): MethodDecorator => SetMetadata(IDEMPOTENCY_MODE, 'own');

/**
 * Handles `Idempotency-Key` on a POST; see `IdempotencyStore`. Uploads are left to `UploadInterceptor`, since their
 * body has not been read yet.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly store: IdempotencyStore,
  ) {}

  /** @throws ValidationError, IdempotencyConflict, IdempotencyInProgress */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<ParleyRequest>();
    const { actor, headers, method } = request;
    if (headers['idempotency-key'] === undefined || method !== 'POST' || !actor || !this.isStored(context)) {
      return next.handle();
    }
    const key = IdempotencyStore.keyOf(request)!;
    if (headers['content-type']?.startsWith('multipart/')) return next.handle();
    const idempotent = { userId: actor.userId, action: actionOf(context), key, bodyHash: hashOf(request) };
    const response = context.switchToHttp().getResponse<Response>();
    const isOnlyStoredWhenCreated = this.reflector.get<true | undefined>(STORED_WHEN_CREATED, context.getHandler());
    const isStored = (status: number): boolean => !isOnlyStoredWhenCreated || status === 201;
    return from(this.store.respond(idempotent, () => next.handle(), response, isStored));
  }

  private isStored(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    return (
      !this.reflector.getAllAndOverride(PUBLIC, targets) && !this.reflector.getAllAndOverride(IDEMPOTENCY_MODE, targets)
    );
  }
}

/** Returns the scope of a key: the route. */
export function actionOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

function hashOf(request: ParleyRequest): Buffer {
  return createHash('sha256')
    .update(`${request.originalUrl}\n${JSON.stringify(request.body ?? null)}`)
    .digest();
}
