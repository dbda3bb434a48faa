import { ThreadStateProvider } from '../../src/modules/messages/thread-state-provider.js';
import { MessageErasure } from '../../src/modules/messages/message-erasure.service.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

interface Message {
  readonly id: string;
  readonly sequence_number: number;
  readonly seq: number;
}

interface Listed {
  readonly content: string;
}

describe('a thread', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const send = async (actor: User, id: string, body: object = {}): Promise<Message> => {
    const sent = await actor.call('POST', `/conversations/${id}/messages`, { content: 'Hello', ...body });
    expect([sent.status, sent.body.error]).toEqual([201, undefined]);
    return sent.body as Message;
  };
  const reply = (actor: User, id: string, to: Message, more: object = {}) =>
    send(actor, id, { reply_to_id: to.id, show_in_conversation: false, ...more });
  const message = async (actor: User, id: string) =>
    (await actor.call('GET', `/messages/${id}`)).body as Record<string, unknown>;
  const contents = async (actor: User, path: string) =>
    (await actor.call('GET', path)).body.data.map(({ content }: Listed) => content) as string[];
  const threads = async (actor: User) => (await actor.call('GET', '/users/me/unread')).body.threads as number;
  const inbox = async (actor: User, query = '') => {
    const { body } = await actor.call('GET', `/threads${query}`);
    return body.data.map(({ root_id, unread_count }: { root_id: string; unread_count: number }) => [
      root_id,
      unread_count,
    ]);
  };
  const readThread = (actor: User, { id }: Message, number: number) =>
    actor.call('POST', `/messages/${id}/thread/read`, { sequence_number: number });

  it('has one root, also for replies to replies, and the root has its counts', async () => {
    const [anna, ben, carl] = await world.users(3);
    const id = await world.group(anna, [ben, carl]);
    const root = await send(anna, id, { content: 'root' });
    const first = await reply(ben, id, root, { content: 'first' });
    expect(first).toMatchObject({ thread_root_id: root.id, show_in_conversation: false, reply_to_id: root.id });
    const second = await reply(carl, id, first, { content: 'second' });
    expect(second).toMatchObject({ thread_root_id: root.id, reply_to_id: first.id });
    await reply(ben, id, root, { content: 'third' });
    expect(await message(anna, root.id)).toMatchObject({ reply_count: 3, reply_user_ids: [ben.userId, carl.userId] });
    expect(await message(anna, second.id)).not.toHaveProperty('reply_count');
    await carl.call('DELETE', `/messages/${second.id}`);
    await carl.call('DELETE', `/messages/${second.id}`);
    expect(await message(anna, root.id)).toMatchObject({ reply_count: 2, reply_user_ids: [ben.userId] });
    expect(await contents(anna, `/messages/${root.id}/replies`)).toEqual(['first', '', 'third']);
  });

  it('is not listed in the conversation, unless its replies are shown there', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const root = await send(anna, id, { content: 'root' });
    await reply(ben, id, root, { content: 'thread only' });
    await send(ben, id, { content: 'shown', reply_to_id: root.id });
    await reply(ben, id, root, { content: 'thread only, too' });
    expect(await contents(anna, `/conversations/${id}/messages`)).toEqual(['shown', 'root']);
    const { body } = await anna.call('GET', `/conversations/${id}`);
    expect(body).toMatchObject({ unread_count: 1, last_message: { content: 'shown' } });
    expect(await contents(anna, `/messages/${root.id}/replies`)).toEqual(['thread only', 'shown', 'thread only, too']);
  });

  it('is paged in both directions', async () => {
    const [anna] = await world.users(1);
    const id = await world.group(anna);
    const root = await send(anna, id);
    for (const content of ['a', 'b', 'c', 'd']) await reply(anna, id, root, { content });
    const path = `/messages/${root.id}/replies?limit=3`;
    for (const [start, pages] of [
      ['', [['a', 'b', 'c'], ['d']]],
      ['&before_number=5', [['c', 'b', 'a'], []]],
      ['&after_number=2', [['b', 'c', 'd'], []]],
    ] as const) {
      const { body } = await anna.call('GET', path + start);
      expect(body.data.map(({ content }: Listed) => content)).toEqual(pages[0]);
      const next = body.next_cursor ? await contents(anna, `${path}&cursor=${body.next_cursor}`) : [];
      expect(next).toEqual(pages[1]);
    }
    expect((await anna.call('GET', `${path}&before_number=1&after_number=1`)).body.error.code).toBe('VALIDATION_ERROR');
  });

  it('has a durable event after each reply and after a deletion', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const root = await send(anna, id);
    const device = await anna.webSocket();
    const live = await device.first('live');
    const sent = await reply(ben, id, root);
    const created = await device.next('message.created');
    expect(created).toMatchObject({ seq: sent.seq, data: { message: { thread_root_id: root.id } } });
    const updated = await device.next('thread.updated');
    expect(updated).toMatchObject({
      seq: sent.seq + 1,
      prev: sent.seq,
      data: { message_id: root.id, reply_count: 1, reply_user_ids: [ben.userId] },
    });
    expect((await send(ben, id)).seq).toBe(sent.seq + 2);
    await ben.call('DELETE', `/messages/${sent.id}`);
    expect((await device.next('thread.updated')).data).toEqual({
      message_id: root.id,
      reply_count: 0,
      last_reply_at: null,
      reply_user_ids: [],
    });
    const again = await anna.webSocket(live.data!.cursor as string);
    await again.first('live');
    expect(again.frames.filter(({ type }) => type === 'thread.updated')).toHaveLength(2);
    for (const client of [device, again]) client.close();
  });

  it('is followed by its author, by those who reply and by those who are mentioned, until they stop', async () => {
    const [anna, ben, carl, dora] = await world.users(4);
    const id = await world.group(anna, [ben, carl, dora]);
    const root = await send(anna, id);
    const first = await reply(ben, id, root, { mentions: [carl.userId] });
    expect(await Promise.all([anna, ben, carl, dora].map((user) => inbox(user)))).toEqual([
      [[root.id, 1]],
      [[root.id, 0]],
      [[root.id, 1]],
      [],
    ]);
    expect((await dora.call('PUT', `/messages/${first.id}/thread/follow`)).body).toEqual({
      root_id: root.id,
      conversation_id: id,
      is_following: true,
      last_read_number: first.sequence_number,
      unread_count: 0,
    });
    expect((await anna.call('DELETE', `/messages/${root.id}/thread/follow`)).body).toMatchObject({
      is_following: false,
    });
    await reply(ben, id, root);
    expect(await Promise.all([anna, carl, dora].map((user) => inbox(user)))).toEqual([
      [],
      [[root.id, 2]],
      [[root.id, 1]],
    ]);
    await reply(ben, id, root, { mentions: [anna.userId] });
    expect(await inbox(anna)).toEqual([[root.id, 3]]);
    const stranger = await world.user();
    expect((await stranger.call('PUT', `/messages/${root.id}/thread/follow`)).status).toBe(403);
    await carl.call('POST', `/conversations/${id}/leave`);
    expect([await inbox(carl), await threads(carl)]).toEqual([[], 0]);
  });

  it('is unread for followers until they read it or reply, and the totals count it', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const [one, two] = [await send(anna, id), await send(anna, id)];
    const last = await reply(ben, id, one, { mentions: [anna.userId] });
    await reply(ben, id, two);
    const counts = async () => (await anna.call('GET', '/users/me/unread')).body;
    expect(await counts()).toMatchObject({ total: 0, conversations: 0, mentions: 1, threads: 2 });
    await anna.call('POST', `/conversations/${id}/read`, { sequence_number: last.sequence_number + 1 });
    expect(await counts()).toMatchObject({ mentions: 1, threads: 2 });
    expect((await anna.call('GET', `/conversations/${id}`)).body).toMatchObject({ mention_count: 0 });
    expect(await contents(anna, '/users/me/mentions?unread=true')).toHaveLength(1);

    const device = await anna.webSocket();
    expect((await readThread(anna, one, last.sequence_number)).body).toMatchObject({ unread_count: 0 });
    expect((await device.next('thread.unread')).data).toMatchObject({ root_id: one.id, unread_count: 0, threads: 1 });
    device.close();
    expect((await readThread(anna, one, 0)).body).toMatchObject({ last_read_number: last.sequence_number });
    expect(await counts()).toMatchObject({ mentions: 0, threads: 1 });
    expect(await inbox(anna, '?unread=true')).toEqual([[two.id, 1]]);
    await reply(anna, id, two);
    expect([await threads(anna), await inbox(anna, '?unread=true')]).toEqual([0, []]);
    expect(await inbox(anna)).toEqual([
      [two.id, 0],
      [one.id, 0],
    ]);
    await reply(ben, id, one);
    await anna.call('PATCH', `/conversations/${id}/me`, { is_muted: true });
    expect(await threads(anna)).toBe(0);
  });

  it('is the same for a client that resumes and for one that loads', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const [one, two] = [await send(anna, id), await send(anna, id)];
    const first = await reply(ben, id, one);
    await reply(ben, id, two);
    await readThread(anna, one, first.sequence_number);
    const frames = await world.get(ThreadStateProvider).framesOnResume(anna.userId);
    const { data } = (await anna.call('GET', '/threads')).body;
    const loaded = data.map(({ root: _root, ...state }: Record<string, unknown>) => ({ ...state, threads: 1 }));
    expect(frames.map((frame) => frame.data)).toEqual(loaded);
    expect(loaded).toHaveLength(2);
  });

  it('lists more threads by its cursor', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const roots: string[] = [];
    for (let i = 0; i < 3; i++) {
      const root = await send(anna, id);
      roots.unshift(root.id);
      await reply(ben, id, root);
    }
    const { body } = await anna.call('GET', '/threads?limit=2');
    expect(body.data.map(({ root_id }: { root_id: string }) => root_id)).toEqual(roots.slice(0, 2));
    expect(await inbox(anna, `?limit=2&cursor=${body.next_cursor}`)).toEqual([[roots[2], 1]]);
  });

  it('counts replies that are sent at once, and those that are erased with their author', async () => {
    const [anna, ben, carl] = await world.users(3);
    const id = await world.group(anna, [ben, carl]);
    const root = await send(anna, id);
    await Promise.all(Array.from({ length: 24 }, (_, i) => reply(i % 3 ? ben : carl, id, root)));
    expect(await message(anna, root.id)).toMatchObject({ reply_count: 24 });
    const log = await world.database.query<{ seq: string }>(
      'select seq from events where stream_id = $1 order by seq',
      [id],
    );
    expect(log.map(({ seq }) => Number(seq))).toEqual(log.map((_, i) => i + 1));
    await world.get(MessageErasure).eraseAll(ben.userId);
    expect(await message(anna, root.id)).toMatchObject({ reply_count: 8, reply_user_ids: [carl.userId] });
  });

  it('rejects a mention of all in a reply that is only in the thread', async () => {
    const [anna] = await world.users(1);
    const id = await world.group(anna);
    const root = await send(anna, id);
    const { body } = await anna.call('POST', `/conversations/${id}/messages`, {
      content: 'Hi',
      reply_to_id: root.id,
      show_in_conversation: false,
      mentions: { all: true },
    });
    expect(body.error).toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it('is not changed by replies to messages of other conversations', async () => {
    const [anna] = await world.users(1);
    const [one, two] = [await world.group(anna), await world.group(anna)];
    const root = await send(anna, one);
    const { status } = await anna.call('POST', `/conversations/${two}/messages`, {
      content: 'Hi',
      reply_to_id: root.id,
    });
    expect(status).toBe(404);
    expect(await message(anna, root.id)).not.toHaveProperty('reply_count');
  });
});
