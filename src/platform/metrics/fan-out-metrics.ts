import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Bus } from '../realtime/bus/bus.js';
import { WatermarkTracker } from '../realtime/fan-out/watermark-tracker.js';
import { Resume } from '../realtime/resume/resume.js';
import { HeadReconciler } from '../realtime/fan-out/head-reconciler.js';
import { Metrics } from './metrics.js';

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
    metrics.read('parley_bus_connected', () => [{ value: Number(bus.isConnected) }]);
    metrics.read('parley_sweep_age_seconds', () => [{ value: reconciler.ageMs / 1000 }]);
    metrics.read('parley_watermark_held_seconds', () => {
      const stalledMs = watermarks.stalledForMs();
      return stalledMs === undefined ? [] : [{ value: stalledMs / 1000 }];
    });
    metrics.read('parley_resyncs_total', () =>
      [...resume.resyncs].map(([reason, value]) => ({ value, labels: { reason } })),
    );
  }
}
