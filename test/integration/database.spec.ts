import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { basename, relative, resolve, sep } from 'node:path';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { testConfig } from '../support/test-app.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { ServiceUnavailable } from '../../src/platform/errors/app-error.js';
import { connectWhenReady } from '../../src/platform/database/connect-when-ready.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { type Queryable, Sql, statement } from '../../src/platform/database/sql.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { MIGRATIONS } from '../../src/platform/database/migrations.js';
import { installFunctions, readFunction, SQL_FUNCTIONS } from '../../src/platform/database/sql-functions.js';
import { sourceFiles } from '../support/source-files.js';

/** A migration that records its run; its number ends its name, as in all migrations. */
function step(name: string): new () => MigrationInterface {
  class Step implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query('create table if not exists ran (at serial, name text)');
      await runner.query('insert into ran (name) values ($1)', [name]);
    }

    async down(): Promise<void> {}
  }
  Object.defineProperty(Step, 'name', { value: name });
  return Step;
}

/** What PostgreSQL sends before it closes a connection that an operator has ended, and the end of a response. */
const TERMINATED = errorResponse({ S: 'FATAL', V: 'FATAL', C: '57P01', M: 'terminating connection' });
const READY_FOR_QUERY = Buffer.from('Z\0\0\0\x05I', 'latin1');

function errorResponse(fields: Record<string, string>): Buffer {
  const body = Object.entries(fields).map(([field, value]) => `${field}${value}\0`);
  const content = Buffer.from(`${body.join('')}\0`);
  const head = Buffer.from('E\0\0\0\0', 'latin1');
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const OWN_PID = statement<{ pid: number }>('test.own_pid', 'select pg_backend_pid() as pid');

describe('the database', () => {
  let silenced: number[] = [];

  const wake = (): void => {
    for (const pid of silenced) process.kill(pid, 'SIGCONT');
    silenced = [];
  };
  afterEach(wake);

  it('is cloned from a migrated template', async () => {
    const database = await createTestDatabase();
    const rows = await database.query<{ name: string }>('select name from schema_migrations');
    expect(rows.map(({ name }) => name)).toContain('CreatePlatform1764700000000');
    await database.drop();
  });

  it('is migrated once by processes that start together', async () => {
    const database = await createEmptyDatabase();
    const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    expect(runs.filter((ran) => ran.length > 0)).toHaveLength(1);
    await database.drop();
  });

  it('runs a migration that was merged late, after a newer one has been applied', async () => {
    const [older, late] = [step('Older1763700000500'), step('Late1763700000700')];
    const newest = step('Newest1763700000900');
    const database = await createEmptyDatabase();
    expect(await migrate(database.url, { migrations: [older, newest] })).toEqual([older.name, newest.name]);
    expect(await migrate(database.url, { migrations: [older, late, newest] })).toEqual([late.name]);
    expect(await migrate(database.url, { migrations: [older, late, newest] })).toEqual([]);
    const made = await database.query<{ name: string }>('select name from ran order by at');
    expect(made.map(({ name }) => name)).toEqual([older.name, newest.name, late.name]);
    await database.drop();
  });

  it('is awaited while it does not respond yet, but not with a wrong password', async () => {
    const database = await createEmptyDatabase();
    const address = new URL(database.url);
    const late = createServer((socket) => {
      const server = connect(Number(address.port), address.hostname);
      socket.pipe(server).pipe(socket);
      for (const each of [socket, server]) each.on('error', () => each.destroy());
    });
    late.listen(0, '127.0.0.1');
    await once(late, 'listening');
    const { port } = late.address() as AddressInfo;
    late.close();
    await once(late, 'close');
    const through = new URL(database.url);
    through.host = `127.0.0.1:${port}`;
    await expect(connectWhenReady({ connectionString: through.href }, 0)).rejects.toThrow('ECONNREFUSED');
    const connecting = connectWhenReady({ connectionString: through.href });
    late.listen(port, '127.0.0.1');
    await (await connecting).end();
    late.close();
    const other = new URL(database.url);
    other.username = 'unknown_role';
    await expect(connectWhenReady({ connectionString: other.href })).rejects.toThrow('unknown_role');
    await database.drop();
  });

  it('is tried again at the start when the first connection gets no response', async () => {
    const database = await createTestDatabase();
    const address = new URL(database.url);
    let connections = 0;
    const slow = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (++connections === 1) return; // as when the process is too busy to accept it
      const server = connect(Number(address.port), address.hostname);
      socket.pipe(server).pipe(socket);
      server.on('error', () => socket.destroy());
      socket.on('close', () => server.destroy());
    });
    slow.listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const through = new URL(database.url);
    through.port = String((slow.address() as AddressInfo).port);
    const imports = [DatabaseModule, ConfigModule.of(testConfig(through.href))];
    const app = await NestFactory.createApplicationContext({ module: class Root {}, imports }, { logger: false });
    expect((await app.get(pg.Pool).query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await app.close();
    slow.close();
    await database.drop();
  });

  it('may end a connection at any moment, also together with the end of a login', async () => {
    const database = await createTestDatabase();
    const address = new URL(database.url);
    let endsLogins = false;
    const proxy = createServer((socket) => {
      const server = connect(Number(address.port), address.hostname);
      socket.pipe(server);
      server.on('data', (data: Buffer) => {
        const isLogin = endsLogins && data.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY);
        socket.write(isLogin ? Buffer.concat([data, TERMINATED]) : data);
      });
      for (const end of [socket, server]) end.on('error', () => undefined).on('close', () => (socket.destroy(), server.destroy())); // prettier-ignore
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const through = new URL(database.url);
    through.port = String((proxy.address() as AddressInfo).port);
    const imports = [DatabaseModule, ConfigModule.of(testConfig(through.href))];
    const app = await NestFactory.createApplicationContext({ module: class Root {}, imports }, { logger: false });
    const [sql, pool] = [app.get(Sql), app.get(pg.Pool)];

    // As a library does that listens to no errors: the connection ends between two of its statements.
    const client = await pool.connect();
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    await database.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await ended;
    await expect(client.query('select 1')).rejects.toThrow('not queryable');
    client.release();

    endsLogins = true;
    await expect(sql.transaction((tx) => tx.one(OWN_PID))).rejects.toThrow(ServiceUnavailable);
    endsLogins = false;
    await expect(sql.transaction((tx) => tx.one(OWN_PID))).resolves.toBeDefined();
    await app.close();
    proxy.close();
    await database.drop();
  });

  it('fails every statement within seconds when it falls silent, and no silent connection is used again', async () => {
    const database = await createTestDatabase();
    const imports = [DatabaseModule, ConfigModule.of(testConfig(database.url))];
    const app = await NestFactory.createApplicationContext({ module: class Root {}, imports }, { logger: false });
    const [sql, pool] = [app.get(Sql), app.get(pg.Pool)];
    const stop = (pid: number): void => {
      silenced.push(pid);
      process.kill(pid, 'SIGSTOP');
    };
    const silence = async (tx: Queryable): Promise<void> => stop((await tx.one(OWN_PID))!.pid);
    const idle = await Promise.all([pool.connect(), pool.connect()]);
    const inside = [
      sql.transaction(async (tx) => {
        await silence(tx);
        await tx.one(OWN_PID);
      }),
      sql.transaction(silence), // its commit is not confirmed
    ];
    for (const client of idle) {
      const { rows } = await client.query<{ pid: number }>(OWN_PID.text);
      stop(rows[0]!.pid);
      client.release();
    }
    const waiting = [...inside, sql.one(OWN_PID), sql.transaction((tx) => tx.one(OWN_PID))];
    for (const outcome of await Promise.allSettled(waiting)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
    }
    expect(pool.totalCount).toBe(0);
    expect(silenced).not.toContain((await sql.one(OWN_PID))?.pid);
    wake();
    await app.close();
    await database.drop();
  });

  it('contains the queue in its own schema', async () => {
    const database = await createTestDatabase();
    const rows = await database.query(`select from information_schema.tables where table_schema = 'bullmq'`);
    expect(rows.length).toBeGreaterThan(5);
    await database.drop();
  });

  it('migrates down as well as up', async () => {
    const database = await createEmptyDatabase();
    await migrate(database.url);
    const source = await new DataSource({
      type: 'postgres',
      url: database.url,
      migrations: [...MIGRATIONS],
      migrationsTableName: 'schema_migrations',
    }).initialize();
    for (const _ of MIGRATIONS) await source.undoLastMigration({ transaction: 'each' });
    await source.destroy();
    const left = await database.query<{ table_name: string }>(
      `select table_name from information_schema.tables where table_schema = 'public'`,
    );
    expect(left.map(({ table_name }) => table_name)).toEqual(['schema_migrations']);
    expect(await database.query(OWN_FUNCTIONS)).toEqual([]);
    expect(await migrate(database.url)).toEqual([...MIGRATIONS.map(({ name }) => name), ...SQL_FUNCTIONS]);
    await database.drop();
  });

  it('is refused if a development version before the first release created it, and remains unchanged', async () => {
    const database = await createEmptyDatabase();
    await database.query('create table schema_migrations (id serial, timestamp bigint, name text)');
    await database.query(
      `insert into schema_migrations (timestamp, name) values (1763700000000, 'CreateStreams1763700000000')`,
    );
    await expect(migrate(database.url)).rejects.toThrow(
      /was created by a development version .* use an empty database, or run the version that created it\.$/,
    );
    expect(await database.query(`select tablename from pg_tables where schemaname = 'public'`)).toEqual([
      { tablename: 'schema_migrations' },
    ]);
    await database.drop();
  });
});

const OWN_FUNCTIONS = `
  select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name, pg_get_functiondef(p.oid) as text
    from pg_proc p
   where p.pronamespace = 'public'::regnamespace
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`;

describe('an SQL function', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeEach(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  /** The functions of the database that differ from their files, that have no file, or that are missing. */
  const differences = async (): Promise<string[]> => {
    const list = async (text: string): Promise<Map<string, string>> => {
      const { rows } = await client.query<{ name: string; text: string }>(text);
      return new Map(rows.map((row) => [row.name, row.text.replaceAll(/\b(files_of_functions|public)\./g, '')]));
    };
    const installed = await list(OWN_FUNCTIONS);
    await client.query('begin; create schema files_of_functions; set local search_path = files_of_functions, public');
    for (const path of SQL_FUNCTIONS) await client.query((await readFunction(path)).text);
    const expected = await list(OWN_FUNCTIONS.replace(`'public'`, `'files_of_functions'`));
    await client.query('rollback');
    return [...new Set([...installed.keys(), ...expected.keys()])].filter(
      (name) => installed.get(name) !== expected.get(name),
    );
  };

  it('has one file beside its module, which has its name', () => {
    const files = sourceFiles('src', '.sql');
    expect(files.map(({ path }) => relative(resolve('src'), path).replaceAll(sep, '/')).sort()).toEqual(
      [...SQL_FUNCTIONS].sort(),
    );
    for (const { path, text } of files) {
      const names = [...text.matchAll(/^create or replace function (\w+)\(/gm)].map(([, name]) => name);
      expect([...new Set(names)]).toEqual([basename(path, '.sql').replaceAll('-', '_')]);
    }
  });

  it('is in the database as its file defines it', async () => {
    expect(await differences()).toEqual([]);
  });

  it.each([
    ['changed', 'alter function unread_count(uuid, bigint, bigint) volatile', /^unread_count\(/],
    ['added', 'create function wings() returns int language sql return 1', /^wings\(/],
    ['removed', 'drop function outbox_write(text, uuid, uuid, jsonb)', /^outbox_write\(/],
  ])('is reported if it was %s by hand', async (_how, change, name) => {
    await client.query(change);
    expect(await differences()).toEqual([expect.stringMatching(name)]);
  });

  it('is installed again when its file has changed, and only then', async () => {
    expect(await migrate(database.url)).toEqual([]);
    const path = 'modules/messages/sql/unread-count.sql';
    await client.query('alter function unread_count(uuid, bigint, bigint) volatile');
    await client.query(`update schema_functions set hash = 'of another text' where path = $1`, [path]);
    expect(await migrate(database.url)).toEqual([path]);
    expect(await differences()).toEqual([]);
    expect(await migrate(database.url)).toEqual([]);
  });

  it('stays as a newer version of the program has installed it when an older one starts', async () => {
    const path = 'modules/messages/sql/unread-count.sql';
    await client.query(`update schema_functions set hash = 'of a newer text', program = '0.10.0' where path = $1`, [
      path,
    ]);
    expect(await installFunctions(client, SQL_FUNCTIONS, { programVersion: '0.9.0' })).toEqual([]);
    expect(await installFunctions(client, SQL_FUNCTIONS, { programVersion: '0.11.0' })).toEqual([path]);
  });

  it('leaves all others unchanged if it cannot be installed', async () => {
    await client.query(`update schema_functions set hash = 'of another text'`);
    await client.query('alter table files rename to folders'); // file_json(files) has no parameter type
    await expect(installFunctions(client, SQL_FUNCTIONS)).rejects.toThrow('files');
    const { rows } = await client.query(`select distinct hash from schema_functions`);
    expect(rows).toEqual([{ hash: 'of another text' }]);
  });
});
