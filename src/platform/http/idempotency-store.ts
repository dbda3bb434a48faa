import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { lastValueFrom, type Observable } from 'rxjs';
import { IdempotencyConflict, IdempotencyInProgress, ValidationError } from '../errors/app-error.js';
import {
  type Claim,
  IdempotencyRepository,
  type IdempotentRequest,
  type StoredResponse,
} from './idempotency.repository.js';
import type { ParleyRequest } from './parley-request.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { inBatches, ScheduledTask, type TaskReport } from '../schedule/schedule.js';

const KEY = /^[\x21-\x7e]{1,128}$/;
const WAIT_MS = 5000;
const POLL_MS = 50;

interface Claimed {
  readonly request: IdempotentRequest;
  readonly claim: Claim;
  readonly isStored: (status: number) => boolean;
}

/**
 * Stores responses under a key: the same key and body of the same user return the same response again for a day, with
 * `Idempotency-Replayed: true`. A request that arrives while the first is being processed waits for that response. A
 * failed request stores nothing.
 */
@Injectable()
export class IdempotencyStore {
  private readonly storeFailures = new RepeatedWarning(new Logger('Idempotency'), 'responses could not be stored', {
    recovered: 'responses are stored again',
  });

  constructor(private readonly repository: IdempotencyRepository) {}

  /** Returns the key of a request; undefined if it has none. @throws ValidationError */
  static keyOf({ headers }: ParleyRequest): string | undefined {
    const key = headers['idempotency-key'];
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw ValidationError.of('Idempotency-Key', 'must be 1 to 128 printable ASCII characters');
    }
    return key;
  }

  /** Whether a request with this key has been processed, or is being processed. */
  async isKnown(request: Omit<IdempotentRequest, 'bodyHash'>): Promise<boolean> {
    return (await this.repository.find(request)) !== undefined;
  }

  /**
   * Returns the stored response, or the result of `perform`, which is stored if `isStored` returns true for its status.
   *
   * @throws IdempotencyConflict, IdempotencyInProgress, the errors of `perform`
   */
  async respond(
    request: IdempotentRequest,
    perform: () => Observable<unknown>,
    response: Response,
    isStored: (status: number) => boolean = () => true,
  ): Promise<unknown> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const claim = await this.repository.claim(request);
      if (claim !== undefined) return this.performAndStore({ request, claim, isStored }, perform, response);
      const stored = await this.repository.find(request);
      if (stored && !stored.body_hash.equals(request.bodyHash)) throw new IdempotencyConflict();
      if (stored && stored.status !== null) return replay(stored, stored.status, response);
      if (Date.now() > deadline) throw new IdempotencyInProgress();
      await sleep(POLL_MS);
    }
  }

  private async performAndStore(
    { request, claim, isStored }: Claimed,
    perform: () => Observable<unknown>,
    response: Response,
  ): Promise<unknown> {
    let body: unknown;
    try {
      body = await lastValueFrom(perform(), { defaultValue: undefined });
    } catch (error) {
      await this.repository.release(request, claim).catch((err: unknown) => this.storeFailures.failed({ err }));
      throw error;
    }
    // The request is done: if its response cannot be stored, the client still receives it.
    const status = response.statusCode;
    const storing = isStored(status)
      ? this.repository.store(request, claim, { status, body })
      : this.repository.release(request, claim);
    await this.storeFailures.watch(() => storing).catch(() => undefined);
    return body;
  }
}

function replay(stored: StoredResponse, status: number, response: Response): unknown {
  response.status(status);
  response.setHeader('Idempotency-Replayed', 'true');
  return stored.body ?? undefined;
}

/** Deletes expired idempotency keys, with their stored responses. */
@Injectable()
export class IdempotencyCleanupTask {
  constructor(private readonly repository: IdempotencyRepository) {}

  @ScheduledTask({ name: 'idempotency-keys', everyMs: 10 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return { keys: await this.repository.countExpired() };
    return { keys: await inBatches(1000, () => this.repository.deleteExpired()) };
  }
}
