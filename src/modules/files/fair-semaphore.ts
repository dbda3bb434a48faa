import { ServiceUnavailable } from '../../platform/errors/app-error.js';

interface Waiting {
  readonly owner: string;
  readonly next: () => void;
}

/**
 * A bounded number of slots. Further owners wait until one is free, or until they give up. A free slot is given to the
 * owner with the fewest slots, and of those to the one that has waited longest.
 */
export class FairSemaphore {
  private readonly holders: string[] = [];
  private readonly waiting: Waiting[] = [];

  constructor(private readonly limit: () => number) {}

  /** @throws ServiceUnavailable when `ended` fires first */
  async acquire(owner: string, ended: AbortSignal): Promise<void> {
    if (ended.aborted) throw new ServiceUnavailable();
    if (this.holders.length < this.limit()) {
      this.holders.push(owner);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const entry: Waiting = {
        owner,
        next: () => {
          ended.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(new ServiceUnavailable());
      };
      this.waiting.push(entry);
      ended.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Releases a slot of the owner and gives it to the next waiting one. */
  release(owner: string): void {
    this.holders.splice(this.holders.indexOf(owner), 1);
    const [first, ...others] = this.waiting;
    if (!first) return;
    const entry = others.reduce((best, each) => (this.countOf(each) < this.countOf(best) ? each : best), first);
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    this.holders.push(entry.owner);
    entry.next();
  }

  private countOf({ owner }: Waiting): number {
    return this.holders.filter((each) => each === owner).length;
  }
}
