import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { readPackage } from '../process/program-files.js';
import { ErrorReports } from './error-reports.js';
import { NoTracing, Tracing } from './tracing.js';

/** Reads the files of OpenTelemetry, where they are needed: seconds in which a busy machine does nothing else. */
export async function loadTracing({ otelEndpoint }: Config): Promise<void> {
  if (otelEndpoint) await import('./otel-tracing.js');
}

/** Loads OpenTelemetry only for those who have a collector. */
async function createTracing({ otelEndpoint, otelServiceName, otelSampleShare }: Config): Promise<Tracing> {
  if (!otelEndpoint) return new NoTracing();
  const { OtelTracing } = await import('./otel-tracing.js');
  return new OtelTracing({
    endpoint: otelEndpoint,
    serviceName: otelServiceName,
    sampleShare: otelSampleShare,
    version: readPackage().version,
  });
}

/** What leaves the place: traces and error reports, each only where it is configured. */
@Global()
@Module({
  providers: [{ provide: Tracing, inject: [Config], useFactory: createTracing }, ErrorReports],
  exports: [Tracing],
})
export class TracingModule {}
