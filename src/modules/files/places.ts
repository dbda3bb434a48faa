import { ServiceUnavailable } from '../../platform/errors/app-error.js';

/** A bounded number of places: callers beyond it wait in their order, or until they give up. */
export class Places {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: () => number) {}

  /** @throws ServiceUnavailable when `ended` comes first */
  async take(ended: AbortSignal): Promise<void> {
    if (ended.aborted) throw new ServiceUnavailable();
    if (this.taken < this.most()) {
      this.taken += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        ended.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.splice(this.waiting.indexOf(next), 1);
        reject(new ServiceUnavailable());
      };
      this.waiting.push(next);
      ended.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place on. */
  leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.taken -= 1;
  }
}
