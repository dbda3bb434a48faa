import { Injectable, Logger } from '@nestjs/common';

/** A rolling restart gives every client up to 15 s to move; the whole shutdown takes at most 25 s. */
const DRAIN_DEADLINE_MS = 18_000;

type DrainStep = () => Promise<void>;

/**
 * Whether this process is on its way out. From the first moment of draining it is not ready and takes no new sockets;
 * what registered with `onDrain` then says goodbye to its clients, before anything is closed.
 */
@Injectable()
export class DrainState {
  private readonly logger = new Logger('Shutdown');
  private readonly steps: DrainStep[] = [];
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /**
   * Runs `step` when draining begins, beside the other steps. A step that fails or hangs does not stop the shutdown.
   */
  onDrain(step: DrainStep): void {
    this.steps.push(step);
  }

  /** Begins to drain and answers when all steps are done, after 18 s at the latest. */
  async begin(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DRAIN_DEADLINE_MS);
    });
    await Promise.race([Promise.all(this.steps.map((step) => this.run(step))), deadline]);
    clearTimeout(timer);
  }

  private async run(step: DrainStep): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.logger.error(error);
    }
  }
}
