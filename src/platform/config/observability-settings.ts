import { decimal, declare, text, url, type Setting } from './setting.js';

/** Settings of metrics, error reports and traces. */
export const OBSERVABILITY_SETTINGS = {
  metricsToken: text({
    name: 'METRICS_TOKEN',
    description:
      'Bearer token for /metrics; unset: only direct requests from this machine are allowed, not through a proxy.',
  }),
  metricsPort: declare<number | undefined>(
    {
      name: 'METRICS_PORT',
      description:
        'Separate port for /metrics, the only one on which a worker serves them; 0 chooses a free port, unset: none.',
    },
    undefined,
    (value) => {
      const port = Number(value);
      if (!/^\d+$/.test(value) || port > 65_535) throw new Error('must be a whole number from 0 to 65535');
      return port;
    },
  ),
  sentryDsn: url({
    name: 'SENTRY_DSN',
    schemes: ['https', 'http'],
    description: 'Where everything logged as an error is reported; unset: nowhere, and Sentry is not loaded.',
  }),
  otelEndpoint: url({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schemes: ['https', 'http'],
    description: 'Collector of traces over OTLP/HTTP; unset: no traces, and OpenTelemetry is not loaded.',
  }),
  otelServiceName: text({
    name: 'OTEL_SERVICE_NAME',
    default: 'parley',
    description: 'Name of this program in traces.',
  }),
  otelSampleRatio: decimal({
    name: 'OTEL_TRACES_SAMPLER_ARG',
    default: 1,
    above: 0,
    max: 1,
    description: 'Fraction of requests and frames that are traced, up to 1.',
  }),
} satisfies Record<string, Setting<unknown>>;
