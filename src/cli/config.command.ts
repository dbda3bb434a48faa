import { Command } from 'commander';
import { type Environment, processEnvironment, readConfiguration } from '../platform/config/config.js';
import { SETTINGS } from '../platform/config/settings.js';
import { limitVariables } from '../platform/throttling/limits.js';
import { RATE_LIMITS } from '../rate-limits.js';
import { CommandFailed, printToStderr, print, printJson, table } from './terminal.js';

const SECRET_NAME = /SECRET|PASSWORD|PEPPER|TOKEN|KEY|DSN/;
const REDACTED = '[redacted]';

/** Settings of other chat servers that have no effect here, and what to use instead. */
export const FOREIGN_SETTINGS: Readonly<Record<string, string>> = {
  SUPABASE_URL: 'tokens of an identity provider are accepted with JWT_EXTERNAL_JWKS_URL, _ISSUER and _AUDIENCE',
  SUPABASE_SERVICE_KEY: 'no key of the identity provider is needed: its tokens are checked with its public keys',
  SUPABASE_JWT_SECRET: 'the shared secret of an identity provider is JWT_EXTERNAL_SECRET',
};

export function configCommand(): Command {
  const command = new Command('config');
  command
    .command('print')
    .description('prints every setting with its value; secrets are redacted')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: boolean }) => {
      const settings = redactedSettings(processEnvironment());
      if (json) printJson(settings);
      else print(...table(Object.entries(settings).map(([name, value]) => [name, formatValue(value)])));
    });
  command
    .command('check')
    .description('lists every problem; exit code 1 if there is one')
    .action(() => checkEnvironment(processEnvironment()));
  command
    .command('doc')
    .description('prints the table of all settings as Markdown')
    .action(() => print(settingsTable().trimEnd()));
  return command;
}

/** Returns the settings by their names in the environment, without secrets. */
export function redactedSettings(environment: Environment): Record<string, unknown> {
  const { values, limitOverrides } = readConfiguration(environment, RATE_LIMITS);
  const settings = Object.entries(SETTINGS).map(([key, { name }]) => [
    name,
    redact(name, values[key as keyof typeof values]),
  ]);
  return Object.fromEntries([...settings, ...limitOverrides]) as Record<string, unknown>;
}

async function checkEnvironment(environment: Environment): Promise<void> {
  const problems = await problemsOf(environment);
  for (const [name, instead] of Object.entries(FOREIGN_SETTINGS)) {
    if (environment[name]) printToStderr(`${name} has no effect here: ${instead}.`);
  }
  if (problems.length > 0) throw new CommandFailed(problems.join('\n'));
  print('The configuration is valid.');
}

/** Returns every problem that would prevent the server from starting. */
async function problemsOf(environment: Environment): Promise<string[]> {
  const { values, problems } = readConfiguration(environment, RATE_LIMITS);
  const { settingProblems } = await import('../setting-checks.js');
  return [...problems, ...(await settingProblems(values))];
}

/** Redacts settings with the name of a secret, and credentials and query parameters in URLs. */
function redact(name: string, value: unknown): unknown {
  if (value === undefined || value === '') return undefined;
  if (SECRET_NAME.test(name)) return REDACTED;
  if (Array.isArray(value)) return value.map((entry: unknown) => redact(name, entry));
  if (typeof value !== 'string' || !URL.canParse(value)) return value;
  const url = new URL(value);
  if (!url.username && !url.password && !url.search) return value;
  if (url.username || url.password) url.username = 'redacted';
  url.password = '';
  for (const key of url.searchParams.keys()) url.searchParams.set(key, 'redacted');
  return url.href;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  return value === undefined || typeof value === 'string' ? (value ?? '') : JSON.stringify(value);
}

/** Renders every setting and every limit as a Markdown table: name, default, description and aliases. */
function settingsTable(): string {
  const settings = Object.values(SETTINGS).map(({ name, aliases, description, defaultText }) => {
    const also = aliases.length > 0 ? ` Also read from ${aliases.map(code).join(', ')}.` : '';
    return row(name, defaultText, description + also);
  });
  const limits = limitVariables(RATE_LIMITS).map(({ name, fallback, description }) =>
    row(name, String(fallback), description),
  );
  return ['| Setting | Default | |', '| --- | --- | --- |', ...settings, ...limits, ''].join('\n');
}

function row(name: string, defaultText: string, description: string): string {
  return `| ${code(name)} | ${defaultText && code(defaultText)} | ${description.replaceAll('|', '\\|')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
