import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import { SCHEDULE_QUEUE } from '../../src/platform/schedule/schedule.processor.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { World } from '../support/world.js';

describe('the schedule', () => {
  let world: World;
  let schedule: ScheduledTasks;

  beforeAll(async () => {
    world = await World.start({ SCHEDULE_DRY_RUN: 'true' }); // the tests run the schedule
    schedule = world.get(ScheduledTasks);
  });
  afterAll(() => world.stop());

  const dryRun = (name: string) => schedule.run(name, { isDryRun: true });
  const run = (name: string) => schedule.run(name, { isDryRun: false });

  it('has one entry in the queue for each task, with any number of workers', async () => {
    const queue = world.app.get<Queue>(getQueueToken(SCHEDULE_QUEUE), { strict: false });
    while ((await queue.getJobSchedulersCount()) < schedule.all().length); // it is registered in the background
    const known = (await queue.getJobSchedulers()).map(({ key }) => key).sort();
    expect(known).toEqual(
      schedule
        .all()
        .map(({ name }) => name)
        .sort(),
    );
    expect(known).toEqual(
      expect.arrayContaining([
        'idempotency-keys',
        'message-retention',
        'message-space',
        'sessions',
        'webhook-deliveries',
        'before-send-verdicts',
      ]),
    );
  });

  it('deletes messages after the retention of their conversation, and leaves tombstones', async () => {
    const [ana, bo] = await world.users(2);
    const settings = { message_retention_days: 30 };
    const permanent = await world.group(ana, [bo]);
    const expiring = await world.group(ana, [bo], { settings } as object);
    const sent: Record<string, string[]> = {};
    for (const group of [permanent, expiring]) {
      const ids: string[] = [];
      for (const content of ['old', 'older', 'new']) {
        const { body } = await ana.call('POST', `/conversations/${group}/messages`, {
          content: `${content} marker`,
        });
        ids.push(body.id as string);
      }
      await ana.call('PATCH', `/messages/${ids[0]}`, { content: 'old marker, edited' });
      await bo.call('PUT', `/messages/${ids[0]}/reactions/x`);
      await world.database.query(
        `update messages set created_at = now() - interval '31 days' where id = any($1::uuid[])`,
        [ids.slice(0, 2)],
      );
      sent[group] = ids;
    }
    const socket = await bo.webSocket();
    expect(await dryRun('message-retention')).toEqual({ messages: 2, conversations: 1 });
    expect(await run('message-retention')).toEqual({ messages: 2, conversations: 1 });
    expect(await run('message-retention')).toEqual({ messages: 0, conversations: 0 });
    expect(await socket.first('message.deleted')).toMatchObject({
      actor_id: null,
      data: { message: { id: sent[expiring]![0], content: '', is_deleted: true } },
    });
    socket.close();
    const { body: page } = await bo.call('GET', `/conversations/${expiring}/messages`);
    expect(page.data.map(({ content }: { content: string }) => content)).toEqual(['new marker', '', '']);
    expect(page.data.map(({ sequence_number }: { sequence_number: number }) => sequence_number)).toEqual([3, 2, 1]);
    const { body: kept } = await bo.call('GET', `/conversations/${permanent}/messages`);
    expect(kept.data.map(({ is_deleted }: { is_deleted: boolean }) => is_deleted)).toEqual([false, false, false]);
    const left = await world.database.query(
      `select (select count(*) from message_edits where message_id = any($1::uuid[]))::int as edits,
              (select count(*) from reactions where message_id = any($1::uuid[]))::int as reactions`,
      [sent[expiring]],
    );
    expect(left).toEqual([{ edits: 0, reactions: 0 }]);
  });

  it('retains the client message id of a deleted message, which never creates a second one', async () => {
    const ana = await world.user();
    const group = await world.group(ana, [], { settings: { message_retention_days: 30 } } as object);
    const send = (content: string) =>
      ana.call('POST', `/conversations/${group}/messages`, { content, client_message_id: 'sent once' });
    const { body: first } = await send('long ago');
    await world.database.query(`update messages set created_at = now() - interval '31 days' where id = $1`, [first.id]);
    expect(await run('message-retention')).toMatchObject({ messages: 1 });
    const { id, sequence_number } = first;
    expect((await send('long ago')).body).toMatchObject({ id, sequence_number, is_deleted: true, content: '' });
    expect(await send('something else')).toMatchObject({
      status: 422,
      body: { error: { code: 'IDEMPOTENCY_CONFLICT' } },
    });
  });

  it('returns the space of deleted messages to the disk, and loses nothing', async () => {
    const ana = await world.user();
    const group = await world.group(ana, [], { settings: { message_retention_days: 30 } } as object);
    const { query } = world.database;
    await query(
      `insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
       select gen_random_uuid(), $1, n, n, $2, 'text', repeat(md5(n::text), 20),
              now() - case when n <= 8000 then interval '31 days' else interval '1 day' end
         from generate_series(1, 10_000) n`,
      [group, ana.userId],
    );
    const facts = () =>
      query<{ size: number; count: number; checksum: string }>(
        `select pg_relation_size('messages')::int as size, count(*)::int as count,
                md5(string_agg(id::text || sequence_number || content, ',' order by sequence_number)) as checksum
           from messages where conversation_id = $1`,
        [group],
      ).then(([row]) => row!);
    const { size: full } = await facts();
    expect(await run('message-retention')).toMatchObject({ conversations: 1 });
    while ((await dryRun('message-retention'))!.messages! > 0) await run('message-retention');
    const before = await facts();
    expect(before.size).toBeGreaterThanOrEqual(full);
    expect((await dryRun('message-space'))!.bytes).toBeGreaterThanOrEqual(0);
    expect((await facts()).size).toBe(before.size);
    let after = before;
    // A transaction in progress, such as one of the indexer, may need the deleted rows: then the next run continues.
    do {
      const { bytes } = (await run('message-space'))!;
      const now = await facts();
      expect(bytes).toBe(after.size - now.size);
      after = now;
    } while (after.size >= full / 2);
    expect([after.count, after.checksum]).toEqual([before.count, before.checksum]);
  });

  it('deletes ended sessions, tickets, failed logins and stored responses', async () => {
    const ana = await world.user();
    const { query } = world.database;
    await query(
      `insert into sessions (id, user_id, expires_at) values (gen_random_uuid(), $1, now() - interval '2 days')`,
      [ana.userId],
    );
    await query(`insert into tickets values ('\\x01', $1, now() - interval '1 hour')`, [ana.sessionId]);
    await query(
      `insert into login_failures (account, source, failures, last_at, attempt)
       values ('a', 'b', 1, now() - interval '2 days', gen_random_uuid())`,
    );
    await query(
      `insert into idempotency_keys (user_id, action, key, body_hash, expires_at) values ($1, 'x', 'y', '', now() - interval '1 hour')`,
      [ana.userId],
    );
    expect(await dryRun('sessions')).toEqual({ sessions: 1, tickets: 1, failures: 1 });
    expect(await run('sessions')).toEqual({ sessions: 1, tickets: 1, failures: 1 });
    expect(await dryRun('sessions')).toEqual({ sessions: 0, tickets: 0, failures: 0 });
    expect(await dryRun('idempotency-keys')).toEqual({ keys: 1 });
    expect(await run('idempotency-keys')).toEqual({ keys: 1 });
    expect(await dryRun('idempotency-keys')).toEqual({ keys: 0 });
  });

  it('deletes old webhook events and large bodies, but none that are still to be delivered', async () => {
    const ana = await world.user();
    const { query } = world.database;
    const [hook] = await query<{ id: string }>(
      `insert into webhooks (id, user_id, scope, url, host, events, secret_box)
       values (gen_random_uuid(), $1, 'own', 'https://hooks.example/', 'hooks.example', '{}', '') returning id`,
      [ana.userId],
    );
    const addEvent = (type: string, status: string, { daysAgo = 0, size = 1 }) =>
      query(
        `with e as (
           insert into webhook_events (id, type, stream_id, seq, at, data, created_at)
           values (gen_random_uuid(), $1, $2, 1, now(), json_build_object('x', repeat('x', $3)),
                   now() - make_interval(days => $4, hours => 2)) returning id
         )
         insert into webhook_deliveries (id, webhook_id, event_id, status, next_attempt_at)
         select gen_random_uuid(), $5, e.id, $6, now() + interval '1 day' from e`,
        [type, ana.userId, size, daysAgo, hook!.id, status],
      );
    await addEvent('old', 'delivered', { daysAgo: 31, size: 30_000 });
    await addEvent('old, pending', 'waiting', { daysAgo: 31 });
    await addEvent('large', 'delivered', { size: 30_000 });
    await addEvent('large, pending', 'waiting', { size: 30_000 });
    await addEvent('small', 'delivered', {});
    expect(await dryRun('webhook-deliveries')).toEqual({ events: 1, bodies: 1 });
    expect(await run('webhook-deliveries')).toEqual({ events: 1, bodies: 1 });
    expect(await dryRun('webhook-deliveries')).toEqual({ events: 0, bodies: 0 });
    expect(await query('select type, data is null as is_empty from webhook_events order by type')).toEqual([
      { type: 'large', is_empty: true },
      { type: 'large, pending', is_empty: false },
      { type: 'old, pending', is_empty: false },
      { type: 'small', is_empty: false },
    ]);
  });

  it('changes nothing in a dry run', async () => {
    const { query } = world.database;
    // A running node writes these without a task: its report every ten seconds, and leases that expire.
    const reported = ['nodes', 'active_people', 'activity_hours'];
    const ofNodes = [...reported, 'presence_leases', 'presence_settings'];
    const tables = await query<{ name: string }>(
      `select tablename as name from pg_tables
        where schemaname = 'public' and tablename <> all($1) order by 1`,
      [ofNodes],
    );
    const everything = () =>
      Promise.all(
        tables.map(({ name }) =>
          query(
            `select '${name}' as name, count(*)::int, md5(string_agg(t::text, '|' order by t::text)) from "${name}" t`,
          ),
        ),
      );
    const before = await everything();
    for (const { name } of schedule.all()) expect(await dryRun(name)).toEqual(expect.any(Object));
    expect(await everything()).toEqual(before);
  });

  it('counts the items of a run, and none of a dry run', async () => {
    const metrics = world.get(Metrics);
    const { query } = world.database;
    const ana = await world.user();
    const expire = () =>
      query(
        `insert into idempotency_keys (user_id, action, key, body_hash, expires_at) values ($1, 'x', 'z', '', now() - interval '1 hour')`,
        [ana.userId],
      );
    const counted = async () =>
      (await metrics.values('parley_scheduled_items_total')).find(({ labels }) => labels?.task === 'idempotency-keys')
        ?.value ?? 0;
    const before = await counted();
    await expire();
    await dryRun('idempotency-keys');
    expect(await counted()).toBe(before);
    await run('idempotency-keys');
    expect(await counted()).toBe(before + 1);
  });
});
