import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { DrainCoordinator } from '../health/drain-coordinator.js';

/** Called after every response with its status and the time since the request's head was read. Must not throw. */
export type ResponseObserver = (status: number, ms: number) => void;

/** Counts the requests in progress; a shutdown waits for them before anything is closed. */
@Injectable()
export class RequestsInFlight {
  private count = 0;
  private readonly observers: ResponseObserver[] = [];
  private onIdle: (() => void) | undefined;

  constructor(readonly drain: DrainCoordinator) {
    drain.afterDrain(() => this.whenIdle());
  }

  get size(): number {
    return this.count;
  }

  observe(observer: ResponseObserver): void {
    this.observers.push(observer);
  }

  enter(response: Response): void {
    this.count += 1;
    const begun = performance.now();
    response.once('close', () => {
      this.count -= 1;
      for (const observe of this.observers) observe(response.statusCode, performance.now() - begun);
      if (this.count === 0) this.onIdle?.();
    });
  }

  private whenIdle(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onIdle = resolve;
    });
  }
}
