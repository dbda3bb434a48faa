import { SETTINGS } from '../src/platform/config/settings.js';
import { declaredErrors } from '../src/platform/errors/app-error.js';
import { METRICS } from '../src/platform/metrics/metric-table.js';
import { limitVariables, type RateLimit } from '../src/platform/throttling/limits.js';

/** Renders `.env.example`: every setting and every number of these limits with its description, default and aliases. */
export function envExample(rateLimits: readonly RateLimit[]): string {
  const entries = Object.values(SETTINGS).map(({ name, aliases, description, defaultText }) => {
    const also = aliases.length > 0 ? ` Also read from ${aliases.join(', ')}.` : '';
    return `# ${description}${also}\n#${name}=${defaultText}\n`;
  });
  const limits = limitVariables(rateLimits).map(
    ({ name, fallback, description }) => `# ${description}\n#${name}=${fallback}\n`,
  );
  const head =
    '# Every setting, with its default. Copy to .env and remove the # in front of the settings you change.\n';
  return `${head}# Generated from src/platform/config/settings.ts and src/rate-limits.ts by: npm run generate\n\n${[...entries, ...limits].join('\n')}`;
}

/** Renders `docs/errors.md`: every code with its meaning and what a client can do. */
export function errorsDocument(): string {
  const rows = declaredErrors()
    .map(({ code, status, meaning, action, details }) => {
      const fields = Object.entries(details).map(([name, { isOptional }]) => `\`${name}\`${isOptional ? '?' : ''}`);
      return `| \`${code}\` | ${status ?? '4xx'} | ${fields.join(', ')} | ${meaning} | ${action} |`;
    })
    .sort();
  return [
    '# Errors',
    '',
    'Every error is `{"error": {"code", "message", "details", "request_id"}}`, over sockets without `request_id`. Programs should',
    'read `code`, which is stable, and `details`; `message` is for people and may change. The dialects present the same errors in',
    '[their own formats](dialects.md). The reasons for closed connections are in [realtime](realtime.md).',
    'The details of a code have the listed fields; those with `?` may be absent. `/openapi.json` has their schemas.',
    'Generated from the declarations (`defineError` in `*.errors.ts`).',
    '',
    '| Code | Status | Details | Meaning | What to do |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

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
