import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PoolMonitor } from '../database/pool-monitor.js';
import { OutboxRepository } from '../event-log/outbox.repository.js';
import { StatementStats } from '../database/statement-stats.js';
import { Metrics, type Reading } from './metrics.js';

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
    metrics.read('parley_database_statements_total', () => this.each(({ count }) => count));
    metrics.read('parley_database_statement_seconds_total', () => this.each(({ totalMs }) => totalMs / 1000));
    metrics.read('parley_database_errors_total', () =>
      [...statements.failures].map(([name, value]) => ({ value, labels: { class: name } })),
    );
    metrics.read('parley_database_connections', () =>
      Object.entries(pool.state).map(([state, value]) => ({ value, labels: { state } })),
    );
    let backlog: Promise<{ events: number; ageSeconds: number }>;
    metrics.read('parley_outbox_events', async () => {
      backlog = this.outbox.backlog();
      return [{ value: (await backlog).events }];
    });
    metrics.read('parley_outbox_age_seconds', async () => [{ value: (await backlog).ageSeconds }]);
    metrics.read('parley_database_pool_wait_seconds', () => [{ value: pool.waitMs / 1000 }]);
  }

  private each(valueOf: (time: { count: number; totalMs: number }) => number): Reading[] {
    return [...this.statements.byName].map(([statement, time]) => ({ value: valueOf(time), labels: { statement } }));
  }
}
