import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { METRICS, type MetricName } from '../../src/platform/metrics/metric-table.js';

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
}

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

/** Names of our metrics in an expression, without the suffixes that Prometheus adds to histograms. */
function namesIn(expression: string): string[] {
  return [...expression.matchAll(/\bparley_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
}

/** Labels in an expression that the metric does not have. */
function unknownLabels(expression: string): string[] {
  return [...expression.matchAll(/\b(parley_[a-z_]+?)(?:_bucket)?\{([^}]*)\}/g)].flatMap(([, name, selectors]) => {
    const declared = METRICS[name as MetricName] as { labels?: readonly string[] } | undefined;
    const known = new Set([...(declared?.labels ?? []), 'instance', 'job', 'le']);
    const asked = [...(selectors ?? '').matchAll(/([a-z]+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label ?? '');
    return asked.filter((label) => !known.has(label)).map((label) => `${name}{${label}}`);
  });
}

const rules = parse(readFileSync('docker/prometheus/alerts.yml', 'utf8')) as Rules;
const dashboard = JSON.parse(readFileSync('docker/grafana/dashboards/parley.json', 'utf8')) as Dashboard;
const alerts = rules.groups.flatMap((group) => group.rules);
const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe('the set of alerts and panels', () => {
  it.each(expressions)('uses existing metrics in %s', (_title, expression) => {
    expect(namesIn(expression).filter((name) => !(name in METRICS))).toEqual([]);
    expect(unknownLabels(expression)).toEqual([]);
  });

  it('explains every alert, in its summary and in docs/operations.md', () => {
    const handbook = readFileSync('docs/operations.md', 'utf8');
    expect(alerts.length).toBeGreaterThan(10);
    for (const { alert, annotations } of alerts) {
      expect(annotations.summary).not.toBe('');
      expect(handbook).toContain(`\`${alert}\``);
    }
  });

  it('uses every metric', () => {
    const used = new Set(expressions.flatMap(([, expression]) => namesIn(expression)));
    const unused = ['parley_http_in_flight', 'parley_sends_in_flight', 'parley_webhook_attempt_seconds'];
    unused.push('parley_database_statements_total', 'parley_scheduled_seconds_total');
    expect(Object.keys(METRICS).filter((name) => !used.has(name) && !unused.includes(name))).toEqual([]);
  });

  it('has its unknown metrics and labels found', () => {
    expect(namesIn('rate(parley_nothing_bucket[5m])')).toEqual(['parley_nothing']);
    expect(unknownLabels('parley_sends_total{colour="red"}')).toEqual(['parley_sends_total{colour}']);
  });
});
