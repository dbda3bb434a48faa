import { Injectable } from '@nestjs/common';
import { withTimeout } from '../concurrency/with-timeout.js';
import { isReadOnly } from '../database/database-errors.js';
import { readPackage } from '../process/program-files.js';
import { DrainCoordinator } from './drain-coordinator.js';

const CHECK_DEADLINE_MS = 2000;
/** Several load balancers may probe every second; results of this age are shared by all of them. */
const FRESH_MS = 1000;

/** `read-only`: it responds and accepts no writes. `disabled`: not configured, so nothing is missing. */
export const COMPONENT_STATUSES = ['healthy', 'unhealthy', 'read-only', 'disabled'] as const;
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number];
/** `degraded`: the process works, but an optional component is unavailable. */
export type OverallStatus = 'healthy' | 'degraded' | 'unhealthy' | 'draining';
/** The status for load balancers. All but `ok` mean that this process must get no requests. */
export const READINESS = ['ok', 'draining', 'unavailable', 'read-only'] as const;
export type Readiness = (typeof READINESS)[number];

export interface ComponentHealth {
  status: ComponentStatus;
  latency_ms: number;
  /** The last error since the start of this process; for operators. */
  last_error: { message: string; at: string } | null;
}

export interface HealthReport {
  status: OverallStatus;
  components: Record<string, ComponentHealth>;
}

/** Returns or resolves if the component works, throws or rejects if not. */
export type HealthCheck = () => unknown;

interface Component {
  readonly check: HealthCheck | undefined;
  readonly isRequired: boolean;
  lastError: ComponentHealth['last_error'];
  /** The newest result, possibly pending, and the time of its check. */
  latest?: { at: number; result: Promise<ComponentHealth> };
}

/** The components that this process needs. Modules register their own components and metrics. */
@Injectable()
export class Health {
  readonly version = readPackage().version;
  private readonly components = new Map<string, Component>();
  private readonly metrics = new Map<string, () => number>();

  constructor(private readonly drain: DrainCoordinator) {
    this.register('redis', undefined);
  }

  /**
   * Registers a component. Without a check it is disabled in this installation. A process is unhealthy if a required
   * component fails.
   */
  register(component: string, check: HealthCheck | undefined, { isRequired = true } = {}): void {
    this.components.set(component, { check, isRequired, lastError: null });
  }

  /** Adds a metric to `/healthz`. */
  registerMetric(metric: string, read: () => number): void {
    this.metrics.set(metric, read);
  }

  get metricValues(): Record<string, number> {
    return Object.fromEntries([...this.metrics].map(([name, read]) => [name, read()]));
  }

  /** Whether this process accepts requests. Checks required components only, and none twice in a second. */
  async readiness(): Promise<Readiness> {
    if (this.drain.isDraining) return 'draining';
    const required = [...this.components.values()].filter(({ isRequired }) => isRequired);
    const statuses = (await Promise.all(required.map((component) => recentResultOf(component)))).map(
      ({ status }) => status,
    );
    if (statuses.includes('unhealthy')) return 'unavailable';
    return statuses.includes('read-only') ? 'read-only' : 'ok';
  }

  /** Whether this process is ready; false if a component does not respond within `deadlineMs`. */
  async isReadyWithin(deadlineMs: number): Promise<boolean> {
    const readiness = await withTimeout(deadlineMs, this.readiness()).catch(() => undefined);
    return readiness === 'ok';
  }

  /** The state of every component, each checked now. */
  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.components].map(async ([name, component]) => [name, await checkNow(component)] as const),
    );
    return { status: this.statusOf(results), components: Object.fromEntries(results) };
  }

  /**
   * Which configured components work. No result is older than a second, and a component that does not respond within
   * `deadlineMs` counts as one that does not work.
   */
  async workingComponents(deadlineMs: number): Promise<ReadonlyMap<string, boolean>> {
    const configured = [...this.components].filter(([, { check }]) => check !== undefined);
    return new Map(
      await Promise.all(
        configured.map(async ([name, component]) => {
          const result = await withTimeout(deadlineMs, recentResultOf(component)).catch(() => undefined);
          return [name, result?.status === 'healthy'] as const;
        }),
      ),
    );
  }

  private statusOf(results: readonly (readonly [string, ComponentHealth])[]): OverallStatus {
    const failing = results
      .filter(([, { status }]) => status === 'unhealthy' || status === 'read-only')
      .map(([name]) => name);
    if (this.drain.isDraining) return 'draining';
    if (failing.some((name) => this.components.get(name)!.isRequired)) return 'unhealthy';
    return failing.length > 0 ? 'degraded' : 'healthy';
  }
}

function recentResultOf(component: Component): Promise<ComponentHealth> {
  const { latest } = component;
  return latest && performance.now() - latest.at < FRESH_MS ? latest.result : checkNow(component);
}

function checkNow(component: Component): Promise<ComponentHealth> {
  const result = runCheck(component);
  component.latest = { at: performance.now(), result };
  return result;
}

async function runCheck(component: Component): Promise<ComponentHealth> {
  const { check } = component;
  if (!check) return { status: 'disabled', latency_ms: 0, last_error: null };
  const started = performance.now();
  const status = await withTimeout(CHECK_DEADLINE_MS, Promise.resolve().then(check)).then(
    (): ComponentStatus => 'healthy',
    (error: unknown): ComponentStatus => {
      component.lastError = { message: (error as Error).message, at: new Date().toISOString() };
      return isReadOnly(error) ? 'read-only' : 'unhealthy';
    },
  );
  return { status, latency_ms: Math.round(performance.now() - started), last_error: component.lastError };
}
