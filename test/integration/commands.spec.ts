import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSigned } from '../../src/cli/webhooks.command.js';
import { signWebhook } from '../../src/modules/webhooks/webhook-signature.js';
import { cli as command, type CliAnswer } from '../support/cli.js';
import { request } from '../support/client/http.js';
import { createEmptyDatabase, createTestDatabase } from '../support/test-database.js';
import { startProcess } from '../support/test-process.js';
import { World } from '../support/world.js';

// Every command is a process.
jest.setTimeout(120_000);

const SECRET = '7fKq2vXw9zLmP4sTb8YdR1cGhJ6nUeA0';
const PEPPER = 'q0Lw7Zr2Xk5Vb8Nt3Hj6Pd9Sf1Gm4Yc0';

/** A migration with newer ones that do not depend on it. */
const LATE_STEP = 'CreatePresence1764700005000';

describe('a command', () => {
  let world: World;
  let folder: string;
  let environment: Record<string, string>;
  const cli = (...args: string[]): Promise<CliAnswer> => command(environment, ...args);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-cli-'));
    world = await World.start({ JWT_SECRET: SECRET, PASSWORD_PEPPER: PEPPER, WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    environment = {
      NODE_ENV: 'test',
      BCRYPT_COST: '4',
      DATA_DIR: folder,
      DATABASE_URL: world.database.url,
      JWT_SECRET: SECRET,
      PASSWORD_PEPPER: PEPPER,
      PORT: new URL(world.url).port,
    };
  });
  afterAll(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('creates an admin, and prints a working password once', async () => {
    const { exitCode, output } = await cli('admin', 'create', '--username', 'ops', '--email', 'ops@example.com');
    expect(exitCode).toBe(0);
    const password = /^password: (\S{20,})$/m.exec(output)![1]!;
    const { body } = await world.call('POST', '/auth/login', { username: 'ops', password });
    expect(body.user).toMatchObject({ username: 'ops', role: 'admin' });
    const log = await world.database.query(`select action, reason from audit_log where action = 'user.create'`);
    expect(log).toEqual([{ action: 'user.create', reason: 'by the command line' }]);
    const again = await cli('admin', 'create', '--username', 'ops', '--email', 'other@example.com');
    expect(again).toEqual({ exitCode: 1, output: 'This user name is taken. {"field":"username"}\n' });
  });

  it('mints a working token, which ends with its session', async () => {
    const ann = await world.register('ann');
    const minted = await cli('token', 'mint', 'ann', '--ttl', '90');
    const token = /^[\w-]+\.[\w-]+\.[\w-]+$/m.exec(minted.output)![0];
    const headers = { authorization: `Bearer ${token}` };
    expect((await world.call('GET', '/users/me', undefined, headers)).body.username).toBe('ann');
    const { body } = await ann.call('GET', '/auth/sessions');
    const [session] = body.data.filter(({ user_agent }: { user_agent: string }) => user_agent === 'command line');
    expect(Date.parse(session.expires_at) - Date.parse(session.created_at)).toBe(90_000);
    await ann.call('DELETE', `/auth/sessions/${session.id}`);
    expect((await world.call('GET', '/users/me', undefined, headers)).status).toBe(401);
    expect(await cli('token', 'mint', 'unknown')).toEqual({ exitCode: 1, output: 'There is no user unknown.\n' });
  });

  it('creates a server key whose secret works until it is revoked, and is printed once', async () => {
    const created = await cli('keys', 'create', '--name', 'shop', '--scopes', 'users:read');
    const secret = /^psk_\S+$/m.exec(created.output)![0];
    const id = /The id of the key is (\S+)\./.exec(created.output)![1]!;
    const read = () =>
      world.call('GET', '/users/batch?external_ids=a', undefined, { authorization: `Bearer ${secret}` });
    expect((await read()).status).toBe(200);
    const listed = await cli('keys', 'list');
    expect(listed.output).toMatch(
      new RegExp(`^${id}  server  shop  \\[users:read\\]  last used \\S+ from \\S+, does not expire$`, 'm'),
    );
    expect(listed.output).not.toContain(secret.slice(secret.lastIndexOf('_') + 1));
    expect(await cli('keys', 'revoke', id)).toEqual({ exitCode: 0, output: `${id} is revoked.\n` });
    expect((await read()).status).toBe(401);
    expect((await cli('keys', 'list')).output).toBe('There are no server keys.\n');
    const unknown = await cli('keys', 'create', '--name', 'x', '--scopes', 'everything');
    expect([unknown.exitCode, unknown.output]).toEqual([1, expect.stringContaining('scopes')]);
    const log = await world.database.query(`select action from audit_log where action like 'server_key.%' order by id`);
    expect(log.map(({ action }) => action)).toEqual(['server_key.create', 'server_key.revoke']);
  });

  it('prints the configuration without secrets, and every problem in it', async () => {
    const shown = await cli('config', 'print', '--json');
    const settings = JSON.parse(shown.output) as Record<string, unknown>;
    expect(settings).toMatchObject({ JWT_SECRET: '[redacted]', PASSWORD_PEPPER: '[redacted]', BCRYPT_COST: 4 });
    const { password } = new URL(world.database.url);
    for (const secret of [SECRET, PEPPER, password]) expect(shown.output).not.toContain(secret);
    const wrong = await command(
      { ...environment, PORT: 'x', ALLOWED_ORIGINS: '*', SUPABASE_SERVICE_KEY: 'x' },
      'config',
      'check',
    );
    expect(wrong.exitCode).toBe(1);
    expect(wrong.output.split('\n')).toEqual([
      expect.stringMatching(/^SUPABASE_SERVICE_KEY has no effect here: /),
      'PORT must be a whole number from 0 to 65535',
      expect.stringMatching(/^ALLOWED_ORIGINS has the entry "\*"/),
      '',
    ]);
  });

  it('reports the state of a running server, and that none responds', async () => {
    const { exitCode, output } = await cli('monitoring', '--health-check', '--status');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^server +healthy\n(?:\w+ +\w+\n)*database +healthy/);
    expect(output).toMatch(/^Users +\d+, 0 online, \d+ new today, 0 banned$/m);
    const figures = await cli('performance-metrics', '--summary', '--trends', 'message_delivery');
    expect(figures.exitCode).toBe(0);
    expect(figures.output).toMatch(/^Requests +\d+; p50/m);
    expect(figures.output).toMatch(/^Hour \(UTC\) +messages +deliveries/m);
    const sockets = await cli('websocket-analytics');
    expect(sockets).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^Connected now +0$/m) });
    const away = await cli('monitoring', '--health-check', '--url', 'http://127.0.0.1:1');
    expect(away).toEqual({ exitCode: 1, output: expect.stringContaining('No server responds at http://127.0.0.1:1') });
    // Its own session has ended.
    const open = `select from sessions where user_agent = 'command line' and revoked_at is null and expires_at > now()`;
    expect(await world.database.query(open)).toEqual([]);
  });

  it.each([['monitoring', '--status'], ['performance-metrics', '--summary'], ['websocket-analytics']])(
    'reports that no server responds, without needing anything else: %s',
    async (...args) => {
      const fresh = mkdtempSync(join(tmpdir(), 'parley-fresh-'));
      const answer = await command({ NODE_ENV: 'test', DATA_DIR: fresh, PORT: '1' }, ...args);
      expect(answer).toEqual({ exitCode: 1, output: expect.stringMatching(/^No server responds at \S+:1: .+\n$/) });
      expect(readdirSync(fresh)).toEqual([]);
      rmSync(fresh, { recursive: true });
    },
  );

  it('reports that a database has no schema', async () => {
    const empty = await createEmptyDatabase();
    const answer = await command({ ...environment, DATABASE_URL: empty.url }, 'monitoring', '--status');
    expect(answer).toEqual({
      exitCode: 1,
      output: 'The database has no schema yet: create it with npm start or parley db migrate.\n',
    });
    await empty.drop();
  });

  it('listens for webhooks while it runs, and reports which are signed', async () => {
    const ben = await world.register('ben');
    const args = ['webhooks', 'listen', '--user', 'ben', '--port', '0', '--events', 'message.created'];
    const listening = startProcess('dist/src/cli.js', environment, args);
    const address = (await listening.printed(/Listening at (\S+);/))[1]!;
    const group = await world.group(ben);
    await ben.call('POST', `/conversations/${group}/messages`, { content: 'heard outside' });
    await listening.printed(/✓ signed[^✗]*"content": "heard outside"/);
    expect((await request('POST', address, { body: '{"forged":1}' })).status).toBe(401);
    await listening.printed(/✗ NOT SIGNED[^✓]*"forged": 1/);
    expect((await ben.call('GET', '/webhooks')).body.data).toHaveLength(1);
    expect(await listening.end('SIGINT')).toBe(0);
    expect((await ben.call('GET', '/webhooks')).body.data).toEqual([]);
  });

  it('lists the missing migrations and runs them, even one that was merged after newer ones', async () => {
    const database = await createTestDatabase();
    const { query } = database;
    const db = (...args: string[]) => command({ ...environment, DATABASE_URL: database.url }, 'db', ...args);
    expect(await db('status')).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^Pending +none$/m) });
    await query('drop table presence_leases, presence_settings');
    await query(`update schema_migrations set name = 'Newer' where name = '${LATE_STEP}'`);
    const behind = await db('status', '--json');
    expect(behind.exitCode).toBe(1);
    expect(JSON.parse(behind.output.slice(0, behind.output.lastIndexOf('}') + 1))).toMatchObject({
      pending: [LATE_STEP],
      unknown: ['Newer'],
    });
    await query(`delete from schema_migrations where name = 'Newer'`);
    expect(await db('migrate')).toEqual({ exitCode: 0, output: `${LATE_STEP}\n` });
    expect(await query(`select to_regclass('presence_settings') is not null as there`)).toEqual([{ there: true }]);
    expect(await db('migrate')).toEqual({ exitCode: 0, output: 'The schema is up to date.\n' });
    await database.drop();
  });

  it('prints the API documents', async () => {
    const { output } = await cli('spec', 'openapi');
    expect(JSON.parse(output)).toEqual(JSON.parse(readFileSync('docs/openapi.json', 'utf8')));
  });

  it('exits with 2 if it is unknown', async () => {
    expect((await cli('nonsense')).exitCode).toBe(2);
    expect((await cli('token', 'mint', 'ann', '--ttl', 'long')).exitCode).toBe(2);
  });
});

describe('a webhook signature', () => {
  const secret = 'whsec_c2VjcmV0LW9mLWEtd2ViaG9vay0xMjM0NTY3OA==';
  const now = new Date('2026-11-21T12:00:00Z');
  const { headers, body } = signWebhook({ id: 'w1', event: 'webhook.ping', at: now, data: {} }, [secret], now);

  it('is valid only for the exact bytes, with the secret, and for a short time', () => {
    expect(isSigned(secret, headers, body, now.getTime())).toBe(true);
    expect(isSigned(secret, headers, `${body} `, now.getTime())).toBe(false);
    expect(isSigned('another secret of sixteen', headers, body, now.getTime())).toBe(false);
    expect(isSigned(secret, headers, body, now.getTime() + 301_000)).toBe(false);
    expect(isSigned(secret, { ...headers, 'webhook-id': 'w2' }, body, now.getTime())).toBe(false);
    expect(isSigned(secret, {}, body, now.getTime())).toBe(false);
  });
});
