import { declaredErrors } from './app-error.js';

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
