import { Command, InvalidArgumentError } from 'commander';
import type { ServerKeyDto } from '../modules/auth/server-keys.dto.js';
import { ServerKeysService } from '../modules/auth/server-keys.service.js';
import { SCOPES } from '../platform/identity/server-key.js';
import { isUuid } from '../platform/validation/fields.js';
import { withServices } from './services.js';
import { print, printToStderr } from './terminal.js';

interface CreateOptions {
  readonly name: string;
  readonly scopes?: string[];
  readonly signing?: boolean;
  readonly expires?: string;
}

export function keysCommand(): Command {
  const command = new Command('keys');
  command
    .command('create')
    .description('prints a new server key; the secret is displayed once')
    .requiredOption('--name <name>', 'names the key in the list and in the audit log')
    .option('--scopes <scopes>', `comma list of: ${SCOPES.join(', ')}`, toScopes)
    .option('--signing', 'a key that signs tokens of users, without scopes')
    .option('--expires <time>', 'end of the key (ISO 8601); without it the key does not expire', toTime)
    .action(async ({ name, scopes, signing, expires }: CreateOptions) => {
      const kind = signing ? 'signing' : 'server';
      const input = { name, kind, scopes, expires_at: expires } as const;
      const { id, secret } = await withServices((app) =>
        app.get(ServerKeysService, { strict: false }).create(null, input),
      );
      print(secret);
      printToStderr(`The id of the key is ${id}. The secret is printed only now and stored nowhere in plain text.`);
    });
  command
    .command('list')
    .description('lists the server keys that are not revoked, with their last use')
    .action(async () => {
      const { data } = await withServices((app) => app.get(ServerKeysService, { strict: false }).list(null));
      for (const key of data) print(describe(key));
      if (data.length === 0) printToStderr('There are no server keys.');
    });
  command
    .command('revoke <id>')
    .description('revokes a server key: at once for writes, within 5 seconds for reads and sockets')
    .action(async (given: string) => {
      const id = toId(given);
      await withServices((app) => app.get(ServerKeysService, { strict: false }).revoke(null, id));
      print(`${id} is revoked.`);
    });
  return command;
}

function describe({ id, kind, name, scopes, expires_at, last_used_at, last_used_ip }: ServerKeyDto): string {
  const use = last_used_at === null ? 'never used' : `last used ${last_used_at} from ${last_used_ip ?? 'a socket'}`;
  const end = expires_at === null ? 'does not expire' : `expires ${expires_at}`;
  return `${id}  ${kind}  ${name}  [${scopes.join(',')}]  ${use}, ${end}`;
}

function toScopes(text: string): string[] {
  return text
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '');
}

function toTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('must be a time such as 2027-01-31T12:00:00Z');
  return time.toISOString();
}

function toId(text: string): string {
  if (!isUuid(text)) throw new InvalidArgumentError('must be the id of a key');
  return text.toLowerCase();
}
