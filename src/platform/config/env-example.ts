import { SETTINGS } from './settings.js';

/** `.env.example`: every setting with its sentence, its default, and the other names it goes by. */
export function envExample(): string {
  const entries = Object.values(SETTINGS).map(({ name, aliases, sentence, shown }) => {
    const also = aliases.length > 0 ? ` Also read from ${aliases.join(', ')}.` : '';
    return `# ${sentence}${also}\n#${name}=${shown}\n`;
  });
  const head = '# Every setting, with its default. Copy to .env and take out the # in front of what you change.\n';
  return `${head}# Generated from src/platform/config/settings.ts by: npm run generate\n\n${entries.join('\n')}`;
}
