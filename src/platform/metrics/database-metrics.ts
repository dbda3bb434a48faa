import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PoolWatch } from '../database/pool-watch.js';
import { StatementTimes } from '../database/statement-times.js';
import { Metrics, type Reading } from './metrics.js';

/** Statements and the pool of requests. */
@Injectable()
export class DatabaseMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly times: StatementTimes,
    private readonly pool: PoolWatch,
  ) {}

  onModuleInit(): void {
    const { metrics, times, pool } = this;
    times.observe((ms) => metrics.observe('parley_database_query_seconds', ms / 1000));
    metrics.read('parley_database_statements_total', () => this.each(({ count }) => count));
    metrics.read('parley_database_statement_seconds_total', () => this.each(({ totalMs }) => totalMs / 1000));
    metrics.read('parley_database_errors_total', () =>
      [...times.failures].map(([name, value]) => ({ value, labels: { class: name } })),
    );
    metrics.read('parley_database_connections', () =>
      Object.entries(pool.state).map(([state, value]) => ({ value, labels: { state } })),
    );
    metrics.read('parley_database_pool_wait_seconds', () => [{ value: pool.waitMs / 1000 }]);
  }

  private each(of: (time: { count: number; totalMs: number }) => number): Reading[] {
    return [...this.times.byName].map(([statement, time]) => ({ value: of(time), labels: { statement } }));
  }
}
