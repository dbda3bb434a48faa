import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import { USER_BANNED, USER_CREATED } from '../modules/users/users.events.js';
import { standardKeyOf } from '../modules/webhooks/webhook-secrets.js';
import { WEBHOOK_VERIFICATION } from '../modules/webhooks/webhooks.events.js';
import { asUser, serverUrl } from './server-api.js';
import { withServices } from './services.js';
import { CommandFailed, printError, print } from './terminal.js';

const MOST_SKEW_SECONDS = 300;
const MOST_BYTES = 1024 * 1024;
const DAY_SECONDS = 24 * 3600;
/** Told only to webhooks that see everything. */
const FOR_ADMINS: readonly string[] = [USER_CREATED, USER_BANNED];

interface Options {
  readonly port: number;
  readonly secret?: string;
  readonly user?: string;
  readonly events?: string;
  readonly scope: 'own' | 'all';
  readonly url?: string;
}

export function webhooksCommand(): Command {
  const command = new Command('webhooks');
  command
    .command('listen')
    .description('a receiver on this machine that prints what it is told, and whether the signature is right')
    .option('--port <port>', 'where to listen; 0 takes a free port', toPort, 8787)
    .option('--secret <secret>', 'of a webhook that points here already')
    .option('--user <user>', 'or: makes a webhook of this user that points here, for as long as this listens')
    .option('--events <types>', 'comma list; left out: all that there are')
    .addOption(new Option('--scope <whose>', 'what it sees').choices(['own', 'all']).default('own'))
    .option('--url <address>', 'of the server, if it is not this configuration’s')
    .action(listen);
  return command;
}

/** Whether a call is from the holder of the secret, by the header of Standard Webhooks. */
export function isSigned(secret: string, headers: IncomingMessage['headers'], body: string, now = Date.now()): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (typeof signatures !== 'string') return false;
  if (!(Math.abs(now / 1000 - Number(timestamp)) <= MOST_SKEW_SECONDS)) return false;
  const mac = createHmac('sha256', standardKeyOf(secret)).update(`${String(id)}.${String(timestamp)}.${body}`);
  const expected = mac.digest();
  return signatures.split(' ').some((entry) => {
    const given = Buffer.from(entry.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

async function listen({ port, secret, user, events, scope, url }: Options): Promise<void> {
  if (!secret === !user) throw new CommandFailed('Give either --secret or --user.');
  if (secret) return untilStopped(port, secret);
  await withServices(
    async (app) =>
      asUser(app, user!, { url: serverUrl(url), seconds: DAY_SECONDS }, async (api) => {
        const { data } = await api.get<{ data: { type: string }[] }>('/api/v1/webhooks/events');
        const heard = data.map(({ type }) => type).filter((type) => scope === 'all' || !FOR_ADMINS.includes(type));
        const wanted = events?.split(',').map((type) => type.trim()) ?? heard;
        await untilStopped(port, async (address) => {
          const body = { url: address, events: wanted, scope, description: 'parley webhooks listen' };
          const made = await api.call<{ id: string; secret: string }>('POST', '/api/v1/webhooks', body);
          return {
            secret: made.secret,
            end: () => api.call('DELETE', `/api/v1/webhooks/${made.id}`),
          };
        });
      }),
    { migrates: false },
  );
}

/** Asked for once the address is known: the secret that calls to it are signed with. */
type Registration = (address: string) => Promise<{ secret: string; end(): Promise<unknown> }>;

async function untilStopped(port: number, by: string | Registration): Promise<void> {
  let learn: (secret: string) => void = () => undefined;
  const secret = new Promise<string>((resolve) => (learn = resolve));
  const server = createServer((request, response) => {
    takeCall(request, secret).then(
      ({ status, body }) => response.writeHead(status).end(body),
      () => response.writeHead(413).end(),
    );
  });
  await opened(server, port);
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  try {
    const registration = typeof by === 'string' ? undefined : await by(address);
    learn(registration?.secret ?? (by as string));
    printError(`Listening at ${address}; Ctrl-C ends it.`);
    await stopped;
    await registration?.end();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function opened(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CommandFailed(`Port ${port} cannot be listened on: ${(error as NodeJS.ErrnoException).code ?? ''}.`);
  }
}

/**
 * Prints a call and answers it; the challenge that comes before the first event too. It may come before the answer that
 * has the secret.
 */
async function takeCall(request: IncomingMessage, secret: Promise<string>): Promise<{ status: number; body?: string }> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MOST_BYTES) throw new Error('too large');
  }
  const isGenuine = isSigned(await secret, request.headers, body);
  print(`${isGenuine ? '✓ signed' : '✗ NOT SIGNED'}  ${String(request.headers['webhook-id'] ?? '')}`, shown(body));
  if (!isGenuine) return { status: 401 };
  const { event, data } = JSON.parse(body) as { event: string; data: { challenge?: string } };
  return event === WEBHOOK_VERIFICATION
    ? { status: 200, body: JSON.stringify({ challenge: data.challenge }) }
    : { status: 204 };
}

function shown(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return JSON.stringify(body.slice(0, 500));
  }
}

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('must be a port');
  return port;
}
