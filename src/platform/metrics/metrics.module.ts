import { Global, Module } from '@nestjs/common';
import { DatabaseMetrics } from './database-metrics.js';
import { EdgeMetrics } from './edge-metrics.js';
import { MetricsAccess } from './metrics-access.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsServer } from './metrics-server.js';
import { Metrics } from './metrics.js';
import { ProcessMetrics } from './process-metrics.js';

/** What every process counts. Workers show it at `METRICS_PORT` alone, having no other. */
@Global()
@Module({
  providers: [Metrics, MetricsAccess, MetricsServer, DatabaseMetrics, ProcessMetrics],
  exports: [Metrics, MetricsAccess],
})
export class MetricsModule {}

/** What a process with HTTP and sockets counts beyond that, and `/metrics`. */
@Module({ controllers: [MetricsController], providers: [EdgeMetrics] })
export class EdgeMetricsModule {}
