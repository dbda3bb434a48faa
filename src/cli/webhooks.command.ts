import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ALL_SCOPE_EVENTS } from '../modules/webhooks/webhook-fields.policy.js';
import { standardKeyOf } from '../modules/webhooks/webhook-secrets.js';
import { WEBHOOK_VERIFICATION } from '../modules/webhooks/webhooks.events.js';
import { asUser, serverUrl } from './server-api.js';
import { withServices } from './services.js';
import { CommandFailed, printToStderr, print } from './terminal.js';

const MAX_SKEW_SECONDS = 300;
const MAX_BYTES = 1024 * 1024;
const DAY_SECONDS = 24 * 3600;

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
    .description('runs a receiver on this machine that prints each call and whether its signature is valid')
    .option('--port <port>', 'port to listen on; 0 chooses a free port', toPort, 8787)
    .option('--secret <secret>', 'secret of an existing webhook with this URL')
    .option('--user <user>', 'or: creates a webhook of this user with this URL, and deletes it at the end')
    .option('--events <types>', 'comma list of event types; if omitted, all types')
    .addOption(new Option('--scope <scope>', 'which events it receives').choices(['own', 'all']).default('own'))
    .option('--url <url>', 'URL of the server, if it is not the one of this configuration')
    .action(listen);
  return command;
}

/** Whether a call has a valid signature of this secret, in the header of Standard Webhooks. */
export function isSigned(secret: string, headers: IncomingMessage['headers'], body: string, now = Date.now()): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (typeof signatures !== 'string') return false;
  if (!(Math.abs(now / 1000 - Number(timestamp)) <= MAX_SKEW_SECONDS)) return false;
  const mac = createHmac('sha256', standardKeyOf(secret)).update(`${String(id)}.${String(timestamp)}.${body}`);
  const expected = mac.digest();
  return signatures.split(' ').some((entry) => {
    const given = Buffer.from(entry.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

async function listen({ port, secret, user, events, scope, url }: Options): Promise<void> {
  if (!secret === !user) throw new CommandFailed('Give either --secret or --user.');
  if (secret) return runReceiver(port, secret);
  await withServices(
    async (app) =>
      asUser(app, user!, { url: serverUrl(url), seconds: DAY_SECONDS }, async (api) => {
        const { data } = await api.get<{ data: { type: string }[] }>('/api/v1/webhooks/events');
        const available = data
          .map(({ type }) => type)
          .filter((type) => scope === 'all' || !ALL_SCOPE_EVENTS.includes(type));
        const requested = events?.split(',').map((type) => type.trim()) ?? available;
        await runReceiver(port, async (receiverUrl) => {
          const body = { url: receiverUrl, events: requested, scope, description: 'parley webhooks listen' };
          const created = await api.call<{ id: string; secret: string }>('POST', '/api/v1/webhooks', body);
          return {
            secret: created.secret,
            end: () => api.call('DELETE', `/api/v1/webhooks/${created.id}`),
          };
        });
      }),
    { migrates: false },
  );
}

/** Called once the URL of the receiver is known; returns the secret with which calls are signed. */
type Registration = (receiverUrl: string) => Promise<{ secret: string; end(): Promise<unknown> }>;

async function runReceiver(port: number, secretOrRegister: string | Registration): Promise<void> {
  let resolveSecret: (secret: string) => void = () => undefined;
  const secret = new Promise<string>((resolve) => (resolveSecret = resolve));
  const server = createServer((request, response) => {
    handleCall(request, secret).then(
      ({ status, body }) => response.writeHead(status).end(body),
      () => response.writeHead(413).end(),
    );
  });
  await listenOn(server, port);
  const receiverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  try {
    const registration = typeof secretOrRegister === 'string' ? undefined : await secretOrRegister(receiverUrl);
    resolveSecret(registration?.secret ?? (secretOrRegister as string));
    printToStderr(`Listening at ${receiverUrl}; Ctrl-C ends it.`);
    await stopped;
    await registration?.end();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function listenOn(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CommandFailed(`Port ${port} cannot be listened on: ${(error as NodeJS.ErrnoException).code ?? ''}.`);
  }
}

/**
 * Prints a call and responds to it, also to the challenge before the first event. The challenge may arrive before the
 * response that contains the secret.
 */
async function handleCall(
  request: IncomingMessage,
  secret: Promise<string>,
): Promise<{ status: number; body?: string }> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MAX_BYTES) throw new Error('too large');
  }
  const isGenuine = isSigned(await secret, request.headers, body);
  print(`${isGenuine ? '✓ signed' : '✗ NOT SIGNED'}  ${String(request.headers['webhook-id'] ?? '')}`, formatted(body));
  if (!isGenuine) return { status: 401 };
  const { event, data } = JSON.parse(body) as { event: string; data: { challenge?: string } };
  return event === WEBHOOK_VERIFICATION
    ? { status: 200, body: JSON.stringify({ challenge: data.challenge }) }
    : { status: 204 };
}

function formatted(body: string): string {
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
