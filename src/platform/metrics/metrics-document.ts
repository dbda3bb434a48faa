import { METRICS } from './metric-table.js';

/** `docs/metrics.md`: all metrics with their help texts. */
export function metricsDocument(): string {
  const rows = Object.entries(METRICS).map(([name, declaration]) => {
    const labels = 'labels' in declaration ? declaration.labels.join(', ') : '';
    return `| \`${name}\` | ${declaration.kind} | ${labels} | ${declaration.help} |`;
  });
  return [
    '# Metrics',
    '',
    'Served at `/metrics`, for the process that responds. Generated from `src/platform/metrics/metric-table.ts`.',
    '[Operations](operations.md) describes their use. The metrics of Node are added as `parley_process_…` and `parley_nodejs_…`.',
    '',
    '| Metric | Kind | Labels | |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
