import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { type HttpResponse, request } from '../support/client/http.js';
import { startProcess, type TestProcess } from '../support/test-process.js';
import { register, type User } from '../support/users.js';
import { ChaosProxy } from '../chaos/chaos-proxy.js';

const STANDBY = 'standby_one';

/** A primary and a streaming standby, made from a copy of it, and one URL that leads to either. */
class Pair {
  private constructor(
    private readonly directories: readonly string[],
    readonly primary: EmbeddedPostgres,
    readonly standby: EmbeddedPostgres,
    private readonly proxy: ChaosProxy,
    private target: EmbeddedPostgres,
  ) {}

  static async start(): Promise<Pair> {
    const [first, second] = ['primary', 'standby'].map((name) => mkdtempSync(join(tmpdir(), `parley-${name}-`)));
    const atRest = await EmbeddedPostgres.start({ directory: first! });
    await atRest.stop();
    const copy = copyOf(atRest.dataDirectory, basename(first!), basename(second!));
    const primary = await EmbeddedPostgres.start({ directory: first! });
    const { port, username, password } = new URL(primary.url);
    const source = `host=127.0.0.1 port=${port} user=${username} password=${password} application_name=${STANDBY}`;
    appendFileSync(join(copy, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
    spawnSync('cp', ['-a', join(copy, 'PG_VERSION'), join(copy, 'standby.signal')]); // of the owner of the others
    const standby = await EmbeddedPostgres.start({ directory: second! });
    const pair: Pair = new Pair(
      [first!, second!, dirname(primary.dataDirectory), dirname(copy)],
      primary,
      standby,
      await ChaosProxy.start(() => Number(new URL(pair.target.url).port)),
      primary,
    );
    return pair;
  }

  /** The value of `DATABASE_URL`. */
  get url(): string {
    const url = new URL(this.primary.url);
    url.port = String(this.proxy.port);
    return url.href;
  }

  /** Directs the URL to `target`, and cuts the connections to the other one. */
  switchTo(target: EmbeddedPostgres): void {
    this.target = target;
    this.proxy.dropConnections();
  }

  /** Whether the primary waits for the standby before it confirms a commit. */
  async waitForStandby(waits: boolean): Promise<void> {
    await ask(this.primary, `alter system set synchronous_standby_names = '${waits ? STANDBY : ''}'`);
    await ask(this.primary, 'select pg_reload_conf()');
    const state = waits ? 'sync' : 'async';
    await until(this.primary, `select from pg_stat_replication where sync_state = '${state}'`);
  }

  /** Stops the replication. */
  async cutReplication(): Promise<void> {
    await ask(this.standby, 'alter system reset primary_conninfo');
    await ask(this.standby, 'select pg_reload_conf()');
    await until(this.standby, 'select where not exists (select from pg_stat_wal_receiver)');
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.primary.stop();
    await this.standby.stop();
    for (const directory of this.directories) rmSync(directory, { recursive: true, force: true });
  }
}

/** Copies the data and the files beside it to where a server of the other directory has them. */
function copyOf(data: string, directory: string, other: string): string {
  const target = data.replace(directory, other);
  spawnSync('cp', ['-aT', dirname(data), dirname(target)]);
  return target;
}

async function ask<Row extends pg.QueryResultRow>(server: EmbeddedPostgres, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Waits until the query returns a row. */
async function until(server: EmbeddedPostgres, question: string): Promise<void> {
  while ((await ask(server, question)).length === 0) await pause(50);
}

/** Waits for a status of `/readyz`. */
async function untilReady(url: string, status: string): Promise<void> {
  for (;;) {
    const { body } = await request('GET', `${url}/readyz`);
    if (body.status === status) return;
    await pause(50);
  }
}

describe('a failover to the standby of PostgreSQL', () => {
  let pair: Pair;
  let server: TestProcess;
  let directory: string;
  let url: string;
  let ana: User;
  let group: string;
  const send = (content: string): Promise<HttpResponse> =>
    ana.call('POST', `/conversations/${group}/messages`, { content, client_message_id: randomUUID() });
  const texts = async (): Promise<string[]> => {
    const { body } = await ana.call('GET', `/conversations/${group}/messages?limit=100`);
    return (body.data as { content: string }[]).map(({ content }) => content);
  };

  beforeAll(async () => {
    pair = await Pair.start();
    directory = mkdtempSync(join(tmpdir(), 'parley-failover-'));
    server = startProcess('dist/src/main.js', {
      DATA_DIR: directory,
      DATABASE_URL: pair.url,
      PORT: '0',
      HOST: '127.0.0.1',
      RATE_LIMIT_MULTIPLIER: '1000',
    });
    const [, port] = await server.printed(/REST +http:\/\/localhost:(\d+)/);
    url = `http://127.0.0.1:${port}`;
    ana = await register(url, 'ana');
    group = (await ana.call('POST', '/conversations', { type: 'group', title: 'G', participant_ids: [] })).body.id;
  }, 90_000);
  afterAll(async () => {
    server.child.kill('SIGKILL');
    await server.ended();
    await pair.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('preserves messages acknowledged with a synchronous standby, rejects writes until the promotion, and serves reads', async () => {
    await pair.waitForStandby(true);
    const socket = await ana.webSocket();
    const safe = Array.from({ length: 20 }, (_, index) => `with the standby ${index}`);
    for (const text of safe) expect((await send(text)).status).toBe(201);

    // As a control: what only the primary has confirmed is lost with it.
    await pair.waitForStandby(false);
    await pair.cutReplication();
    expect((await send('without the standby')).status).toBe(201);

    pair.primary.kill();
    pair.switchTo(pair.standby);
    await untilReady(url, 'read-only');
    const refused = await Promise.all(Array.from({ length: 10 }, (_, index) => send(`to the standby ${index}`)));
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'SERVICE_UNAVAILABLE' } } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await texts()).reverse()).toEqual(safe);

    await ask(pair.standby, 'select pg_promote()');
    await untilReady(url, 'ok');
    expect((await send('to the new primary')).status).toBe(201);
    expect((await texts()).reverse()).toEqual([...safe, 'to the new primary']);
    // The history has changed: clients that may have seen lost data start over.
    expect((await socket.closed).code).toBe(1012);
    await server.printed(/"PostgreSQL takes no writes: it is a standby/);
    await server.printed(/"PostgreSQL takes writes again"/);
  }, 120_000);
});
