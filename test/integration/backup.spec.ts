import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedFilesLocation } from '../../src/cli/stored-files-location.js';
import { listedFiles, readManifest } from '../../src/platform/backup/backup-manifest.js';
import { restoreBackup } from '../../src/platform/backup/restore-backup.js';
import { writeBackup } from '../../src/platform/backup/write-backup.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { cli } from '../support/cli.js';
import { request } from '../support/client/http.js';
import type { Frame } from '../support/client/inbox.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import { FakeS3 } from '../support/doubles/fake-s3.js';
import { testConfig } from '../support/test-app.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startProcess, type TestProcess } from '../support/test-process.js';
import { register, type RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

// Two servers and two commands are started, one after the other.
jest.setTimeout(180_000);

/** A REST response; the tests access it freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Body = any;

/** A user with a socket who writes, and stores the acknowledged messages and the cursor. */
class Writer {
  readonly acknowledged: { conversation: string; id: string; number: number }[] = [];
  cursor = '';
  private client: WebSocketClient | undefined;
  private readFrames = 0;

  constructor(
    readonly id: string,
    readonly token: string,
  ) {}

  async connect(url: string, resume?: object): Promise<Frame[]> {
    this.client = new WebSocketClient(Number(new URL(url).port));
    this.readFrames = 0;
    await this.client.first('hello');
    await this.client.request('auth', { token: this.token, ...(resume && { resume }) });
    const live = await this.client.first('live');
    this.cursor = String(live.data!.cursor);
    return this.client.frames;
  }

  async send(conversation: string, content: string): Promise<Body> {
    const reply = await this.client!.request('message.send', { conversation_id: conversation, content });
    if (!reply.ok) throw new Error(`refused: ${JSON.stringify(reply.error)}`);
    const { id, sequence_number: number } = reply.data!.message as { id: string; sequence_number: number };
    this.acknowledged.push({ conversation, id, number });
    this.noteCursor();
    return reply.data!.message;
  }

  close(): void {
    this.noteCursor();
    this.client?.close();
  }

  private noteCursor(): void {
    const frames = this.client!.frames;
    for (; this.readFrames < frames.length; this.readFrames++) {
      const { type, data } = frames[this.readFrames]!;
      if (type === 'cursor') this.cursor = String(data!.cursor);
    }
  }
}

async function call(
  url: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: object,
): Promise<Body> {
  const response = await request(method, `${url}/api/v1${path}`, { token, body });
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(response.body)}`);
  return response.body;
}

async function writer(url: string, name: string): Promise<Writer> {
  const { id, token } = await register(url, name);
  return new Writer(id, token);
}

/** Every message of a conversation, oldest first. */
async function everyMessage(url: string, token: string, conversation: string): Promise<Body[]> {
  const all: Body[] = [];
  for (;;) {
    const after = all.at(-1)?.sequence_number ?? 0;
    const { data, has_more } = await call(
      url,
      token,
      'GET',
      `/conversations/${conversation}/messages?after_number=${after}&limit=100`,
    );
    all.push(...data);
    if (!has_more) return all;
  }
}

describe('a backup taken under load', () => {
  let folder: string;
  const processes: TestProcess[] = [];
  const start = async (environment: Record<string, string>): Promise<string> => {
    const server = startProcess('dist/src/main.js', {
      ...environment,
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
    });
    processes.push(server);
    return `http://127.0.0.1:${(await server.printed(/REST +http:\/\/localhost:(\d+)/))[1]}`;
  };
  const settingsOf = (name: string): Record<string, string> => ({
    NODE_ENV: 'test',
    BCRYPT_COST: '4',
    RATE_LIMIT_MULTIPLIER: '100000',
    DATA_DIR: join(folder, name),
  });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-backup-'));
  });
  afterAll(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    for (const name of ['first', 'second']) await EmbeddedPostgres.stopAbandoned(join(folder, name));
    rmSync(folder, { recursive: true, force: true });
  });

  it('is restored in an empty place to a consistent state, and every client receives resync', async () => {
    const url = await start(settingsOf('first'));
    const people = await Promise.all(['anna', 'berta', 'clara', 'dora'].map((name) => writer(url, name)));
    const ids = people.map(({ id }) => id);
    const conversations: string[] = [];
    for (const title of ['one', 'two', 'three']) {
      const group = { type: 'group', title, participant_ids: ids.slice(1) };
      conversations.push((await call(url, people[0]!.token, 'POST', '/conversations', group)).id);
    }
    const form = new FormData();
    form.set('file', new Blob(['plain words\n'], { type: 'text/plain' }), 'words.txt');
    const { token } = people[0]!;
    const { id: fileId } = (await request('POST', `${url}/api/v1/files`, { token, body: form })).body;
    for (const person of people) await person.connect(url);

    let isFinished = false;
    const counted = { acknowledged: 0 };
    const load = people.map(async (person, index) => {
      for (let i = 0; !isFinished; i++) {
        await person.send(conversations[(i + index) % conversations.length]!, `message ${i}`);
        counted.acknowledged += 1;
      }
    });
    const written = async (count: number): Promise<void> => {
      while (counted.acknowledged < count) await new Promise((resolve) => setImmediate(resolve));
    };
    await written(200);
    const before = people.flatMap(({ acknowledged }) => [...acknowledged]);
    const backup = await cli(settingsOf('first'), 'db', 'backup', join(folder, 'backup'));
    expect(backup).toMatchObject({ exitCode: 0 });
    await written(counted.acknowledged + 100);
    isFinished = true;
    await Promise.all(load);
    for (const person of people) person.close();
    expect(await processes[0]!.end('SIGTERM')).toBe(0);

    const restored = await cli(settingsOf('second'), 'db', 'restore', join(folder, 'backup'));
    expect(restored).toMatchObject({ exitCode: 0 });
    const second = await start(settingsOf('second'));
    for (const person of people) {
      const positions = Object.fromEntries(conversations.map((id) => [id, 10]));
      const frames = await person.connect(second, { cursor: person.cursor, conversations: positions });
      expect(frames.find(({ type }) => type === 'resync')?.data).toEqual({ scope: 'all', reason: 'epoch_changed' });
      expect(frames.find(({ type }) => type === 'ready')?.data).toMatchObject({ resumed: false });
    }

    const found = new Map<string, number>();
    const counts: number[] = [];
    for (const conversation of conversations) {
      const messages = await everyMessage(second, people[1]!.token, conversation);
      expect(messages.map(({ sequence_number }) => sequence_number)).toEqual(messages.map((_, index) => index + 1));
      for (const { id, sequence_number } of messages) found.set(id, sequence_number);
      counts.push(messages.length);
    }
    expect(before.length).toBeGreaterThanOrEqual(200);
    expect(before.filter(({ id, number }) => found.get(id) !== number)).toEqual([]);
    // The backup was taken under load: it does not contain everything that was acknowledged later.
    const all = people.flatMap(({ acknowledged }) => acknowledged);
    expect(found.size).toBeLessThan(all.length);
    process.stdout.write(
      `backup under load: ${before.length} acknowledged before it, ${found.size} in it, ${all.length} in all\n`,
    );

    const content = await request('GET', `${second}/api/v1/files/${fileId}/content`, { token });
    expect(content.body).toBe('plain words\n');

    // Numbers continue, and a cursor of the new history resumes with new events only.
    const [anna, berta] = people as [Writer, Writer];
    berta.close();
    const next = await anna.send(conversations[0]!, 'after the restore');
    expect(next.sequence_number).toBe(counts[0]! + 1);
    const frames = await berta.connect(second, { cursor: berta.cursor });
    expect(frames.filter(({ type }) => type === 'resync')).toEqual([]);
    const replayed = frames.filter(({ type, replay }) => type === 'message.created' && replay);
    expect(replayed.map(({ data }) => (data!.message as Body).id)).toEqual([next.id]);
    for (const person of people) person.close();
    expect(await processes[1]!.end('SIGTERM')).toBe(0);
  });
});

describe('a restore into the original database', () => {
  let folder: string;
  let database: TestDatabase;
  let environment: Record<string, string>;
  let world: World;
  let ben: RegisteredUser;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-backup-'));
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const startAgain = async (): Promise<void> => {
    world = await World.start(environment);
  };
  const resume = async (cursor: string): Promise<Body> => {
    const socket = await openWith(world, ben.token, cursor);
    const resync = socket.find(({ type }) => type === 'resync');
    return { resync: resync?.data };
  };

  it('changes the epoch, without which a client would continue with lost data', async () => {
    database = await createTestDatabase();
    environment = { DATABASE_URL: database.url, JWT_SECRET: '7fKq2vXw9zLmP4sTb8YdR1cGhJ6nUeA0' };
    await startAgain();
    const anna = await world.register('anna');
    ben = await world.register('ben');
    const group = await world.group(anna, [ben]);
    const write = async (content: string): Promise<Body> =>
      (await anna.call('POST', `/conversations/${group}/messages`, { content })).body;
    for (let i = 0; i < 10; i++) await write(`kept ${i}`);
    const source = { databaseUrl: database.url, files: { kind: 'disk', directory: join(folder, 'none') } as const };
    await writeBackup({ ...source, secretPaths: [], programVersion: 'test' }, join(folder, 'backup'));
    const lost = await write('written after the backup');
    const frames = await openWith(world, ben.token);
    const cursor = String(frames.find(({ type }) => type === 'live')!.data!.cursor);
    await world.stop();

    const [{ epoch_salt: oldSalt }] = (await database.query('select epoch_salt from installation')) as [Body];
    await empty(database);
    const target = { databaseUrl: database.url, dataDir: join(folder, 'data'), givenSecrets: [] };
    await restoreBackup(join(folder, 'backup'), target);
    const [{ epoch_salt: newSalt }] = (await database.query('select epoch_salt from installation')) as [Body];
    const setSalt = (salt: string): Promise<unknown> =>
      database.query('update installation set epoch_salt = $1', [salt]);

    await setSalt(oldSalt);
    await startAgain();
    const resumed = await resume(cursor);
    const { status } = await world.call('GET', `/messages/${lost.id}`, undefined, {
      authorization: `Bearer ${ben.token}`,
    });
    expect({ status, ...resumed }).toEqual({ status: 404, resync: undefined });
    await world.stop();

    await setSalt(newSalt);
    await startAgain();
    expect(await resume(cursor)).toEqual({ resync: { scope: 'all', reason: 'epoch_changed' } });
  });
});

describe('a restore', () => {
  let folder: string;
  let source: TestDatabase;
  let target: TestDatabase;
  const restore = (from = 'backup'): Promise<unknown> =>
    restoreBackup(join(folder, from), { databaseUrl: target.url, dataDir: join(folder, 'data'), givenSecrets: [] });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-backup-'));
    source = await createTestDatabase();
    await source.query(
      `insert into users (id, username, display_name) values (gen_random_uuid(), 'ann', E'A\\tn\\n\\\\n')`,
    );
    await source.query(
      `insert into conversations (id, type, type_name, counted_participants) values (gen_random_uuid(), 'room', 'broadcast', 0)`,
    );
    await source.query(
      `insert into participants (conversation_id, user_id, joined_seq) select c.id, u.id, 1 from conversations c, users u where u.username = 'ann'`,
    );
    const files = { kind: 'disk', directory: join(folder, 'none') } as const;
    await writeBackup(
      { databaseUrl: source.url, files, secretPaths: [], programVersion: 'test' },
      join(folder, 'backup'),
    );
  });
  beforeEach(async () => {
    target = await createEmptyDatabase();
  });
  afterEach(() => target.drop());
  afterAll(async () => {
    await source.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('restores every value', async () => {
    await restore();
    const users = 'select * from users order by id';
    expect(await target.query(users)).toEqual(await source.query(users));
    const counts = 'select type_name, counted_participants from conversations';
    expect(await source.query(counts)).toEqual([{ type_name: 'broadcast', counted_participants: 1 }]);
    expect(await target.query(counts)).toEqual(await source.query(counts));
  });

  it('leaves files in their store, and lists each of them', async () => {
    const store = await FakeS3.start();
    for (const [key, size] of Object.entries({ 'a.upload': 10, 'b.image': 20, 'b.thumbnail': 5, 'c.upload': 7 })) {
      store.objects.set(key, { bytes: Buffer.alloc(size), type: '' });
    }
    const files = storedFilesLocation(testConfig(source.url, store.environment));
    const backup = { databaseUrl: source.url, files, secretPaths: [], programVersion: 'test' };
    const manifest = await writeBackup(backup, join(folder, 'of-a-store'));
    expect(manifest.files).toMatchObject({ kind: 's3', count: 4, bytes: 42 });
    expect(listedFiles(join(folder, 'of-a-store'), manifest).map(({ key }) => key)).toEqual([...store.objects.keys()]);
    await restore('of-a-store');
    await store.stop();
  });

  it('refuses a database that is not empty', async () => {
    await restore();
    await expect(restore()).rejects.toThrow(/^The database is not empty, .* There are rows in .*users/);
  });

  it('refuses a damaged backup, and leaves the database empty', async () => {
    const path = join(folder, 'backup', 'tables', 'users.copy.gz');
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged[20]! ^= 1;
    writeFileSync(path, damaged);
    await expect(restore()).rejects.toThrow('tables/users.copy.gz has changed since it was written');
    writeFileSync(path, whole);
    expect(await target.query(`select from pg_tables where schemaname = 'public'`)).toEqual([]);
  });

  it('refuses a backup of a newer version, and a folder without a backup', async () => {
    const manifest = readManifest(join(folder, 'backup'));
    const path = join(folder, 'backup', 'manifest.json');
    const whole = readFileSync(path);
    writeFileSync(path, JSON.stringify({ ...manifest, migrations: [...manifest.migrations, 'AddWings9999999999999'] }));
    await expect(restore()).rejects.toThrow('made by a newer version (test): AddWings9999999999999');
    writeFileSync(path, JSON.stringify({ ...manifest, migrations: ['CreateStreams1763700000000'] }));
    await expect(restore()).rejects.toThrow('made by a development version from before the first release (test)');
    writeFileSync(path, whole);
    await expect(restore('nothing')).rejects.toThrow('contains no backup');
  });

  it('refuses while a server uses the database', async () => {
    const server = new URL(target.url);
    server.searchParams.set('application_name', 'parley');
    const { Client } = (await import('pg')).default;
    const client = new Client({ connectionString: server.href });
    await client.connect();
    await expect(restore()).rejects.toThrow('A server uses this database: stop it first.');
    await client.end();
  });
});

async function openWith(world: World, token: string, cursor?: string): Promise<Frame[]> {
  const client = new WebSocketClient(world.port);
  await client.first('hello');
  await client.request('auth', { token, ...(cursor && { resume: { cursor } }) });
  await client.first('live');
  client.close();
  return client.frames;
}

/** Deletes every row and keeps the tables: the same cluster and the same database. */
async function empty(database: TestDatabase): Promise<void> {
  await database.query('alter table audit_log disable trigger all');
  const tables = await database.query<{ name: string }>(
    `select string_agg(quote_ident(tablename), ', ') as name from pg_tables
      where schemaname = 'public' and tablename not in ('schema_migrations', 'schema_functions', 'installation')`,
  );
  await database.query(`truncate ${tables[0]!.name}`);
}
