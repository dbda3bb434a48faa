import { ServiceUnavailable } from '../../platform/errors/app-error.js';

/**
 * Lets so many hashes run at a time and so many wait. Hashing shares its threads with name lookups and files: without
 * a gate a flood of logins would stop everything else.
 */
export class HashingGate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** @throws ServiceUnavailable when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.maxRunning) this.running++;
    else await this.turn();
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  private turn(): Promise<void> {
    if (this.waiting.length >= this.maxWaiting) return Promise.reject(new ServiceUnavailable(2));
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }
}
