import { Logger } from '@nestjs/common';
import pg from 'pg';
import { ActiveUsers } from '../../src/modules/admin/activity/active-users.js';
import { NodeHeartbeat } from '../../src/modules/admin/activity/node-heartbeat.js';
import { DASHBOARD_STATEMENTS } from '../../src/modules/admin/admin.repository.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import { fillLargeData } from '../bench/large-data.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** Stores a report of another process. */
async function reportOf(database: TestDatabase, figures: object): Promise<void> {
  await database.query(
    `insert into nodes (id, role, version, started_at, figures) values (gen_random_uuid(), 'all', 'test', now(), $1)`,
    [figures],
  );
}

describe('the dashboard', () => {
  let server: TestApp;
  let world: World;
  let admin: User;
  let ana: User;
  let bo: User;
  const report = (): Promise<void> => server.app.get(NodeHeartbeat).report();
  const stats = async () => (await admin.call('GET', '/admin/stats')).body;

  beforeAll(async () => {
    server = await startTestApp({ SCHEDULE_DRY_RUN: 'true' }); // the tests run the schedule
    world = new World(server);
    [admin, ana, bo] = [await world.user({ role: 'admin' }), ...(await world.users(2))];
  });
  afterAll(() => server.close());

  it('counts users, conversations and messages', async () => {
    const before = await stats();
    const group = await world.group(ana, [bo]);
    for (const content of ['one', 'two', 'three']) {
      await ana.call('POST', `/conversations/${group}/messages`, { content });
    }
    await server.database.query('update users set banned_at = now() where id = $1', [(await world.user()).userId]);
    const after = await stats();
    expect(after.users.total).toBe(before.users.total + 1);
    expect(after.users.banned).toBe(before.users.banned + 1);
    expect(after.users.by_role.admin).toBe(before.users.by_role.admin);
    expect(after.conversations.total).toBe(before.conversations.total + 1);
    expect(after.conversations.by_type.group).toBe((before.conversations.by_type.group ?? 0) + 1);
    expect(after.messages.total).toBe(before.messages.total + 3);
    expect(after.storage.database_bytes).toBeGreaterThan(1_000_000);
    expect(after.days).toHaveLength(30);
    expect(after.days.at(-1).day).toBe(new Date().toISOString().slice(0, 10));
  });

  it('counts messages and connections of all nodes once', async () => {
    await report();
    const before = await stats();
    const group = await world.group(ana, [bo]);
    const socket = await bo.webSocket();
    await ana.call('POST', `/conversations/${group}/messages`, { content: 'hello' });
    await socket.first('message.created');
    await report();
    await report();
    const after = await stats();
    expect(after.messages.today).toBe(before.messages.today + 1);
    expect(after.messages.this_hour).toBe((before.messages.this_hour as number) + 1);
    const { nodeId } = server.app.get(NodeHeartbeat);
    expect(after.connections).toMatchObject({ total: 1, by_transport: { websocket: 1, 'socket.io': 0 } });
    expect(after.connections.nodes).toMatchObject([{ id: nodeId, role: 'all', connections: { websocket: 1 } }]);
    const hour = after.hours.at(-1);
    expect(hour.connections).toBe((before.hours.at(-1).connections as number) + 1);
    expect(hour.deliveries).toBeGreaterThan(before.hours.at(-1).deliveries as number);
    socket.close();
  });

  it('logs once that another process counts limits separately without Redis', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const warnings = (): number => warn.mock.calls.filter(([text]) => /without REDIS_URL/.test(String(text))).length;
    const { database, config } = server;
    // A command that contains the whole program, such as `npm run demo`, serves no requests.
    await reportOf(database, { serves: false });
    await report();
    expect(warnings()).toBe(0);
    const second = await startTestApp({ DATABASE_URL: database.url, JWT_SECRET: config.jwtSecret });
    await second.app.get(NodeHeartbeat).report();
    for (let n = 0; n < 2; n++) await report();
    expect(warnings()).toBe(2); // once by each of them
    warn.mockRestore();
    await second.close();
  });

  it('logs that processes use different Redis servers', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const warnings = (): unknown[] => warn.mock.calls.filter(([text]) => /the same REDIS_URL/.test(String(text)));
    await reportOf(server.database, { redis: null });
    await reportOf(server.database, {});
    await report();
    expect(warnings()).toEqual([]);
    await reportOf(server.database, { redis: 'redis://redis:6379/0' });
    await reportOf(server.database, { redis: 'redis://other:6379/0' });
    for (let n = 0; n < 2; n++) await report();
    const elsewhere = ['redis://other:6379/0', 'redis://redis:6379/0'];
    expect(warnings()).toEqual([[expect.any(String), { here: 'none', elsewhere, suppressed: 0 }]]);
    warn.mockRestore();
    await server.database.query(`delete from nodes where version = 'test'`);
  });

  it('counts a user once an hour and a day', async () => {
    const one = await world.user();
    for (let n = 0; n < 3; n++) await one.call('GET', '/users/me');
    await report();
    await one.call('GET', '/users/me');
    await report();
    const rows = await server.database.query<{ hours: number }>('select hours from active_people where user_id = $1', [
      one.userId,
    ]);
    expect(rows).toEqual([{ hours: 1 << new Date().getUTCHours() }]);
    await server.database.query(
      `insert into active_people (day, user_id, hours) values
         ((now() at time zone 'UTC')::date - 1, gen_random_uuid(), 3), ((now() at time zone 'UTC')::date - 1, gen_random_uuid(), 2),
         ((now() at time zone 'UTC')::date - 3, gen_random_uuid(), 1)`,
    );
    const task = server.app.get(ScheduledTasks, { strict: false });
    expect(await task.run('activity', { isDryRun: false })).toEqual({ people: 1, hours: 0 });
    const { days, hours } = await stats();
    const [{ count }] = (await server.database.query<{ count: string }>(
      `select count(*) from active_people where day = (now() at time zone 'UTC')::date`,
    )) as [{ count: string }];
    expect(days.slice(-2).map(({ people: there }: { people: number }) => there)).toEqual([2, Number(count)]);
    const yesterday = `${days.at(-2).day}T`;
    const byHour = hours.filter(({ hour }: { hour: string }) => hour.startsWith(yesterday));
    expect(
      byHour.map(({ hour, people: there }: { hour: string; people: number }) => [hour.slice(11, 13), there]),
    ).toEqual([
      ['00', 1],
      ['01', 2],
    ]);
  });

  it('stores active users again after a failed attempt', async () => {
    const one = await world.user();
    await one.call('GET', '/users/me');
    await server.database.query('alter table active_people rename to away');
    await report();
    await server.database.query('alter table away rename to active_people');
    await report();
    const stored = await server.database.query('select 1 from active_people where user_id = $1', [one.userId]);
    expect(stored).toHaveLength(1);
    expect(server.app.get(ActiveUsers, { strict: false }).take()).toEqual([]);
  });

  it('reports metrics of this process', async () => {
    const { status, body } = await admin.call('GET', '/admin/metrics');
    expect(status).toBe(200);
    expect(body.sends.stored).toBeGreaterThan(0);
    expect(body.acknowledgement.p50_ms).toBeGreaterThan(0);
    expect(body.requests.count).toBeGreaterThan(0);
    expect(body.database.statements.map(({ name }: { name: string }) => name)).toContain('messages.append');
    expect(body.caches.sessions.hit_ratio).toBeGreaterThan(0);
  });

  it('reports every queue, including those of other processes', async () => {
    const { body } = await admin.call('GET', '/admin/queues');
    const names = body.data.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['receipts', 'schedule', 'webhook-deliveries']));
    expect(body.data[0].jobs).toMatchObject({ waiting: expect.any(Number), failed: expect.any(Number) });
    expect(body.deliveries).toMatchObject({ outbox: 0, outbox_oldest_at: null, waiting: 0, failed: 0 });
  });

  it('refuses users who are not admins', async () => {
    const moderator = await world.user({ role: 'moderator' });
    for (const path of ['stats', 'metrics', 'queues', 'health']) {
      for (const who of [ana, moderator]) expect((await who.call('GET', `/admin/${path}`)).status).toBe(403);
    }
  });
});

/** The next frame with statistics. */
function nextStats(socket: RealtimeClient): Promise<object> {
  const known = new Set(socket.frames);
  return socket.first((frame) => frame.type === 'admin.figures' && !known.has(frame));
}

describe('admin.watch', () => {
  let server: TestApp;
  let world: World;

  beforeAll(async () => {
    server = await startTestApp();
    world = new World(server);
  });
  afterAll(() => server.close());

  it('sends statistics repeatedly until admin.unwatch', async () => {
    const admin = await world.user({ role: 'admin' });
    const socket = await admin.webSocket();
    const first = await socket.request('admin.watch');
    expect(first).toMatchObject({ ok: true, data: { node: { connections: { websocket: 1 } } } });
    expect(await nextStats(socket)).toMatchObject({ data: { messages_per_second: expect.any(Number) } });
    await nextStats(socket);
    await socket.request('admin.unwatch');
    const known = socket.frames.filter(({ type }) => type === 'admin.figures').length;
    const other = await admin.webSocket();
    await other.request('admin.watch');
    await nextStats(other);
    expect(socket.frames.filter(({ type }) => type === 'admin.figures')).toHaveLength(known);
    socket.close();
    other.close();
  });

  it('ends for a demoted admin, and is refused to others', async () => {
    const [demoted, staying] = [await world.user({ role: 'admin' }), await world.user({ role: 'admin' })];
    const socket = await demoted.webSocket();
    const control = await staying.webSocket();
    await socket.request('admin.watch');
    await control.request('admin.watch');
    await nextStats(socket);
    await server.database.query(`update users set role = 'user' where id = $1`, [demoted.userId]);
    await nextStats(control);
    await nextStats(control);
    const known = socket.frames.filter(({ type }) => type === 'admin.figures').length;
    await nextStats(control);
    await nextStats(control);
    expect(socket.frames.filter(({ type }) => type === 'admin.figures')).toHaveLength(known);
    expect(await socket.request('admin.watch')).toMatchObject({ ok: false, error: { code: 'PERMISSION_DENIED' } });
    socket.close();
    control.close();
  });
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

/** The tables that a plan scans completely. */
function scanned(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scanned)];
}

describe('a statement of the dashboard, with many messages', () => {
  let database: TestDatabase;
  let client: pg.Client;
  const plan = async (text: string, values: readonly unknown[]): Promise<Plan> => {
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(`explain (format json) ${text}`, [
      ...values,
    ]);
    return rows[0]!['QUERY PLAN'][0]!.Plan;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await fillLargeData((text, values) => client.query(text, values), {
      messages: 20_000,
      users: 1000,
      conversations: 200,
    });
  }, 120_000);
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it.each(DASHBOARD_STATEMENTS.map(({ statement, values }) => [statement.name, statement.text, values] as const))(
    'scans no table of messages: %s',
    async (_name, text, values) => {
      const tables = scanned(await plan(text, values));
      expect(tables.filter((table) => ['messages', 'events', 'participants'].includes(table))).toEqual([]);
    },
  );

  it('fails the check if it counts messages', async () => {
    expect(scanned(await plan('select count(content) from messages', []))).toEqual(['messages']);
  });
});
