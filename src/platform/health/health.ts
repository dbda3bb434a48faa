import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { readPackage } from '../process/program-files.js';
import { DrainState } from './drain-state.js';

const CHECK_DEADLINE_MS = 2000;

/** `disabled`: not configured, so nothing is missing. */
export type ComponentStatus = 'healthy' | 'unhealthy' | 'disabled';
/** `degraded`: it serves, without something it can do without for a while. */
export type OverallStatus = 'healthy' | 'degraded' | 'unhealthy' | 'draining';

export interface ComponentHealth {
  status: ComponentStatus;
  latency_ms: number;
  /** Of this process, since its start; for those who run the place. */
  last_error: { message: string; at: string } | null;
}

export interface HealthReport {
  status: OverallStatus;
  components: Record<string, ComponentHealth>;
}

/** Answers when the component works, throws when it does not. */
export type HealthCheck = () => unknown;

interface Component {
  readonly check: HealthCheck | undefined;
  readonly isVital: boolean;
  lastError: ComponentHealth['last_error'];
}

/** What this process needs to serve, asked anew each time. Modules add their own components and figures. */
@Injectable()
export class Health {
  readonly version = readPackage().version;
  private readonly components = new Map<string, Component>();
  private readonly figures = new Map<string, () => number>();

  constructor(
    private readonly drain: DrainState,
    pool: pg.Pool,
  ) {
    this.register('database', () => pool.query('select 1'));
    this.register('redis', undefined);
  }

  /**
   * Without a check the component is one this installation does not have. A process is unhealthy without a vital one.
   */
  register(component: string, check: HealthCheck | undefined, { isVital = true } = {}): void {
    this.components.set(component, { check, isVital, lastError: null });
  }

  /** A number `/healthz` shows. */
  measure(figure: string, read: () => number): void {
    this.figures.set(figure, read);
  }

  get measured(): Record<string, number> {
    return Object.fromEntries([...this.figures].map(([name, read]) => [name, read()]));
  }

  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.components].map(async ([name, component]) => [name, await examine(component)] as const),
    );
    return { status: this.statusOf(results), components: Object.fromEntries(results) };
  }

  private statusOf(results: readonly (readonly [string, ComponentHealth])[]): OverallStatus {
    const failing = results.filter(([, { status }]) => status === 'unhealthy').map(([name]) => name);
    if (this.drain.isDraining) return 'draining';
    if (failing.some((name) => this.components.get(name)!.isVital)) return 'unhealthy';
    return failing.length > 0 ? 'degraded' : 'healthy';
  }
}

async function examine(component: Component): Promise<ComponentHealth> {
  const { check } = component;
  if (!check) return { status: 'disabled', latency_ms: 0, last_error: null };
  const started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CHECK_DEADLINE_MS);
  });
  const status = await Promise.race([Promise.resolve().then(check), late]).then(
    () => 'healthy' as const,
    (error: unknown) => {
      component.lastError = { message: (error as Error).message, at: new Date().toISOString() };
      return 'unhealthy' as const;
    },
  );
  clearTimeout(timer);
  return { status, latency_ms: Math.round(performance.now() - started), last_error: component.lastError };
}
