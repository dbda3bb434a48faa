import { ServiceUnavailable } from '../errors/app-error.js';

const MAX_WAITING = 2000;
const MAX_WAIT_MS = 4000;

/** Lets so many resumes read at once; the next wait a moment, then are told to come back later. */
export class ResumeAdmission {
  private running = 0;
  private readonly queue = new Set<() => void>();

  constructor(private readonly limit: number) {}

  /** @throws ServiceUnavailable when too many wait, or for too long. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await this.wait();
    else this.running++;
    try {
      return await work();
    } finally {
      const [next] = this.queue;
      if (next) next();
      else this.running--;
    }
  }

  /** Resolves when a place has been handed over by somebody who is done. */
  private wait(): Promise<void> {
    if (this.queue.size >= MAX_WAITING) return Promise.reject(new ServiceUnavailable(5));
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        this.queue.delete(enter);
        resolve();
      };
      const timer = setTimeout(() => {
        this.queue.delete(enter);
        reject(new ServiceUnavailable(5));
      }, MAX_WAIT_MS);
      this.queue.add(enter);
    });
  }
}
