import { ServiceUnavailable } from '../../platform/errors/app-error.js';

interface Waiting {
  readonly owner: string;
  readonly next: () => void;
}

/**
 * A bounded number of places. Owners beyond it wait until there is one, or until they give up; it goes to the owner who
 * has fewest, and of those to the one that has waited longest.
 */
export class Places {
  private readonly taken: string[] = [];
  private readonly waiting: Waiting[] = [];

  constructor(private readonly most: () => number) {}

  /** @throws ServiceUnavailable when `ended` comes first */
  async take(owner: string, ended: AbortSignal): Promise<void> {
    if (ended.aborted) throw new ServiceUnavailable();
    if (this.taken.length < this.most()) {
      this.taken.push(owner);
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

  /** Hands a place of the owner on. */
  leave(owner: string): void {
    this.taken.splice(this.taken.indexOf(owner), 1);
    const [first, ...others] = this.waiting;
    if (!first) return;
    const entry = others.reduce((best, each) => (this.of(each) < this.of(best) ? each : best), first);
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    this.taken.push(entry.owner);
    entry.next();
  }

  private of({ owner }: Waiting): number {
    return this.taken.filter((each) => each === owner).length;
  }
}
