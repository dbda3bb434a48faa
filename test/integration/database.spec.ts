import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { ConfigModule } from '../../src/platform/config/config.module.js';
import { testConfig } from '../support/test-app.js';
import { createEmptyDatabase, createTestDatabase } from '../support/test-database.js';
import { connectWhenReady } from '../../src/platform/database/connect-when-ready.js';
import { DatabaseModule } from '../../src/platform/database/database.module.js';
import { type Queryable, Sql, statement } from '../../src/platform/database/sql.js';
import { migrate } from '../../src/platform/database/migrate.js';

/** A step that writes down that it ran; its number ends its name, as the names of all steps do. */
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
    expect(rows.map(({ name }) => name)).toContain('CreateStreams1763700000000');
    await database.drop();
  });

  it('is migrated once by processes that start together', async () => {
    const database = await createEmptyDatabase();
    const runs = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    expect(runs.filter((ran) => ran.length > 0)).toHaveLength(1);
    await database.drop();
  });

  it('runs a step that was merged late, although a newer one has been applied, in the start and by the command', async () => {
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

  it('is waited for while it does not answer yet, and not when its password is wrong', async () => {
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
    other.username = 'nobody_of_this_name';
    await expect(connectWhenReady({ connectionString: other.href })).rejects.toThrow('nobody_of_this_name');
    await database.drop();
  });

  it('is tried again at the start when the first connection has no answer', async () => {
    const database = await createTestDatabase();
    const address = new URL(database.url);
    let connections = 0;
    const slow = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      if (++connections === 1) return; // as when the process was too busy to hear of it
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

  it('that falls silent fails every statement within seconds, and no connection that was silent is used again', async () => {
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
      sql.transaction(silence), // its commit is not answered
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

  it('has the queue in a schema of its own', async () => {
    const database = await createTestDatabase();
    const rows = await database.query(`select from information_schema.tables where table_schema = 'bullmq'`);
    expect(rows.length).toBeGreaterThan(5);
    await database.drop();
  });

  it('goes down as well as up', async () => {
    const database = await createEmptyDatabase();
    await migrate(database.url);
    const { MIGRATIONS } = await import('../../src/platform/database/migrations.js');
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
    await database.drop();
  });
});
