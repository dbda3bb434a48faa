import { LIMIT_VARIABLES } from '../throttling/limits.js';
import { SETTINGS } from './settings.js';

/** Renders every setting and every limit as a Markdown table: name, default, description and aliases. */
export function settingsTable(): string {
  const settings = Object.values(SETTINGS).map(({ name, aliases, description, defaultText }) => {
    const also = aliases.length > 0 ? ` Also read from ${aliases.map(code).join(', ')}.` : '';
    return row(name, defaultText, description + also);
  });
  const limits = LIMIT_VARIABLES.map(({ name, fallback, description }) => row(name, String(fallback), description));
  return ['| Setting | Default | |', '| --- | --- | --- |', ...settings, ...limits, ''].join('\n');
}

function row(name: string, fallback: string, description: string): string {
  return `| ${code(name)} | ${fallback && code(fallback)} | ${description.replaceAll('|', '\\|')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
