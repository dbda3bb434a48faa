import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { DrainState } from '../health/drain-state.js';

/** Counts the requests that are being answered; a shutdown waits for them before anything is closed. */
@Injectable()
export class RequestsInFlight {
  private count = 0;
  private onIdle: (() => void) | undefined;

  constructor(readonly drain: DrainState) {
    drain.onDrain(() => this.whenIdle());
  }

  enter(response: Response): void {
    this.count += 1;
    response.once('close', () => {
      this.count -= 1;
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
