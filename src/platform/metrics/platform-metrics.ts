import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PoolMonitor } from '../database/pool-monitor.js';
import { OutboxRepository } from '../event-log/outbox.repository.js';
import { StatementStats } from '../database/statement-stats.js';
import { Metrics, type Sample } from './metrics.js';
import { Bus } from '../realtime/bus/bus.js';
import { WatermarkTracker } from '../realtime/fan-out/watermark-tracker.js';
import { Resume } from '../realtime/resume/resume.js';
import { HeadReconciler } from '../realtime/fan-out/head-reconciler.js';
import { DrainCoordinator } from '../health/drain-coordinator.js';
import { Health } from '../health/health.js';

/** Metrics of statements, of the pool for requests, and of the outbox. */
@Injectable()
export class DatabaseMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly statements: StatementStats,
    private readonly pool: PoolMonitor,
    private readonly outbox: OutboxRepository,
  ) {}

  onModuleInit(): void {
    const { metrics, statements, pool } = this;
    statements.observe((ms) => metrics.observe('parley_database_query_seconds', ms / 1000));
    metrics.registerCallback('parley_database_statements_total', () => this.each(({ count }) => count));
    metrics.registerCallback('parley_database_statement_seconds_total', () =>
      this.each(({ totalMs }) => totalMs / 1000),
    );
    metrics.registerCallback('parley_database_errors_total', () =>
      [...statements.failures].map(([name, value]) => ({ value, labels: { class: name } })),
    );
    metrics.registerCallback('parley_database_connections', () =>
      Object.entries(pool.state).map(([state, value]) => ({ value, labels: { state } })),
    );
    let backlog: Promise<{ events: number; ageSeconds: number }>;
    metrics.registerCallback('parley_outbox_events', async () => {
      backlog = this.outbox.backlog();
      return [{ value: (await backlog).events }];
    });
    metrics.registerCallback('parley_outbox_age_seconds', async () => [{ value: (await backlog).ageSeconds }]);
    metrics.registerCallback('parley_database_pool_wait_seconds', () => [{ value: pool.waitMs / 1000 }]);
  }

  private each(valueOf: (time: { count: number; totalMs: number }) => number): Sample[] {
    return [...this.statements.byName].map(([statement, time]) => ({ value: valueOf(time), labels: { statement } }));
  }
}

/** Metrics of the fan-out of this node: the bus, the reconciler, and the `resync` frames. */
@Injectable()
export class FanOutMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly bus: Bus,
    private readonly reconciler: HeadReconciler,
    private readonly watermarks: WatermarkTracker,
    private readonly resume: Resume,
  ) {}

  onModuleInit(): void {
    const { metrics, bus, reconciler, watermarks, resume } = this;
    metrics.registerCallback('parley_bus_connected', () => [{ value: Number(bus.isConnected) }]);
    metrics.registerCallback('parley_sweep_age_seconds', () => [{ value: reconciler.cycleAgeMs / 1000 }]);
    metrics.registerCallback('parley_watermark_held_seconds', () => {
      const stalledMs = watermarks.stalledForMs();
      return stalledMs === undefined ? [] : [{ value: stalledMs / 1000 }];
    });
    metrics.registerCallback('parley_resyncs_total', () =>
      [...resume.resyncs].map(([reason, value]) => ({ value, labels: { reason } })),
    );
  }
}

/** Slightly less than the second within which a scrape is answered. */
const DEADLINE_MS = 900;

/** Metrics of readiness and of components. */
@Injectable()
export class HealthMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly health: Health,
    private readonly drain: DrainCoordinator,
  ) {}

  onModuleInit(): void {
    const { metrics, health, drain } = this;
    metrics.registerCallback('parley_draining', () => [{ value: Number(drain.isDraining) }]);
    metrics.registerCallback('parley_ready', async () => [{ value: Number(await health.isReadyWithin(DEADLINE_MS)) }]);
    metrics.registerCallback('parley_component_up', async () =>
      [...(await health.workingComponents(DEADLINE_MS))].map(([component, works]) => ({
        value: Number(works),
        labels: { component },
      })),
    );
  }
}
