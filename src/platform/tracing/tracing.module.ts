import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { readPackage } from '../process/program-files.js';
import { ErrorReports } from './error-reports.js';
import { NoTracing, Tracing } from './tracing.js';

/** Loads OpenTelemetry if it is needed. On a busy machine this blocks for seconds. */
export async function loadTracing({ otelEndpoint }: Config): Promise<void> {
  if (otelEndpoint) await import('./otel-tracing.js');
}

/** Loads OpenTelemetry only if a collector is configured. */
async function createTracing({ otelEndpoint, otelServiceName, otelSampleRatio }: Config): Promise<Tracing> {
  if (!otelEndpoint) return new NoTracing();
  const { OtelTracing } = await import('./otel-tracing.js');
  return new OtelTracing({
    endpoint: otelEndpoint,
    serviceName: otelServiceName,
    sampleRatio: otelSampleRatio,
    version: readPackage().version,
  });
}

/** Traces and error reports to other servers, each only if it is configured. */
@Global()
@Module({
  providers: [{ provide: Tracing, inject: [Config], useFactory: createTracing }, ErrorReports],
  exports: [Tracing],
})
export class TracingModule {}
