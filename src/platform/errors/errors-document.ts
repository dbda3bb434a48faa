import { codeOf } from './throws.decorator.js';
import { declaredErrors, errorDocOf } from './error-doc.decorator.js';

/** `docs/errors.md`: every code with what it means and what to do. */
export function errorsDocument(): string {
  const rows = declaredErrors()
    .map((error) => ({ ...codeOf(error), ...errorDocOf(error) }))
    .map(({ code, status, meaning, action: remedy }) => `| \`${code}\` | ${status ?? '4xx'} | ${meaning} | ${remedy} |`)
    .sort();
  return [
    '# Errors',
    '',
    'Every refusal is `{"error": {"code", "message", "details", "request_id"}}`, over sockets without `request_id`. Programs look',
    'at `code`, which is stable, and at `details`; `message` is for people and may change. The addresses of other chat systems',
    'tell the same errors in [their own forms](dialects.md). Why a connection was closed stands in [realtime](realtime.md).',
    'Made from the declarations (`@Means` in `*.errors.ts`).',
    '',
    '| Code | Status | Meaning | What to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
