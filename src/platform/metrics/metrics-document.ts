import { METRICS } from './metric-table.js';

/** `docs/metrics.md`: every metric with its sentence. */
export function metricsDocument(): string {
  const rows = Object.entries(METRICS).map(([name, declaration]) => {
    const labels = 'labels' in declaration ? declaration.labels.join(', ') : '';
    return `| \`${name}\` | ${declaration.kind} | ${labels} | ${declaration.help} |`;
  });
  return [
    '# Metrics',
    '',
    'At `/metrics`, of the process that answers. Made from `src/platform/metrics/metric-table.ts`; what they are good for',
    'stands in [operations](operations.md). Besides these there is what Node tells, as `parley_process_…` and `parley_nodejs_…`.',
    '',
    '| Metric | Kind | Labels | |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
