import type { Job, Order, Report } from './jobs.js';
import { MeasuredProcess } from './measured-process.js';

export interface WhileWorking {
  /** The measured time begins and ends; the generator does not wait. */
  begin?(): void | Promise<void>;
  end?(): void | Promise<void>;
}

/** The process of the load generator, for its users. */
export class Generator {
  private readonly process = new MeasuredProcess('test/bench/load');

  cpuMs(): number {
    return this.process.cpuMs();
  }

  /** @throws Error if the job fails, or takes longer than `limitMs` */
  work<Result>(job: Job, { begin, end }: WhileWorking = {}, limitMs = 90_000): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting: Promise<void>[] = [];
      const late = setTimeout(() => reject(new Error('the load generator did not finish in time')), limitMs);
      const take = (report: Report): void => {
        if (report.event === 'begin' || report.event === 'end') {
          waiting.push(Promise.resolve(report.event === 'begin' ? begin?.() : end?.()));
          return;
        }
        clearTimeout(late);
        this.process.ignore(take);
        if (report.event === 'failed') return reject(new Error(report.reason));
        Promise.all(waiting).then(() => resolve(report.result as Result), reject);
      };
      this.process.listen(take);
      this.process.sendMessage({ order: 'work', job } satisfies Order);
    });
  }

  /** Closes idle sockets. */
  release(): void {
    this.process.sendMessage({ order: 'release' } satisfies Order);
  }

  end(): Promise<void> {
    return this.process.end();
  }
}
