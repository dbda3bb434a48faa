import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DrainState } from '../health/drain-state.js';
import { Health } from '../health/health.js';
import { Metrics } from './metrics.js';

/** Slightly less than the second within which a scrape is answered. */
const DEADLINE_MS = 900;

/** Metrics of readiness and of components. */
@Injectable()
export class HealthMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly health: Health,
    private readonly drain: DrainState,
  ) {}

  onModuleInit(): void {
    const { metrics, health, drain } = this;
    metrics.read('parley_draining', () => [{ value: Number(drain.isDraining) }]);
    metrics.read('parley_ready', async () => [{ value: Number(await health.isReadyWithin(DEADLINE_MS)) }]);
    metrics.read('parley_component_up', async () =>
      [...(await health.working(DEADLINE_MS))].map(([component, works]) => ({
        value: Number(works),
        labels: { component },
      })),
    );
  }
}
