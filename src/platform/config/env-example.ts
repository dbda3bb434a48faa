import { LIMIT_VARIABLES } from '../throttling/limits.js';
import { SETTINGS } from './settings.js';

/** Renders `.env.example`: every setting and every limit with its description, default and aliases. */
export function envExample(): string {
  const entries = Object.values(SETTINGS).map(({ name, aliases, description, defaultText }) => {
    const also = aliases.length > 0 ? ` Also read from ${aliases.join(', ')}.` : '';
    return `# ${description}${also}\n#${name}=${defaultText}\n`;
  });
  const limits = LIMIT_VARIABLES.map(({ name, fallback, description }) => `# ${description}\n#${name}=${fallback}\n`);
  const head =
    '# Every setting, with its default. Copy to .env and remove the # in front of the settings you change.\n';
  return `${head}# Generated from src/platform/config/settings.ts and src/platform/throttling/limits.ts by: npm run generate\n\n${[...entries, ...limits].join('\n')}`;
}
