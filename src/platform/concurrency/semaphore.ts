import { ServiceUnavailable } from '../errors/app-error.js';

export interface SemaphoreLimits {
  readonly running: number;
  readonly waiting: number;
  readonly waitMs: number;
  /** Seconds after which a refused caller may try again. */
  readonly retrySeconds: number;
}

/**
 * Limits how many calls run at the same time. Further calls wait in order, for a limited time, and are then refused.
 */
export class Semaphore {
  private running = 0;
  private readonly queue = new Set<() => void>();

  constructor(private readonly limits: SemaphoreLimits) {}

  /** @throws ServiceUnavailable when too many wait, or for too long */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limits.running) await this.wait();
    else this.running++;
    try {
      return await work();
    } finally {
      const [next] = this.queue;
      if (next) next();
      else this.running--;
    }
  }

  /** Resolves when a finished call passes its slot on. */
  private wait(): Promise<void> {
    const { waiting, waitMs, retrySeconds } = this.limits;
    if (this.queue.size >= waiting) return Promise.reject(new ServiceUnavailable(retrySeconds));
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        this.queue.delete(enter);
        resolve();
      };
      const timer = setTimeout(() => {
        this.queue.delete(enter);
        reject(new ServiceUnavailable(retrySeconds));
      }, waitMs);
      this.queue.add(enter);
    });
  }
}
