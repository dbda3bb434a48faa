import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { newId } from '../../src/platform/database/ids.js';
import type { Bus, BusMessage } from '../../src/platform/realtime/bus/bus.js';
import { PostgresBus } from '../../src/platform/realtime/bus/postgres-bus.js';
import { RedisBus } from '../../src/platform/realtime/bus/redis-bus.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** Remembers what it hears and lets a test wait for it. */
class Listener {
  readonly heard: BusMessage[] = [];
  private look: () => void = () => undefined;

  constructor(bus: Bus) {
    bus.subscribe((message) => {
      this.heard.push(message);
      this.look();
    });
  }

  /** Repeats `nudge` until `enough`: what is published before the other side listens is lost, as promised. */
  async until(enough: (heard: BusMessage[]) => boolean, nudge: () => void): Promise<void> {
    while (!enough(this.heard)) {
      nudge();
      await new Promise<void>((resolve) => {
        this.look = resolve;
        setTimeout(resolve, 30);
      });
    }
  }
}

const revoke = (id: string): BusMessage => ({
  kind: 'end_sessions',
  userId: 'somebody',
  sessionIds: [id],
  reason: 'revoked',
});
const heads = (messages: BusMessage[]): [string, number][] =>
  messages.flatMap((message) => (message.kind === 'heads' ? (message.heads as [string, number][]) : []));

function contract(makeBus: () => Bus): void {
  let first: Bus;
  let second: Bus;
  let ear: Listener;
  let own: Listener;

  beforeAll(async () => {
    [first, second] = [makeBus(), makeBus()];
    [own, ear] = [new Listener(first), new Listener(second)];
    first.start();
    second.start();
    await ear.until((heard) => heads(heard).length > 0, () => first.publish({ kind: 'heads', heads: [['warm', 1]] })); // prettier-ignore
  });

  afterAll(() => Promise.all([first.stop(), second.stop()]));

  it('brings a message to the other node and not back', async () => {
    const id = newId();
    first.publish(revoke(id));
    await ear.until((heard) => heard.some((message) => JSON.stringify(message).includes(id)), () => undefined); // prettier-ignore
    expect(JSON.stringify(own.heard)).not.toContain(id);
  });

  it('tells of a head once, with the furthest position, however many are announced', async () => {
    ear.heard.length = 0;
    const ids = Array.from({ length: 1000 }, () => newId());
    for (const seq of [3, 9, 5]) first.publish({ kind: 'heads', heads: ids.map((id) => [id, seq] as const) });
    await ear.until(
      (heard) => heads(heard).length >= 1000,
      () => undefined,
    );
    expect(new Map(heads(ear.heard))).toEqual(new Map(ids.map((id) => [id, 9])));
    expect(heads(ear.heard)).toHaveLength(1000);
  });

  it('splits what is addressed to more users than fit one text', async () => {
    ear.heard.length = 0;
    const userIds = Array.from({ length: 3000 }, () => newId());
    first.publish({ kind: 'users', userIds, signal: { type: 'x', data: {}, class: 'state' } });
    const told = (heard: BusMessage[]): string[] => heard.flatMap((m) => (m.kind === 'users' ? m.userIds : []));
    await ear.until(
      (heard) => told(heard).length >= 3000,
      () => undefined,
    );
    expect(new Set(told(ear.heard))).toEqual(new Set(userIds));
  });

  it('drops what can never fit and goes on', async () => {
    const id = newId();
    first.publish({
      kind: 'stream',
      streamId: id,
      signal: { type: 'x', data: { x: 'x'.repeat(1e6) }, class: 'state' },
    });
    first.publish(revoke(id));
    await ear.until(
      (heard) => heard.some(({ kind }) => kind === 'end_sessions'),
      () => undefined,
    );
    expect(ear.heard.filter(({ kind }) => kind === 'stream')).toEqual([]);
  });
}

describe('the bus over PostgreSQL', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  contract(() => new PostgresBus(database.url));

  it('comes back after its connection was cut', async () => {
    const [first, second] = [new PostgresBus(database.url), new PostgresBus(database.url)];
    const ear = new Listener(second);
    first.start();
    second.start();
    await ear.until(
      (heard) => heard.length > 0,
      () => first.publish(revoke('a')),
    );
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'parley-bus' and datname = current_database()`,
    );
    ear.heard.length = 0;
    await ear.until(
      (heard) => heard.length > 0,
      () => first.publish(revoke('b')),
    );
    await Promise.all([first.stop(), second.stop()]);
  });

  it('connects anew when the connections it has fall silent', async () => {
    const [first, second] = [new PostgresBus(database.url), new PostgresBus(database.url)];
    const ear = new Listener(second);
    first.start();
    second.start();
    await ear.until(
      (heard) => heard.length > 0,
      () => first.publish(revoke('a')),
    );
    const silent = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'parley-bus' and datname = current_database()`,
    );
    const signal = (name: NodeJS.Signals): void => silent.forEach(({ pid }) => process.kill(pid, name));
    signal('SIGSTOP');
    try {
      ear.heard.length = 0;
      await ear.until(
        (heard) => heard.length > 0,
        () => {
          first.publish(revoke('b'));
          second.publish(revoke('c'));
        },
      );
    } finally {
      signal('SIGCONT');
    }
    await Promise.all([first.stop(), second.stop()]);
  });

  it('never fails a publish, wherever the database is', async () => {
    const bus = new PostgresBus('postgres://nobody:x@127.0.0.1:1/none');
    bus.start();
    for (let i = 0; i < 100; i++) bus.publish(revoke(newId()));
    await bus.stop();
  });
});

const hasRedis = ((): boolean => {
  try {
    execFileSync('redis-server', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

// Redis is optional for the product, and so it is for its tests.
(hasRedis ? describe : describe.skip)('the bus over Redis', () => {
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
    url = `redis://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    server.kill();
    await once(server, 'exit');
  });

  contract(() => new RedisBus(url));

  it('never fails a publish, wherever Redis is', async () => {
    const bus = new RedisBus('redis://127.0.0.1:1');
    bus.start();
    for (let i = 0; i < 100; i++) bus.publish(revoke(newId()));
    await bus.stop();
  });
});
