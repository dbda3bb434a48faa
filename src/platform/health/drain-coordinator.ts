import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';

/** A rolling restart gives the last client 17 s to move; after the delay the whole shutdown takes at most 25 s. */
const DRAIN_DEADLINE_MS = 18_000;

type DrainStep = () => Promise<void>;

/**
 * Drains this process before its shutdown. Once the drain begins, it is not ready. After the delay that load balancers
 * need to notice this, it refuses new sockets, and the steps registered with `onDrain` move its clients away. Requests
 * are accepted until all steps are done, and are answered before anything is closed.
 */
@Injectable()
export class DrainCoordinator {
  private readonly logger = new Logger('Shutdown');
  private readonly steps: DrainStep[] = [];
  private readonly lastSteps: DrainStep[] = [];
  private draining = false;
  private refusingSockets = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** Whether new sockets are refused, which begins after the delay. */
  get isRefusingSockets(): boolean {
    return this.refusingSockets;
  }

  /**
   * Runs `step` after the delay, concurrently with the other steps. A step that fails or hangs does not stop the
   * shutdown.
   */
  onDrain(step: DrainStep): void {
    this.steps.push(step);
  }

  /** Runs `step` after all steps of `onDrain`. */
  afterDrain(step: DrainStep): void {
    this.lastSteps.push(step);
  }

  /**
   * Begins the drain and resolves when all steps are done, at most 18 s after the delay. Without a step of `onDrain`
   * there is no delay. A process without sockets has none, except with `REDIS_URL`, where the queue registers one.
   */
  async begin(delayMs = 0): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    if (delayMs > 0 && this.steps.length > 0) await pause(delayMs, undefined, { ref: false });
    this.refusingSockets = true;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_DEADLINE_MS);
    });
    await Promise.race([this.runAll(), deadline]);
    clearTimeout(timer);
  }

  private async runAll(): Promise<void> {
    await Promise.all(this.steps.map((step) => this.run(step)));
    await Promise.all(this.lastSteps.map((step) => this.run(step)));
  }

  private async run(step: DrainStep): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.logger.error(error);
    }
  }
}
