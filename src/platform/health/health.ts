import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DrainState } from './drain-state.js';

const CHECK_DEADLINE_MS = 2000;

export interface ComponentHealth {
  status: 'up' | 'down';
  latency_ms: number;
}

export interface HealthReport {
  status: 'ok' | 'draining' | 'unavailable';
  components: Record<string, ComponentHealth>;
}

/** Answers when the component works, throws when it does not. */
export type HealthCheck = () => Promise<unknown>;

/** What this process needs to serve, asked anew each time. Modules add their own components. */
@Injectable()
export class Health {
  private readonly checks = new Map<string, HealthCheck>();

  constructor(
    private readonly drain: DrainState,
    source: DataSource,
  ) {
    this.register('database', () => source.query('select 1'));
  }

  register(component: string, check: HealthCheck): void {
    this.checks.set(component, check);
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await measure(check)] as const),
    );
    const components = Object.fromEntries(results);
    const isUp = results.every(([, { status }]) => status === 'up');
    return { status: this.drain.isDraining ? 'draining' : isUp ? 'ok' : 'unavailable', components };
  }
}

async function measure(check: HealthCheck): Promise<ComponentHealth> {
  const started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_DEADLINE_MS);
  });
  const status = await Promise.race([check(), late]).then(
    () => 'up' as const,
    () => 'down' as const,
  );
  clearTimeout(timer);
  return { status, latency_ms: Math.round(performance.now() - started) };
}
