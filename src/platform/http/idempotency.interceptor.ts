import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { lastValueFrom, from, type Observable } from 'rxjs';
import { IdempotencyConflict, IdempotencyInProgress, ValidationError } from '../errors/app-error.js';
import { IdempotencyRepository, type IdempotentRequest, type KeptAnswer } from './idempotency.repository.js';
import { PUBLIC } from './public.decorator.js';
import type { ParleyRequest } from './request-context.js';

export const NOT_REPLAYED = 'parley:not-replayed';

/**
 * This route's answers are not kept under `Idempotency-Key`: they hold a secret, or the route has an idempotency of its
 * own. Public routes are never kept.
 */
export const NotReplayed = (): ClassDecorator & MethodDecorator => SetMetadata(NOT_REPLAYED, true);

const KEY = /^[\x21-\x7e]{1,128}$/;
const WAIT_MS = 5000;
const POLL_MS = 50;

/**
 * `Idempotency-Key` on a POST: the same key and body of the same user give the same answer again for a day, with
 * `Idempotency-Replayed: true`. A request that comes while the first is being answered waits for that answer. A request
 * that failed leaves nothing behind. Uploads are not kept: their body is not read yet when this is decided.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly logger = new Logger('Idempotency');

  constructor(
    private readonly reflector: Reflector,
    private readonly repository: IdempotencyRepository,
  ) {}

  /** @throws ValidationError, IdempotencyConflict, IdempotencyInProgress */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<ParleyRequest>();
    const key = request.headers['idempotency-key'];
    if (key === undefined || request.method !== 'POST' || !request.actor || !this.isKept(context)) return next.handle();
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw ValidationError.of('Idempotency-Key', 'must be 1 to 128 printable ASCII characters');
    }
    if (request.headers['content-type']?.startsWith('multipart/')) return next.handle();
    const action = `${context.getClass().name}.${context.getHandler().name}`;
    const asked = { userId: request.actor.userId, action, key, bodyHash: hashOf(request) };
    return from(this.answer(asked, next, context.switchToHttp().getResponse<Response>()));
  }

  private isKept(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    return (
      !this.reflector.getAllAndOverride(PUBLIC, targets) && !this.reflector.getAllAndOverride(NOT_REPLAYED, targets)
    );
  }

  private async answer(asked: IdempotentRequest, next: CallHandler, response: Response): Promise<unknown> {
    const deadline = Date.now() + WAIT_MS;
    while (!(await this.repository.claim(asked))) {
      const kept = await this.repository.find(asked);
      if (kept && !kept.body_hash.equals(asked.bodyHash)) throw new IdempotencyConflict();
      if (kept && kept.status !== null) return replay(kept, kept.status, response);
      if (Date.now() > deadline) throw new IdempotencyInProgress();
      await sleep(POLL_MS);
    }
    return this.perform(asked, next, response);
  }

  private async perform(asked: IdempotentRequest, next: CallHandler, response: Response): Promise<unknown> {
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.repository.release(asked).catch((failure: unknown) => this.logger.warn(failure));
      throw error;
    }
    // It is done: should the answer not be kept, the caller still gets it.
    await this.repository.keep(asked, response.statusCode, body).catch((error: unknown) => this.logger.warn(error));
    return body;
  }
}

function replay(kept: KeptAnswer, status: number, response: Response): unknown {
  response.status(status);
  response.setHeader('Idempotency-Replayed', 'true');
  return kept.body ?? undefined;
}

function hashOf(request: ParleyRequest): Buffer {
  return createHash('sha256')
    .update(`${request.originalUrl}\n${JSON.stringify(request.body ?? null)}`)
    .digest();
}
