import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';

/** A rolling restart gives the last client 17 s to move; after its delay the whole shutdown takes at most 25 s. */
const DRAIN_DEADLINE_MS = 18_000;

type DrainStep = () => Promise<void>;

/**
 * Whether this process is on its way out. From the first moment it is not ready; after the delay that load balancers
 * need to notice it takes no new sockets, and what registered with `onDrain` says goodbye to its clients. Requests are
 * taken until all of that is done, and answered before anything is closed.
 */
@Injectable()
export class DrainState {
  private readonly logger = new Logger('Shutdown');
  private readonly steps: DrainStep[] = [];
  private readonly lastSteps: DrainStep[] = [];
  private draining = false;
  private leaving = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** Whether new sockets are refused. */
  get isLeaving(): boolean {
    return this.leaving;
  }

  /**
   * Runs `step` when draining begins, beside the other steps. A step that fails or hangs does not stop the shutdown.
   */
  onDrain(step: DrainStep): void {
    this.steps.push(step);
  }

  /** Runs `step` when all steps of `onDrain` are done. */
  afterDrain(step: DrainStep): void {
    this.lastSteps.push(step);
  }

  /**
   * Begins to drain and answers when all steps are done, 18 s after the delay at the latest. A process that serves
   * nobody has no steps and needs no delay.
   */
  async begin(delayMs = 0): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    if (delayMs > 0 && this.steps.length > 0) await pause(delayMs, undefined, { ref: false });
    this.leaving = true;
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
