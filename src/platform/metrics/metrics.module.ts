import { Global, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { DatabaseMetrics, FanOutMetrics, HealthMetrics } from './platform-metrics.js';
import { ApiMetrics } from './api-metrics.js';
import { MetricsAccess } from './metrics-access.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsServer } from './metrics-server.js';
import { Metrics } from './metrics.js';
import { ProcessMetrics } from './process-metrics.js';
import { RefusedSends } from './refused-sends.js';
import { TracingModule } from '../tracing/tracing.module.js';
import { tracedRequests, Tracing } from '../tracing/tracing.js';

/** The metrics of every process. Workers serve them only at `METRICS_PORT`, because they have no other port. */
@Global()
@Module({
  imports: [TracingModule],
  providers: [Metrics, MetricsAccess, MetricsServer, DatabaseMetrics, HealthMetrics, ProcessMetrics],
  exports: [Metrics, MetricsAccess],
})
export class MetricsModule {}

/** Further metrics of a process with HTTP and sockets, the route `/metrics`, and traces of requests. */
@Module({
  imports: [DiscoveryModule],
  controllers: [MetricsController],
  providers: [ApiMetrics, FanOutMetrics, RefusedSends],
})
export class ApiMetricsModule implements NestModule {
  constructor(private readonly tracing: Tracing) {}

  configure(consumer: MiddlewareConsumer): void {
    if (this.tracing.isEnabled) consumer.apply(tracedRequests(this.tracing)).forRoutes('{*path}');
  }
}
