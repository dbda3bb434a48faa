import { ServiceUnavailable } from '../errors/app-error.js';

export interface TurnsRoom {
  readonly running: number;
  readonly waiting: number;
  readonly waitMs: number;
  /** Seconds after which a refused caller may try again. */
  readonly retrySeconds: number;
}

/** Lets so many run at once; the next ones wait for a moment, in the order they came, and are then refused. */
export class Turns {
  private running = 0;
  private readonly queue = new Set<() => void>();

  constructor(private readonly room: TurnsRoom) {}

  /** @throws ServiceUnavailable when too many wait, or for too long */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.room.running) await this.wait();
    else this.running++;
    try {
      return await work();
    } finally {
      const [next] = this.queue;
      if (next) next();
      else this.running--;
    }
  }

  /** Resolves when one who is done has handed over their place. */
  private wait(): Promise<void> {
    const { waiting, waitMs, retrySeconds } = this.room;
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
