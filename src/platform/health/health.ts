import { Injectable } from '@nestjs/common';
import { isReadOnly } from '../database/database-errors.js';
import { readPackage } from '../process/program-files.js';
import { DrainState } from './drain-state.js';

const CHECK_DEADLINE_MS = 2000;
/** Load balancers of several kinds ask each second and more; the components are asked once for all of them. */
const FRESH_MS = 1000;

/** `read-only`: it answers and takes no writes. `disabled`: not configured, so nothing is missing. */
export const COMPONENT_STATUSES = ['healthy', 'unhealthy', 'read-only', 'disabled'] as const;
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number];
/** `degraded`: it serves, without something it can do without for a while. */
export type OverallStatus = 'healthy' | 'degraded' | 'unhealthy' | 'draining';
/** What a load balancer is answered; all but `ok` mean that this process is to be sent nothing. */
export const READINESS = ['ok', 'draining', 'unavailable', 'read-only'] as const;
export type Readiness = (typeof READINESS)[number];

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
  /** The newest result, or the one that is on its way, and when it was asked for. */
  asked?: { at: number; result: Promise<ComponentHealth> };
}

/** What this process needs to serve. Modules add their own components and figures. */
@Injectable()
export class Health {
  readonly version = readPackage().version;
  private readonly components = new Map<string, Component>();
  private readonly figures = new Map<string, () => number>();

  constructor(private readonly drain: DrainState) {
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

  /** Whether this process may be sent requests: asks nothing it can do without, and nothing twice in a second. */
  async readiness(): Promise<Readiness> {
    if (this.drain.isDraining) return 'draining';
    const vital = [...this.components.values()].filter(({ isVital }) => isVital);
    const statuses = (await Promise.all(vital.map((component) => recent(component)))).map(({ status }) => status);
    if (statuses.includes('unhealthy')) return 'unavailable';
    return statuses.includes('read-only') ? 'read-only' : 'ok';
  }

  /** The same for who cannot wait for a component that is silent: it is not ready then. */
  async isReadyWithin(deadlineMs: number): Promise<boolean> {
    const readiness = await within(deadlineMs, this.readiness()).catch(() => undefined);
    return readiness === 'ok';
  }

  /** The state of every component, each asked now. */
  async report(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.components].map(async ([name, component]) => [name, await ask(component)] as const),
    );
    return { status: this.statusOf(results), components: Object.fromEntries(results) };
  }

  /**
   * Which components work, of those this installation has; none of the results is older than a second, and one that
   * does not come within `deadlineMs` counts as a component that does not work.
   */
  async working(deadlineMs: number): Promise<ReadonlyMap<string, boolean>> {
    const present = [...this.components].filter(([, { check }]) => check !== undefined);
    return new Map(
      await Promise.all(
        present.map(async ([name, component]) => {
          const result = await within(deadlineMs, recent(component)).catch(() => undefined);
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
    if (failing.some((name) => this.components.get(name)!.isVital)) return 'unhealthy';
    return failing.length > 0 ? 'degraded' : 'healthy';
  }
}

function recent(component: Component): Promise<ComponentHealth> {
  const { asked } = component;
  return asked && performance.now() - asked.at < FRESH_MS ? asked.result : ask(component);
}

function ask(component: Component): Promise<ComponentHealth> {
  const result = examine(component);
  component.asked = { at: performance.now(), result };
  return result;
}

async function examine(component: Component): Promise<ComponentHealth> {
  const { check } = component;
  if (!check) return { status: 'disabled', latency_ms: 0, last_error: null };
  const started = performance.now();
  const status = await within(CHECK_DEADLINE_MS, Promise.resolve().then(check)).then(
    (): ComponentStatus => 'healthy',
    (error: unknown): ComponentStatus => {
      component.lastError = { message: (error as Error).message, at: new Date().toISOString() };
      return isReadOnly(error) ? 'read-only' : 'unhealthy';
    },
  );
  return { status, latency_ms: Math.round(performance.now() - started), last_error: component.lastError };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
