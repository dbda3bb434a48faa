import { createHash } from 'node:crypto';
import { Injectable, SetMetadata, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { from, type Observable } from 'rxjs';
import { IdempotencyStore } from './idempotency-store.js';
import { PUBLIC } from './public.decorator.js';
import type { ParleyRequest } from './request-context.js';

export const NOT_REPLAYED = 'parley:not-replayed';

/** Who answers a repeated `Idempotency-Key` where this file does not: nobody, or the route. */
export type Replay = 'never' | 'by the route';

/** This route's answers hold a secret and are not kept under `Idempotency-Key`. Public routes are never kept. */
export const NotIdempotent = (): ClassDecorator & MethodDecorator => SetMetadata(NOT_REPLAYED, 'never');

const REPLAYED_WHEN_CREATED = 'parley:replayed-when-created';

/**
 * This route makes something or answers what there was. Only a 201 is kept: what there was is found again by the same
 * request, and a kept answer would repeat what has been deleted from it since.
 */
export const IdempotentWhenCreated = (): MethodDecorator => SetMetadata(REPLAYED_WHEN_CREATED, true);

/** This route honours `Idempotency-Key` in a way of its own. */
export const OwnIdempotency = (): MethodDecorator => SetMetadata(NOT_REPLAYED, 'by the route');

/**
 * `Idempotency-Key` on a POST; see `IdempotencyStore`. Uploads come later: their body is not read yet when this is
 * decided (`UploadInterceptor`).
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
    if (headers['idempotency-key'] === undefined || method !== 'POST' || !actor || !this.isKept(context)) {
      return next.handle();
    }
    const key = IdempotencyStore.keyOf(request)!;
    if (headers['content-type']?.startsWith('multipart/')) return next.handle();
    const asked = { userId: actor.userId, action: actionOf(context), key, bodyHash: hashOf(request) };
    const response = context.switchToHttp().getResponse<Response>();
    const isOnlyKeptWhenCreated = this.reflector.get<true | undefined>(REPLAYED_WHEN_CREATED, context.getHandler());
    const isKept = (status: number): boolean => !isOnlyKeptWhenCreated || status === 201;
    return from(this.store.answer(asked, () => next.handle(), response, isKept));
  }

  private isKept(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    return (
      !this.reflector.getAllAndOverride(PUBLIC, targets) && !this.reflector.getAllAndOverride(NOT_REPLAYED, targets)
    );
  }
}

/** What a key is for: the route. */
export function actionOf(context: ExecutionContext): string {
  return `${context.getClass().name}.${context.getHandler().name}`;
}

function hashOf(request: ParleyRequest): Buffer {
  return createHash('sha256')
    .update(`${request.originalUrl}\n${JSON.stringify(request.body ?? null)}`)
    .digest();
}
