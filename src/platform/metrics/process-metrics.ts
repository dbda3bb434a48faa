import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { loggedErrors } from '../logging/logged-errors.js';
import { QueueDepths } from '../queue/queue-depths.js';
import { ScheduledTasks } from '../schedule/schedule.js';
import { LoadShedder } from '../throttling/load-shedder.js';
import { ObservableRateLimiter } from '../throttling/observable-rate-limiter.js';
import { Metrics } from './metrics.js';

/** Metrics of every process: limits, errors, queues, and scheduled tasks where they run. */
@Injectable()
export class ProcessMetrics implements OnApplicationBootstrap, OnApplicationShutdown {
  private stopObservingErrors: (() => void) | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly limiter: ObservableRateLimiter,
    private readonly queues: QueueDepths,
    private readonly shedder: LoadShedder,
    private readonly modules: ModuleRef,
  ) {}

  onApplicationBootstrap(): void {
    const { metrics } = this;
    this.limiter.observe({
      counted: (action, _subject, allowed) => {
        if (!allowed) metrics.count('parley_limits_hit_total', { action });
      },
    });
    metrics.registerCallback('parley_overload_level', () => [{ value: this.shedder.level }]);
    metrics.registerCallback('parley_event_loop_lag_seconds', () => [{ value: this.shedder.lagMs / 1000 }]);
    metrics.registerCallback('parley_shed_total', () =>
      [...this.shedder.shed].map(([priority, value]) => ({ value, labels: { class: priority } })),
    );
    this.stopObservingErrors = loggedErrors.observe(({ context }) => metrics.count('parley_errors_total', { context }));
    metrics.registerCallback('parley_queue_jobs', async () =>
      (await this.queues.read()).flatMap(({ name: queue, jobs }) =>
        Object.entries(jobs).map(([state, value]) => ({ value, labels: { queue, state } })),
      ),
    );
    this.tasks?.observe((task, outcome, ms, done) => {
      metrics.count('parley_scheduled_runs_total', { task, outcome });
      metrics.count('parley_scheduled_seconds_total', { task }, ms / 1000);
      for (const [what, count] of Object.entries(done)) {
        if (count > 0) metrics.count('parley_scheduled_items_total', { task, what }, count);
      }
    });
  }

  onApplicationShutdown(): void {
    this.stopObservingErrors?.();
  }

  /** Undefined in processes without background work. */
  private get tasks(): ScheduledTasks | undefined {
    try {
      return this.modules.get(ScheduledTasks, { strict: false });
    } catch {
      return undefined;
    }
  }
}
