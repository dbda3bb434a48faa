import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { lastValueFrom, type Observable } from 'rxjs';
import { IdempotencyConflict, IdempotencyInProgress, ValidationError } from '../errors/app-error.js';
import {
  type Claim,
  IdempotencyRepository,
  type IdempotentRequest,
  type KeptAnswer,
} from './idempotency.repository.js';
import type { ParleyRequest } from './request-context.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

const KEY = /^[\x21-\x7e]{1,128}$/;
const WAIT_MS = 5000;
const POLL_MS = 50;

interface Claimed {
  readonly asked: IdempotentRequest;
  readonly claim: Claim;
  readonly isKept: (status: number) => boolean;
}

/**
 * Answers under a key: the same key and body of the same user give the same answer again for a day, with
 * `Idempotency-Replayed: true`. A request that comes while the first is being answered waits for that answer. A request
 * that failed leaves nothing behind.
 */
@Injectable()
export class IdempotencyStore {
  private readonly unkept = new RepeatedWarning(new Logger('Idempotency'), 'answers could not be kept', {
    over: 'answers are kept again',
  });

  constructor(private readonly repository: IdempotencyRepository) {}

  /** The key of a request; undefined when it has none. @throws ValidationError */
  static keyOf({ headers }: ParleyRequest): string | undefined {
    const key = headers['idempotency-key'];
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw ValidationError.of('Idempotency-Key', 'must be 1 to 128 printable ASCII characters');
    }
    return key;
  }

  /** Whether a request with this key has been answered, or is being answered. */
  async isKnown(asked: Omit<IdempotentRequest, 'bodyHash'>): Promise<boolean> {
    return (await this.repository.find(asked)) !== undefined;
  }

  /**
   * The kept answer, or that of `perform`, kept where `isKept` says so of its status.
   * @throws IdempotencyConflict, IdempotencyInProgress, whatever `perform` throws
   */
  async answer(
    asked: IdempotentRequest,
    perform: () => Observable<unknown>,
    response: Response,
    isKept: (status: number) => boolean = () => true,
  ): Promise<unknown> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const claim = await this.repository.claim(asked);
      if (claim !== undefined) return this.keep({ asked, claim, isKept }, perform, response);
      const kept = await this.repository.find(asked);
      if (kept && !kept.body_hash.equals(asked.bodyHash)) throw new IdempotencyConflict();
      if (kept && kept.status !== null) return replay(kept, kept.status, response);
      if (Date.now() > deadline) throw new IdempotencyInProgress();
      await sleep(POLL_MS);
    }
  }

  private async keep(
    { asked, claim, isKept }: Claimed,
    perform: () => Observable<unknown>,
    response: Response,
  ): Promise<unknown> {
    let body: unknown;
    try {
      body = await lastValueFrom(perform(), { defaultValue: undefined });
    } catch (error) {
      await this.repository.release(asked, claim).catch((err: unknown) => this.unkept.failed({ err }));
      throw error;
    }
    // It is done: should the answer not be kept, the caller still gets it.
    const status = response.statusCode;
    const ending = isKept(status)
      ? this.repository.keep(asked, claim, { status, body })
      : this.repository.release(asked, claim);
    await this.unkept.watch(() => ending).catch(() => undefined);
    return body;
  }
}

function replay(kept: KeptAnswer, status: number, response: Response): unknown {
  response.status(status);
  response.setHeader('Idempotency-Replayed', 'true');
  return kept.body ?? undefined;
}
