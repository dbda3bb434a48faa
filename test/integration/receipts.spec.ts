import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { ConversationStatisticsService } from '../../src/modules/conversations/conversation-statistics.service.js';
import { MessageRetention } from '../../src/modules/messages/message-retention.js';
import { ReadStateProvider, ReadState } from '../../src/modules/participants/read-state.js';
import { RECEIPTS_QUEUE } from '../../src/modules/participants/receipts.queue.js';
import { newId } from '../../src/platform/database/ids.js';
import { Sql } from '../../src/platform/database/sql.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('a read or delivery mark', () => {
  let world: World;
  let marks: ReadState;
  let statistics: ConversationStatisticsService;
  let resumed: ReadStateProvider;

  beforeAll(async () => {
    world = await World.start();
    marks = world.get(ReadState);
    statistics = world.get(ConversationStatisticsService);
    resumed = world.get(ReadStateProvider);
  });

  afterAll(() => world.stop());

  const send = async (actor: User, id: string, count = 1): Promise<string[]> => {
    const sent = Array.from({ length: count }, (_, i) =>
      actor.call('POST', `/conversations/${id}/messages`, { content: `message ${i}` }),
    );
    return (await Promise.all(sent)).map(({ body }) => body.id as string);
  };
  const read = (actor: User, id: string, body: object) => actor.call('POST', `/conversations/${id}/read`, body);
  const shuffled = <T>(items: T[]): T[] =>
    items
      .map((item) => ({ item, at: Math.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  const pair = async (): Promise<[User, User, string]> => {
    const [anna, ben] = await world.users(2);
    return [anna, ben, await world.group(anna, [ben])];
  };

  it('moves to a message by its id or number, never beyond the newest, and never back', async () => {
    const [anna, ben, id] = await pair();
    const ids = await send(anna, id, 5);
    const { body: second } = await ben.call('GET', `/messages/${ids[1]}`);
    expect((await read(ben, id, { message_id: ids[1] })).body).toEqual({
      conversation_id: id,
      last_read_number: second.sequence_number,
      last_delivered_number: second.sequence_number,
      unread_count: 5 - second.sequence_number,
      mention_count: 0,
    });
    expect((await read(ben, id, { sequence_number: 4 })).body).toMatchObject({ last_read_number: 4, unread_count: 1 });
    expect((await read(ben, id, { sequence_number: 1 })).body).toMatchObject({ last_read_number: 4, unread_count: 1 });
    expect((await read(ben, id, { sequence_number: 999 })).body).toMatchObject({
      last_read_number: 5,
      unread_count: 0,
    });
    await send(anna, id);
    expect((await ben.call('GET', `/conversations/${id}`)).body).toMatchObject({
      last_read_number: 5,
      unread_count: 1,
    });
  });

  it('accepts one position, and a message of this conversation only', async () => {
    const [anna, ben, id] = await pair();
    const [elsewhere] = await send(anna, await world.group(anna));
    const bodies = [
      {},
      { message_id: elsewhere },
      { message_id: newId() },
      { message_id: newId(), sequence_number: 1 },
    ];
    for (const body of [...bodies, { sequence_number: -1 }, { sequence_number: 1.5 }, { sequence_number: '1e3' }]) {
      expect((await read(ben, id, body)).body.error.code).toBe('VALIDATION_ERROR');
    }
  });

  it('moves with own messages', async () => {
    const [anna, ben, id] = await pair();
    await send(anna, id, 3);
    await send(ben, id);
    expect((await ben.call('GET', `/conversations/${id}`)).body).toMatchObject({
      unread_count: 0,
      last_read_number: 4,
    });
  });

  it('ends at the same position for three devices with shuffled, repeated and simultaneous requests, beside sends', async () => {
    const [anna, ben, id] = await pair();
    await send(anna, id, 60);
    const seen: number[] = [];
    let isFinished = false;
    const watch = (async () => {
      while (!isFinished) {
        const [row] = await world.database.query<{ last_read_number: string }>(
          'select last_read_number from participants where conversation_id = $1 and user_id = $2',
          [id, ben.userId],
        );
        seen.push(Number(row!.last_read_number));
      }
    })();
    const devices = Array.from({ length: 3 }, async () => {
      for (const place of shuffled(Array.from({ length: 55 }, (_, i) => i))) {
        const answer = await marks.markRead(ben, id, { sequence_number: place });
        expect(answer.last_read_number).toBeGreaterThanOrEqual(place);
      }
    });
    const deliveries = shuffled(
      Array.from({ length: 55 }, (_, i) => marks.markDelivered(ben, id, { sequence_number: i })),
    );
    await Promise.all([...devices, ...deliveries, send(anna, id, 40)]);
    isFinished = true;
    await watch;
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect((await ben.call('GET', `/conversations/${id}`)).body).toMatchObject({
      last_read_number: 54,
      unread_count: 46,
    });
  });

  it('excludes deleted messages from the unread count in every list, response, statistic and frame', async () => {
    const [anna, ben, id] = await pair();
    const ids = await send(anna, id, 6);
    const sentMessages = await Promise.all(ids.map(async (it) => (await anna.call('GET', `/messages/${it}`)).body));
    const byNumber = new Map(
      sentMessages.map(({ id: it, sequence_number }) => [sequence_number as number, it as string]),
    );
    const remove = (number: number) => anna.call('DELETE', `/messages/${byNumber.get(number)}`);
    const listed = async (): Promise<number[]> => {
      const [one, list, figures] = await Promise.all([
        ben.call('GET', `/conversations/${id}`),
        ben.call('GET', '/conversations'),
        statistics.ofActor(ben),
      ]);
      return [one.body.unread_count, list.body.data[0].unread_count, figures.unread, figures.recent[0]!.unread];
    };
    for (const number of [1, 4, 6]) await remove(number);
    await remove(4);
    expect(await listed()).toEqual([3, 3, 3, 3]);
    const socket = await ben.webSocket();
    expect((await read(ben, id, { sequence_number: 2 })).body).toMatchObject({ last_read_number: 2, unread_count: 2 });
    const { data } = await socket.first(({ type }) => type === 'unread.changed');
    expect(data).toMatchObject({ last_read_number: 2, unread_count: 2 });
    socket.close();
    expect(await listed()).toEqual([2, 2, 2, 2]);
    const [state] = await resumed.framesOnResume(ben.userId);
    expect(state).toMatchObject({ type: 'unread.changed', data: { unread_count: 2 } });
    await remove(2);
    expect(await listed()).toEqual([2, 2, 2, 2]);
    await send(anna, id, 2);
    await send(ben, id);
    await send(anna, id);
    expect(await listed()).toEqual([1, 1, 1, 1]);
    await remove(7);
    expect(await listed()).toEqual([1, 1, 1, 1]);
  });

  it('excludes messages removed by retention, together with deleted ones', async () => {
    const [anna, ben, id] = await pair();
    const ids = await send(anna, id, 8);
    await anna.call('DELETE', `/messages/${ids[1]}`);
    await world.database.query(
      `update messages set created_at = now() - interval '40 days' where conversation_id = $1 and sequence_number <= 5`,
      [id],
    );
    await world.database.query(`update conversations set settings = settings || '{"message_retention_days": 30}' where id = $1`, [id]); // prettier-ignore
    await world.get(MessageRetention).run({ isDryRun: false });
    const [row] = await world.database.query<{ left: string }>(
      `select count(*) as left from messages where conversation_id = $1 and deleted_at is null`,
      [id],
    );
    expect((await ben.call('GET', `/conversations/${id}`)).body.unread_count).toBe(Number(row!.left));
    await anna.call('DELETE', `/messages/${ids[7]}`);
    const { body } = await read(ben, id, { sequence_number: 3 });
    expect(body.unread_count).toBe((await ben.call('GET', `/conversations/${id}`)).body.unread_count);
  });

  it('excludes a message that was deleted while the mark waited for the lock', async () => {
    const [anna, ben, id] = await pair();
    await send(anna, id, 3);
    const sql = world.get(Sql);
    let mark: ReturnType<ReadState['markRead']>;
    await sql.transaction(async (tx) => {
      await tx.run({ name: 'test.lock', text: 'select from stream_heads where stream_id = $1 for no key update' }, [
        id,
      ]);
      mark = marks.markRead(ben, id, { sequence_number: 1 });
      for (let waiting = 0; waiting === 0;) {
        const [row] = await world.database.query<{ waiting: string }>(
          `select count(*) as waiting from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like '%mark_participants%'`,
        );
        waiting = Number(row!.waiting);
      }
      const deletion = 'update messages set deleted_at = now() where conversation_id = $1 and sequence_number = 3';
      await tx.run({ name: 'test.deletion', text: deletion }, [id]);
    });
    expect(await mark!).toMatchObject({ last_read_number: 1, unread_count: 1 });
  });

  it('avoids deadlocks with sends in many conversations', async () => {
    const users = await world.users(6);
    const ids = await Promise.all(
      Array.from(
        { length: 12 },
        () =>
        world.group(users[0]!, [users[1]!, users[2]!, users[3]!]), // prettier-ignore
      ),
    );
    const work: Promise<unknown>[] = [];
    for (let cycle = 0; cycle < 25; cycle++) {
      for (const id of shuffled(ids)) {
        const actor = users[cycle % 4]!;
        work.push(marks.markRead(actor, id, { sequence_number: cycle }));
        if (cycle % 5 === 0) work.push(send(actor, id));
        if (cycle % 12 === 0) work.push(actor.call('PATCH', `/conversations/${id}/me`, { is_pinned: true }));
      }
    }
    for (const outcome of await Promise.allSettled(work)) expect(outcome.status).toBe('fulfilled');
  });

  it('waits for the lock of the conversation, and then sees what was written under it', async () => {
    const [anna, ben, id] = await pair();
    await send(anna, id, 1);
    const sql = world.get(Sql);
    let isAnswered = false;
    let mark: ReturnType<ReadState['markRead']>;
    await sql.transaction(async (tx) => {
      await tx.run({ name: 'test.lock', text: 'select from stream_heads where stream_id = $1 for no key update' }, [
        id,
      ]);
      mark = marks.markRead(ben, id, { sequence_number: 2 }).finally(() => {
        isAnswered = true;
      });
      for (let waiting = 0; waiting === 0 && !isAnswered;) {
        const [row] = await world.database.query<{ waiting: string }>(
          `select count(*) as waiting from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like '%mark_participants%'`,
        );
        waiting = Number(row!.waiting);
      }
      expect(isAnswered).toBe(false);
      await tx.run({ name: 'test.number', text: 'update stream_heads set last_number = 2 where stream_id = $1' }, [id]);
    });
    expect(await mark!).toMatchObject({ last_read_number: 2, unread_count: 0 });
  });

  it('is refused for a session that has ended, even with a valid token', async () => {
    const [anna, ben, id] = await pair();
    await send(anna, id);
    await world.database.query('update sessions set revoked_at = now() where id = $1', [ben.sessionId]);
    await expect(marks.markRead(ben, id, { sequence_number: 1 })).rejects.toMatchObject({
      code: 'AUTHENTICATION_REQUIRED',
    });
  });

  describe('over sockets', () => {
    const open = (actor: User) => actor.webSocket();

    it('takes a message from sent to delivered to read when all participants have it', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]); // prettier-ignore
      const [annas, bens, carls] = await Promise.all([open(anna), open(ben), open(carl)]);
      const [messageId] = await send(anna, id);
      const status = async () => (await anna.call('GET', `/messages/${messageId}`)).body.status;
      const receipt = (part: object) =>
        annas.first(
          ({ type, data }) =>
            type === 'receipt.updated' && Object.entries(part).every(([key, value]) => data?.[key] === value),
        );
      expect(await status()).toBe('sent');
      expect((await bens.request('message.delivered', { conversation_id: id, message_id: messageId })).ok).toBe(true);
      await receipt({ conversation_id: id, delivered_to_all_number: 0 });
      expect(await status()).toBe('sent');
      await carls.request('message.delivered', { conversation_id: id, sequence_number: 1 });
      await receipt({ delivered_to_all_number: 1, read_by_all_number: 0 });
      expect(await status()).toBe('delivered');
      await bens.request('message.read', { conversation_id: id, sequence_number: 1 });
      await carls.request('message.read', { conversation_id: id, sequence_number: 1 });
      const { data } = await receipt({ delivered_to_all_number: 1, read_by_all_number: 1 });
      expect(await status()).toBe('read');
      const mark = { last_read_number: 1, last_read_message_id: messageId, last_delivered_number: 1 };
      expect(data?.marks).toContainEqual({ user_id: carl.userId, ...mark });
      for (const client of [annas, bens, carls]) client.close();
    });

    it('is sent to other devices of the reader only', async () => {
      const [anna, ben, id] = await pair();
      const [annas, phone, laptop] = await Promise.all([open(anna), open(ben), open(ben)]);
      await send(anna, id, 3);
      await phone.request('message.read', { conversation_id: id, sequence_number: 2 });
      const { data } = await laptop.first(({ type }) => type === 'unread.changed');
      expect(data).toMatchObject({ conversation_id: id, unread_count: 1, last_read_number: 2 });
      await annas.first(({ type }) => type === 'receipt.updated');
      expect(annas.frames.filter(({ type }) => type === 'unread.changed')).toEqual([]);
      for (const client of [annas, phone, laptop]) client.close();
    });

    it('is aggregated once for a burst of marks', async () => {
      const [anna, ben, id] = await pair();
      const annas = await open(anna);
      await send(anna, id, 100);
      await Promise.all(Array.from({ length: 100 }, (_, i) => marks.markRead(ben, id, { sequence_number: i + 1 })));
      await annas.first(({ type, data }) => type === 'receipt.updated' && data?.read_by_all_number === 100);
      expect(annas.frames.filter(({ type }) => type === 'receipt.updated').length).toBeLessThanOrEqual(3);
      annas.close();
    });

    it('is refused for a conversation of others', async () => {
      const [, , id] = await pair();
      const stranger = await world.user();
      const socket = await open(stranger);
      for (const type of ['message.read', 'message.delivered', 'typing.start', 'typing.stop']) {
        const known = await socket.request(type, {
          conversation_id: id,
          ...(type.startsWith('m') && { sequence_number: 1 }),
        });
        expect(known.error!.code).toBe('PERMISSION_DENIED');
        const unknown = await socket.request(type, {
          conversation_id: newId(),
          ...(type.startsWith('m') && { sequence_number: 1 }),
        });
        expect(unknown.error!.code).toBe('CONVERSATION_NOT_FOUND');
      }
      socket.close();
    });
  });

  it('is accepted without the queue, and is aggregated when it is back', async () => {
    const [anna, ben, id] = await pair();
    const queue = world.app.get<Queue>(getQueueToken(RECEIPTS_QUEUE), { strict: false });
    const away = jest.spyOn(queue, 'addBulk').mockRejectedValue(new Error('away'));
    await send(anna, id, 2);
    expect((await read(ben, id, { sequence_number: 1 })).status).toBe(200);
    away.mockRestore();
    const annas = await anna.webSocket();
    await read(ben, id, { sequence_number: 2 });
    await annas.first(({ type, data }) => type === 'receipt.updated' && data?.read_by_all_number === 2);
    annas.close();
  });
});
