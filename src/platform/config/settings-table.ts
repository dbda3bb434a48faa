import { LIMIT_VARIABLES } from '../throttling/limits.js';
import { SETTINGS } from './settings.js';

/** Renders every setting and every limit as a Markdown table: name, default, description and aliases. */
export function settingsTable(): string {
  const settings = Object.values(SETTINGS).map(({ name, aliases, sentence, shown }) => {
    const also = aliases.length > 0 ? ` Also read from ${aliases.map(code).join(', ')}.` : '';
    return row(name, shown, sentence + also);
  });
  const limits = LIMIT_VARIABLES.map(({ name, fallback, sentence }) => row(name, String(fallback), sentence));
  return ['| Setting | Default | |', '| --- | --- | --- |', ...settings, ...limits, ''].join('\n');
}

function row(name: string, fallback: string, sentence: string): string {
  return `| ${code(name)} | ${fallback && code(fallback)} | ${sentence.replaceAll('|', '\\|')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
