import type { OnApplicationShutdown } from '@nestjs/common';
import { context, type Context, type Span, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { type SetSpanAttributes, type SpanAttributes, type SpanTimes, Tracing } from './tracing.js';

/** W3C trace context: version, trace, span, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface OtelSettings {
  readonly endpoint: string;
  readonly serviceName: string;
  readonly version: string;
  readonly sampleRatio: number;
}

/** Sends traces to a collector over OTLP/HTTP. This file is only loaded if a collector is configured. */
export class OtelTracing extends Tracing implements OnApplicationShutdown {
  readonly isEnabled = true;
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;

  constructor({ endpoint, serviceName, version, sampleRatio }: OtelSettings) {
    super();
    // Only the first context manager of a process takes effect; it serves all instances.
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
      spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1000 })],
    });
    this.tracer = this.provider.getTracer('parley', version);
  }

  /** Sends the remaining spans; if the collector is unavailable, it waits no longer than the exporter's timeout. */
  async onApplicationShutdown(): Promise<void> {
    await this.provider.shutdown().catch(() => undefined);
  }

  span<T>(
    name: string,
    attributes: SpanAttributes,
    work: (setAttributes: SetSpanAttributes) => T,
    traceparent?: string,
  ): T {
    const parent = remoteParent(context.active(), traceparent);
    const span = this.tracer.startSpan(name, { attributes: { ...attributes } }, parent);
    try {
      const result = context.with(trace.setSpan(parent, span), () =>
        work((added) => void span.setAttributes({ ...added })),
      );
      if (!(result instanceof Promise)) return endSpan(span, result);
      return result.then(
        (value: unknown) => endSpan(span, value),
        (error: unknown) => failSpan(span, error),
      ) as T;
    } catch (error) {
      return failSpan(span, error);
    }
  }

  record(name: string, attributes: SpanAttributes, { begun, ended: end }: SpanTimes): void {
    const epoch = (time: number): number => performance.timeOrigin + time;
    this.tracer.startSpan(name, { attributes: { ...attributes }, startTime: epoch(begun) }).end(epoch(end));
  }
}

function remoteParent(active: Context, traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId) return active;
  return trace.setSpanContext(active, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags ?? '0', 16),
    isRemote: true,
  });
}

function endSpan<T>(span: Span, result: T): T {
  span.end();
  return result;
}

function failSpan(span: Span, error: unknown): never {
  const { code } = error as { code?: unknown };
  span.setStatus({ code: SpanStatusCode.ERROR, message: typeof code === 'string' ? code : undefined });
  span.end();
  throw error;
}
