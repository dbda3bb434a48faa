import { newId } from '../../src/platform/database/ids.js';
import type { Bus, BusMessage } from '../../src/platform/realtime/bus/bus.js';
import { PostgresBus } from '../../src/platform/realtime/bus/postgres-bus.js';
import { RedisBus } from '../../src/platform/realtime/bus/redis-bus.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** Records the messages of a bus and lets a test wait for them. */
class BusListener {
  readonly heard: BusMessage[] = [];
  private look: () => void = () => undefined;

  constructor(bus: Bus) {
    bus.subscribe((message) => {
      this.heard.push(message);
      this.look();
    });
  }

  /** Repeats `nudge` until `enough`: messages published before the other side listens are lost, as documented. */
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
  userId: 'a-user',
  sessionIds: [id],
  reason: 'revoked',
});
const heads = (messages: BusMessage[]): [string, number][] =>
  messages.flatMap((message) => (message.kind === 'heads' ? (message.heads as [string, number][]) : []));

function contract(makeBus: () => Bus): void {
  let first: Bus;
  let second: Bus;
  let receiver: BusListener;
  let own: BusListener;

  beforeAll(async () => {
    [first, second] = [makeBus(), makeBus()];
    [own, receiver] = [new BusListener(first), new BusListener(second)];
    first.start();
    second.start();
    await receiver.until((heard) => heads(heard).length > 0, () => first.publish({ kind: 'heads', heads: [['warm', 1]] })); // prettier-ignore
  });

  afterAll(() => Promise.all([first.stop(), second.stop()]));

  it('delivers a message to the other node and not back', async () => {
    const id = newId();
    first.publish(revoke(id));
    await receiver.until((heard) => heard.some((message) => JSON.stringify(message).includes(id)), () => undefined); // prettier-ignore
    expect(JSON.stringify(own.heard)).not.toContain(id);
  });

  it('sends a stream head once, with the highest position', async () => {
    receiver.heard.length = 0;
    const ids = Array.from({ length: 1000 }, () => newId());
    for (const seq of [3, 9, 5]) first.publish({ kind: 'heads', heads: ids.map((id) => [id, seq] as const) });
    await receiver.until(
      (heard) => heads(heard).length >= 1000,
      () => undefined,
    );
    expect(new Map(heads(receiver.heard))).toEqual(new Map(ids.map((id) => [id, 9])));
    expect(heads(receiver.heard)).toHaveLength(1000);
  });

  it('splits a message to more users than one text can contain', async () => {
    receiver.heard.length = 0;
    const userIds = Array.from({ length: 3000 }, () => newId());
    first.publish({ kind: 'users', userIds, signal: { type: 'x', data: {}, class: 'state' } });
    const addressed = (heard: BusMessage[]): string[] => heard.flatMap((m) => (m.kind === 'users' ? m.userIds : []));
    await receiver.until(
      (heard) => addressed(heard).length >= 3000,
      () => undefined,
    );
    expect(new Set(addressed(receiver.heard))).toEqual(new Set(userIds));
  });

  it('drops a message that is too large, and continues', async () => {
    const id = newId();
    first.publish({
      kind: 'stream',
      streamId: id,
      signal: { type: 'x', data: { x: 'x'.repeat(1e6) }, class: 'state' },
    });
    first.publish(revoke(id));
    await receiver.until(
      (heard) => heard.some(({ kind }) => kind === 'end_sessions'),
      () => undefined,
    );
    expect(receiver.heard.filter(({ kind }) => kind === 'stream')).toEqual([]);
  });
}

describe('the bus over PostgreSQL', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.drop());

  contract(() => new PostgresBus(database.url));

  it('reconnects after its connection was cut', async () => {
    const [first, second] = [new PostgresBus(database.url), new PostgresBus(database.url)];
    const receiver = new BusListener(second);
    first.start();
    second.start();
    await receiver.until(
      (heard) => heard.length > 0,
      () => first.publish(revoke('a')),
    );
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'parley-bus' and datname = current_database()`,
    );
    receiver.heard.length = 0;
    await receiver.until(
      (heard) => heard.length > 0,
      () => first.publish(revoke('b')),
    );
    await Promise.all([first.stop(), second.stop()]);
  });

  it('reconnects when its connections fall silent', async () => {
    const [first, second] = [new PostgresBus(database.url), new PostgresBus(database.url)];
    const receiver = new BusListener(second);
    first.start();
    second.start();
    await receiver.until(
      (heard) => heard.length > 0,
      () => first.publish(revoke('a')),
    );
    const silent = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'parley-bus' and datname = current_database()`,
    );
    const signal = (name: NodeJS.Signals): void => silent.forEach(({ pid }) => process.kill(pid, name));
    signal('SIGSTOP');
    try {
      receiver.heard.length = 0;
      await receiver.until(
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

  it('never fails a publish, even without a database', async () => {
    const bus = new PostgresBus('postgres://none:x@127.0.0.1:1/none');
    bus.start();
    for (let i = 0; i < 100; i++) bus.publish(revoke(newId()));
    await bus.stop();
  });
});

// Redis is optional for the product, and therefore for its tests.
(hasRedis ? describe : describe.skip)('the bus over Redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.halt());

  contract(() => new RedisBus(server.url));

  it('never fails a publish, even without Redis', async () => {
    const bus = new RedisBus('redis://127.0.0.1:1');
    bus.start();
    for (let i = 0; i < 100; i++) bus.publish(revoke(newId()));
    await bus.stop();
  });
});
