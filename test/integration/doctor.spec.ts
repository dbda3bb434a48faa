import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { runChecks, thisMachine } from '../../src/cli/doctor.command.js';
import type { Finding, Machine } from '../../src/cli/doctor/finding.js';
import type { Environment } from '../../src/platform/config/config.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { cli } from '../support/cli.js';
import { FakeS3 } from '../support/doubles/fake-s3.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(90_000);

const SECRET = '7fKq2vXw9zLmP4sTb8YdR1cGhJ6nUeA0';
const CLOSED_PORT = '127.0.0.1:1';

interface TestInstallation {
  readonly environment: Environment;
  readonly dataDir: string;
  readonly database: TestDatabase;
  readonly machine: { -readonly [Key in keyof Machine]: Machine[Key] };
  /** Runs after the test. */
  later(undo: () => unknown): void;
}

/** A fault: how it is planted, which check finds it, and what the advice must name. */
type Planted = [name: string, plant: (installation: TestInstallation) => unknown, check: string, advice: RegExp];

const PLANTED: Planted[] = [
  ['a Node that is too old', ({ machine }) => (machine.nodeVersion = '18.20.8'), 'node', /Node 20\.19/],
  [
    'a database that is unavailable',
    ({ environment }) => (environment.DATABASE_URL = `postgres://parley:pw@${CLOSED_PORT}/chat`),
    'database',
    /PostgreSQL runs at 127\.0\.0\.1:1, has the database chat/,
  ],
  [
    'a migration that was not applied',
    ({ database }) =>
      database.query(`delete from schema_migrations where name = (select max(name) from schema_migrations)`),
    'migrations',
    /db migrate/,
  ],
  [
    'a schema of a newer version',
    ({ database }) => database.query(`insert into schema_migrations (timestamp, name) values (9e12, 'Wings9e12')`),
    'migrations',
    /Run the version that created them/,
  ],
  [
    'a schema from before the first release',
    ({ database }) =>
      database.query(
        `insert into schema_migrations (timestamp, name) values (1763700000000, 'CreateStreams1763700000000')`,
      ),
    'migrations',
    /Use an empty database, or run the version that created this one/,
  ],
  [
    'a database that takes no writes',
    ({ database }) =>
      database.query(`do $$ begin execute format(
        'alter database %I set default_transaction_read_only = on', current_database()); end $$`),
    'database',
    /default_transaction_read_only = off/,
  ],
  ['fsync off', withoutFsync, 'durability', /fsync = on/],
  [
    'the schema of the queue missing',
    ({ database }) => database.query('drop schema bullmq cascade'),
    'queue',
    /db migrate.*grant usage on schema bullmq/,
  ],
  [
    'a Redis that is unavailable',
    ({ environment }) => (environment.REDIS_URL = `redis://:secret@${CLOSED_PORT}`),
    'queue',
    /Redis runs at 127\.0\.0\.1:1/,
  ],
  [
    'a storage that cannot be written to',
    ({ dataDir }) => writeFileSync(join(dataDir, 'files'), 'in the way'),
    'storage',
    /Make .*files a directory that the account of the server may write to/,
  ],
  ['a store that does not respond', withBrokenStore, 'storage', /bucket files exists/],
  ['a clock apart from the database', ({ machine }) => (machine.now = () => Date.now() + 90_000), 'clock', /NTP/],
  ['a short secret', ({ environment }) => (environment.JWT_SECRET = 'short'), 'secrets', /openssl rand/],
  [
    'a sample secret in production',
    ({ environment }) =>
      Object.assign(environment, { NODE_ENV: 'production', JWT_SECRET: 'your-secret-key-here'.repeat(2) }),
    'secrets',
    /openssl rand/,
  ],
  [
    'a pepper that is made up in production',
    ({ environment }) => Object.assign(environment, { NODE_ENV: 'production', PASSWORD_PEPPER: '' }),
    'secrets',
    /openssl rand/,
  ],
  [
    'secrets others can read',
    ({ environment, dataDir }) => {
      environment.JWT_SECRET = '';
      writeFileSync(join(dataDir, 'jwt-secret'), SECRET, { mode: 0o644 });
    },
    'secrets',
    /chmod 600 .*jwt-secret/,
  ],
  [
    'a wildcard for origins',
    ({ environment }) => (environment.ALLOWED_ORIGINS = '*'),
    'origins',
    /There is no wildcard/,
  ],
  [
    'an origin with a path',
    ({ environment }) => (environment.ALLOWED_ORIGINS = 'https://chat.example.com/app'),
    'origins',
    /scheme, host, no path/,
  ],
  ['a proxy trusted blindly', ({ environment }) => (environment.TRUST_PROXY = 'true'), 'proxy', /number of proxies/],
  [
    'a file type that does not exist',
    ({ environment }) => (environment.FILE_TYPES = 'jpg,zzz'),
    'settings',
    /\.env\.example/,
  ],
  [
    'a first admin with a weak password',
    ({ environment }) => (environment.ADMIN_PASSWORD = 'short'),
    'admin',
    /no admin/,
  ],
  ['a first admin without an address', ({ environment }) => (environment.ADMIN_EMAIL = 'notmail'), 'admin', /no admin/],
  ['a misspelt setting', ({ environment }) => (environment.ALOWED_ORIGINS = 'x'), 'settings', /\.env\.example/],
  [
    'an identity provider that is unavailable',
    ({ environment }) => withProvider(environment, CLOSED_PORT),
    'identity',
    /Key Set/,
  ],
  ['an identity provider without keys', withoutKeys, 'identity', /Key Set/],
  ['a port that is taken', withTakenPort, 'port', /set PORT to another port/],
  [
    'a disk that is almost full',
    ({ machine }) => (machine.freeSpace = () => Promise.resolve({ bytes: 10 * 1024 * 1024, share: 0.001 })),
    'disk',
    /Make room/,
  ],
  [
    'a scanner that is unavailable',
    ({ environment }) => (environment.CLAMAV_URL = `tcp://${CLOSED_PORT}`),
    'scanner',
    /clamd listens/,
  ],
  [
    'a setting that cannot be read',
    ({ environment }) => (environment.DATABASE_POOL_SIZE = 'many'),
    'settings',
    /\.env\.example/,
  ],
];

async function withoutFsync({ environment, later }: TestInstallation): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
  const server = await EmbeddedPostgres.start({ directory });
  later(() => rmSync(directory, { recursive: true, force: true }));
  later(() => server.stop());
  await migrate(server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('alter system set fsync = off');
  await client.query('select pg_reload_conf()');
  await client.end();
  environment.DATABASE_URL = server.url;
}

async function withBrokenStore({ environment, later }: TestInstallation): Promise<void> {
  const store = await FakeS3.start();
  later(() => store.stop());
  store.isBroken = true;
  Object.assign(environment, store.environment);
}

function withProvider(environment: Environment, host: string): void {
  environment.JWT_EXTERNAL_JWKS_URL = `http://${host}/keys`;
  environment.JWT_EXTERNAL_ISSUER = environment.JWT_EXTERNAL_AUDIENCE = 'id';
}

async function withoutKeys({ environment, later }: TestInstallation): Promise<void> {
  const provider = createHttpServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  later(() => provider.close());
  withProvider(environment, `127.0.0.1:${(provider.address() as { port: number }).port}`);
}

async function withTakenPort({ environment, later }: TestInstallation): Promise<void> {
  const server: Server = createServer((socket) => socket.resume().end('no')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  later(() => server.close());
  environment.PORT = String((server.address() as { port: number }).port);
}

describe('the doctor', () => {
  let installation: TestInstallation;
  let undo: (() => unknown)[];

  beforeEach(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-doctor-'));
    const database = await createTestDatabase();
    undo = [() => rmSync(dataDir, { recursive: true, force: true }), () => database.drop()];
    installation = {
      dataDir,
      database,
      environment: {
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        PORT: '0',
        HOST: '127.0.0.1',
        JWT_SECRET: SECRET,
        PASSWORD_PEPPER: 'q0Lw7Zr2Xk5Vb8Nt3Hj6Pd9Sf1Gm4Yc0',
      },
      machine: thisMachine(),
      later: (step) => undo.push(step),
    };
  });
  afterEach(async () => {
    for (const step of undo.reverse()) await step();
  });

  const faults = async (): Promise<Finding[]> =>
    (await runChecks(installation.environment, installation.machine)).filter(({ grade }) => grade === 'fault');

  it('finds nothing in a healthy installation', async () => {
    expect(await faults()).toEqual([]);
    const store = await FakeS3.start();
    installation.later(() => store.stop());
    Object.assign(installation.environment, store.environment);
    expect(await faults()).toEqual([]);
  });

  it.each(PLANTED)('finds %s, and returns advice', async (_name, plant, check, advice) => {
    await plant(installation);
    const found = await faults();
    expect(found.map((finding) => finding.check)).toEqual([check]);
    expect(found[0]!.advice).toMatch(advice);
    expect(JSON.stringify(found)).not.toContain('secret@');
  });

  it('names every invalid setting with its own finding', async () => {
    Object.assign(installation.environment, { FILE_TYPES: 'zzz', ADMIN_EMAIL: 'notmail', ADMIN_PASSWORD: 'password' });
    expect((await faults()).map(({ says }) => says)).toEqual([
      'FILE_TYPES has the entry "zzz", which is not a known type; docs/file-types.md lists them',
      'ADMIN_EMAIL must be an e-mail address',
      'ADMIN_PASSWORD is too easy to guess',
    ]);
    const check = await cli(installation.environment as Record<string, string>, 'config', 'check');
    expect(check).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/FILE_TYPES[^]*ADMIN_EMAIL[^]*ADMIN_PASS/),
    });
  });

  it('says where ffmpeg is, warns if it is missing, and accepts that it is switched off', async () => {
    const ffmpeg = async (setting: string): Promise<Finding[]> => {
      installation.environment.FFMPEG_PATH = setting;
      const findings = await runChecks(installation.environment, installation.machine);
      return findings.filter(({ check }) => check === 'ffmpeg');
    };
    expect(await ffmpeg(process.execPath)).toEqual([{ check: 'ffmpeg', grade: 'ok', says: process.execPath }]);
    expect(await ffmpeg('/nowhere/ffmpeg')).toMatchObject([
      { grade: 'warning', advice: expect.stringContaining('FFMPEG_PATH') },
    ]);
    expect(await ffmpeg('off')).toMatchObject([{ grade: 'ok', says: expect.stringContaining('switched off') }]);
  });

  it('warns of a first admin who has not logged in', async () => {
    const admins = async (): Promise<Finding[]> =>
      (await runChecks(installation.environment, installation.machine)).filter(({ check }) => check === 'admin');
    expect(await admins()).toEqual([]);
    const [user] = await installation.database.query<{ id: string }>(
      `insert into users (id, username, email, display_name, role)
       values (gen_random_uuid(), 'admin', 'admin@example.com', 'Admin', 'admin') returning id`,
    );
    expect(await admins()).toMatchObject([{ grade: 'warning', advice: expect.stringContaining('admin create') }]);
    await installation.database.query(
      `insert into sessions (id, user_id, expires_at) values (gen_random_uuid(), $1, now() + interval '1 day')`,
      [user!.id],
    );
    expect(await admins()).toEqual([]);
  });

  it('warns of processes with another Redis', async () => {
    const redis = async (): Promise<Finding[]> =>
      (await runChecks(installation.environment, installation.machine)).filter(({ check }) => check === 'redis');
    const report = (figures: object): Promise<unknown> =>
      installation.database.query(
        `insert into nodes (id, role, version, started_at, figures) values (gen_random_uuid(), 'all', '1', now(), $1)`,
        [figures],
      );
    await report({ redis: null });
    await report({});
    expect((await redis()).filter(({ grade }) => grade !== 'ok')).toEqual([]);
    await report({ redis: 'redis://redis:6379/0' });
    expect(await redis()).toContainEqual({
      check: 'redis',
      grade: 'warning',
      says: 'the running processes use as Redis: none and redis://redis:6379/0; REDIS_URL here is none',
      advice: expect.stringContaining('the same REDIS_URL'),
    });
  });

  it('warns of a proxy that is not trusted', async () => {
    const proxy = async (): Promise<Finding | undefined> =>
      (await runChecks(installation.environment, installation.machine)).find(({ check }) => check === 'proxy');
    installation.environment.PUBLIC_URL = 'https://chat.example.com';
    expect(await proxy()).toMatchObject({ grade: 'warning', advice: expect.stringContaining('TRUST_PROXY') });
    installation.environment.TRUST_PROXY = '1';
    expect(await proxy()).toMatchObject({ grade: 'ok' });
  });

  it('warns of a database that confirms before data is on disk', async () => {
    await installation.database.query(`do $$ begin execute format(
      'alter database %I set synchronous_commit = off', current_database()); end $$`);
    const found = await runChecks(installation.environment, installation.machine);
    expect(found.find(({ check }) => check === 'durability')).toMatchObject({
      grade: 'warning',
      advice: expect.stringContaining('synchronous_commit = on'),
    });
  });

  it.each(['an empty folder', 'no folder'])('reports what the first start will create, and leaves %s', async (what) => {
    const fresh = join(installation.dataDir, 'fresh');
    if (what === 'an empty folder') mkdirSync(fresh);
    Object.assign(installation.environment, { DATA_DIR: fresh, DATABASE_URL: '', JWT_SECRET: '', PASSWORD_PEPPER: '' });
    const found = await runChecks(installation.environment, installation.machine);
    expect(found.filter(({ grade }) => grade !== 'ok')).toEqual([]);
    expect(found.find(({ check }) => check === 'database')?.says).toContain('created in');
    expect(existsSync(fresh) ? readdirSync(fresh) : 'no folder').toEqual(what === 'no folder' ? what : []);
  });

  it('exits with 1 if there is a fault, as text and as JSON', async () => {
    const environment = { ...(installation.environment as Record<string, string>), TRUST_PROXY: 'true' };
    const printed = await cli(environment, 'doctor');
    expect(printed).toMatchObject({ exitCode: 1, output: expect.stringMatching(/✗ proxy .*\n {2}→ Set the number/) });
    const json = await cli(environment, 'doctor', '--json');
    expect(json.exitCode).toBe(1);
    const { ok, findings } = JSON.parse(json.output.slice(0, json.output.lastIndexOf('}') + 1));
    expect(ok).toBe(false);
    expect(findings.filter(({ grade }: Finding) => grade === 'fault')).toMatchObject([{ check: 'proxy' }]);
    expect((await cli(installation.environment as Record<string, string>, 'doctor')).exitCode).toBe(0);
  });
});
