import type { Frame } from '../support/client/inbox.js';
import type { User } from '../support/users.js';
import { FileWorld } from '../support/file-world.js';

interface Message {
  readonly id: string;
  readonly sequence_number: number;
  readonly seq: number;
  readonly content: string;
  readonly created_at: string;
}

const SINCE_JOIN = { settings: { history_visibility: 'since_join' } } as const;

describe('the visible history of a conversation', () => {
  let world: FileWorld;

  beforeAll(async () => {
    world = await FileWorld.start();
  });
  afterAll(() => world.stop());

  const send = async (actor: User, id: string, content: string, body: object = {}): Promise<Message> => {
    const sent = await actor.call('POST', `/conversations/${id}/messages`, { content, ...body });
    expect([sent.status, sent.body.error]).toEqual([201, undefined]);
    return sent.body as Message;
  };
  const add = async (owner: User, id: string, newcomer: User) => {
    expect(
      (await owner.call('POST', `/conversations/${id}/participants`, { user_ids: [newcomer.userId] })).status,
    ).toBe(201);
  };
  const texts = async (actor: User, path: string): Promise<string[]> => {
    const { status, body } = await actor.call('GET', path);
    expect([path, status, body.error]).toEqual([path, 200, undefined]);
    return body.data.map(({ content }: Message) => content);
  };
  const code = async (actor: User, method: string, path: string, body?: object) =>
    (await actor.call(method as 'GET', path, body)).body.error?.code;

  it('begins with the messages after joining, in every read, for a participant who joins with since_join', async () => {
    const [anna, ben, newcomer] = await world.users(3);
    const id = await world.group(anna, [ben], SINCE_JOIN);
    const old = await send(anna, id, 'old marker', { mentions: { users: [newcomer.userId], all: true } });
    const hiddenReply = await send(ben, id, 'old reply', { reply_to_id: old.id, show_in_conversation: false });
    await anna.call('PUT', `/messages/${old.id}/pin`);
    await add(anna, id, newcomer);
    const path = `/conversations/${id}`;
    expect((await newcomer.call('GET', path)).body).toMatchObject({ last_message: null, unread_count: 0 });
    const quoting = await send(ben, id, 'new marker', { reply_to_id: old.id, mentions: [newcomer.userId] });
    await send(ben, id, 'thread reply', { reply_to_id: old.id, show_in_conversation: false });

    expect(await texts(newcomer, `${path}/messages`)).toEqual(['new marker']);
    expect(await texts(newcomer, `${path}/messages?before_number=3`)).toEqual([]);
    expect(await texts(newcomer, `${path}/messages?after_number=0`)).toEqual(['new marker']);
    const page = await newcomer.call('GET', `${path}/messages?around=${quoting.id}`);
    expect(page.body).toMatchObject({ has_older: false, has_newer: false, data: [{ content: 'new marker' }] });
    for (const start of ['around', 'before', 'after'])
      expect(await code(newcomer, 'GET', `${path}/messages?${start}=${old.id}`)).toBe('MESSAGE_NOT_FOUND');
    expect(await texts(newcomer, `${path}/pins`)).toEqual([]);
    expect(await texts(newcomer, '/search/messages?q=marker')).toEqual(['new marker']);
    expect(await texts(newcomer, `/search/messages?q=marker&conversation_id=${id}`)).toEqual(['new marker']);
    expect(await texts(newcomer, '/users/me/mentions')).toEqual(['new marker']);
    expect(await texts(newcomer, `/messages/${old.id}/replies`)).toEqual(['new marker', 'thread reply']);
    expect((await newcomer.call('GET', path)).body).toMatchObject({
      unread_count: 1,
      mention_count: 1,
      last_message: { content: 'new marker' },
    });
    for (const message of [old, hiddenReply]) {
      const at = `/messages/${message.id}`;
      expect(await code(newcomer, 'GET', at)).toBe('MESSAGE_NOT_FOUND');
      expect(await code(newcomer, 'GET', `${at}/history`)).toBe('MESSAGE_NOT_FOUND');
      expect(await code(newcomer, 'GET', `${at}/receipts`)).toBe('MESSAGE_NOT_FOUND');
      expect(await code(newcomer, 'PUT', `${at}/reactions/%F0%9F%91%8D`)).toBe('MESSAGE_NOT_FOUND');
      expect(await code(newcomer, 'POST', `${path}/messages`, { content: 'x', reply_to_id: message.id })).toBe(
        'MESSAGE_NOT_FOUND',
      );
    }
    expect(await code(newcomer, 'POST', `${path}/unread`, { sequence_number: 2 })).toBe('VALIDATION_ERROR');
    const hidden = { reply_to_id: old.id, reply_to: null, reply_to_content: null };
    expect((await newcomer.call('GET', `/messages/${quoting.id}`)).body).toMatchObject(hidden);
    expect((await newcomer.call('GET', `${path}/messages`)).body.data[0]).toMatchObject(hidden);
    expect((await newcomer.call('GET', '/search/messages?q=marker')).body.data[0]).toMatchObject(hidden);
    expect((await newcomer.call('GET', '/users/me/mentions')).body.data[0]).toMatchObject(hidden);
    // Those who took part before see all of it.
    expect(await texts(ben, `${path}/messages`)).toEqual(['new marker', 'old marker']);
    expect((await ben.call('GET', `/messages/${quoting.id}`)).body).toMatchObject({ reply_to_content: 'old marker' });
    expect(await texts(ben, `${path}/pins`)).toEqual(['old marker']);
  });

  it('is that of the stricter membership after leaving and joining again, and begins at a date with since_date', async () => {
    const [anna, ben, carl] = await world.users(3);
    const id = await world.group(anna, [ben], SINCE_JOIN);
    const path = `/conversations/${id}/messages`;
    await send(anna, id, 'one');
    await ben.call('POST', `/conversations/${id}/leave`);
    const second = await send(anna, id, 'two');
    await add(anna, id, ben);
    expect(await texts(ben, path)).toEqual([]);
    const settings = { history_visibility: 'since_date', history_since: second.created_at };
    expect((await anna.call('PATCH', `/conversations/${id}`, { settings })).body.settings).toMatchObject(settings);
    await add(anna, id, carl);
    await ben.call('POST', `/conversations/${id}/leave`);
    await anna.call('PATCH', `/conversations/${id}`, { settings: { history_visibility: 'all' } });
    await add(anna, id, ben);
    await send(anna, id, 'three');
    expect(await texts(carl, path)).toEqual(['three', 'two']);
    expect(await texts(ben, path)).toEqual(['three']);
    const wrong = { settings: { history_visibility: 'since_date', history_since: null } };
    expect(await code(anna, 'PATCH', `/conversations/${id}`, wrong)).toBe('VALIDATION_ERROR');
    expect(await code(anna, 'POST', '/conversations', { type: 'group', ...wrong })).toBe('VALIDATION_ERROR');
  });

  it('hides files of older messages and threads that have only older replies', async () => {
    const [anna, newcomer] = await world.users(2);
    const id = await world.group(anna, [], SINCE_JOIN);
    const { body: file } = await world.upload(anna, { name: 'a.txt', bytes: Buffer.from('some text') });
    await send(anna, id, 'with a file', { attachment_ids: [file.id as string] });
    const root = await send(anna, id, 'root');
    await send(anna, id, 'reply', { reply_to_id: root.id, show_in_conversation: false });
    await add(anna, id, newcomer);
    expect(await code(newcomer, 'GET', `/files/${file.id}`)).toBe('FILE_NOT_FOUND');
    const inbox = async () => (await newcomer.call('GET', '/threads')).body.data;
    await newcomer.call('PUT', `/messages/${root.id}/thread/follow`);
    expect(await inbox()).toEqual([]);
    await send(anna, id, 'reply', { reply_to_id: root.id, show_in_conversation: false, mentions: [newcomer.userId] });
    expect(await inbox()).toMatchObject([{ root_id: root.id, root: null, unread_count: 1 }]);
    expect((await newcomer.call('GET', '/users/me/unread')).body).toMatchObject({ threads: 1, mentions: 1, total: 0 });
  });

  it('hides what events show of older messages, live, in a resume and in the event feed', async () => {
    const [anna, newcomer] = await world.users(2);
    const id = await world.group(anna, [], SINCE_JOIN);
    const old = await send(anna, id, 'secret');
    const poll = (
      await anna.call('POST', `/conversations/${id}/messages`, { poll: { question: 'secret?', options: ['a', 'b'] } })
    ).body as Message;
    const device = await newcomer.webSocket();
    const live = await device.first('live');
    await add(anna, id, newcomer);
    await device.next('participant.joined');
    await anna.call('PATCH', `/messages/${old.id}`, { content: 'secret, edited' });
    await anna.call('PUT', `/messages/${old.id}/reactions/%F0%9F%91%8D`);
    await anna.call('PUT', `/messages/${old.id}/pin`);
    await anna.call('PUT', `/messages/${poll.id}/poll/votes`, { option_ids: ['1'] });
    await send(anna, id, 'answer', { reply_to_id: old.id });
    const last = await send(anna, id, 'last');
    const own = await send(anna, id, 'quotes the last', { reply_to_id: last.id });
    const reached = ({ seq, conversation_id }: { seq?: number; conversation_id?: string }) =>
      conversation_id === id && seq === own.seq + 1;
    await device.first(reached);
    const again = await newcomer.webSocket(live.data!.cursor as string);
    await again.first('live');
    const feed = (await newcomer.call('GET', `/conversations/${id}/events?after_seq=0`)).body.data;
    for (const events of [device.frames, again.frames, feed] as Frame[][]) {
      const ofConversation = events.filter((event) => event.conversation_id === id && event.seq !== undefined);
      expect(JSON.stringify(ofConversation)).not.toContain('secret');
      expect(JSON.stringify(ofConversation)).toContain('quotes the last');
      const created = ofConversation.filter(({ type }) => type === 'message.created');
      expect(created.map(({ data }) => (data!.message as Message).content)).toEqual([
        'answer',
        'last',
        'quotes the last',
      ]);
      expect(created[0]!.data!.message).toMatchObject({ reply_to_id: old.id, reply_to: null });
      expect(created[2]!.data!.message).toMatchObject({ reply_to_content: 'last' });
      // Every position arrives, so that no client believes to have missed one.
      const seqs = ofConversation.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => seqs[0]! + index));
      const hiddenEvents = ofConversation.filter(({ type }) => type === 'event.hidden');
      expect(hiddenEvents.length).toBeGreaterThanOrEqual(5);
      for (const { data, actor_id } of hiddenEvents) expect([data, actor_id]).toEqual([{ is_hidden: true }, null]);
    }
  });

  describe('of one user', () => {
    const unread = async (actor: User, id: string) => {
      const { unread_count, mention_count } = (await actor.call('GET', `/conversations/${id}`)).body;
      return [unread_count, mention_count];
    };

    it('leaves out a message that they have deleted for themselves, and no other user notices', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(anna, [ben]);
      const path = `/conversations/${id}/messages`;
      const first = await send(anna, id, 'marker first', { mentions: [ben.userId] });
      const root = await send(anna, id, 'marker root');
      const reply = await send(anna, id, 'reply', {
        reply_to_id: root.id,
        show_in_conversation: false,
        mentions: [ben.userId],
      });
      await anna.call('PUT', `/messages/${first.id}/pin`);
      const [device, other] = [await ben.webSocket(), await anna.webSocket()];
      const cursor = (await device.first('live')).data!.cursor as string;
      await other.first('live');
      expect(await unread(ben, id)).toEqual([2, 1]);
      const deleted = await ben.call('DELETE', `/messages/${first.id}?for=me`);
      expect([deleted.status, deleted.body]).toMatchObject([200, { id: first.id, is_deleted: false }]);
      const hidden = { message_id: first.id, conversation_id: id, sequence_number: 1 };
      expect((await device.next('message.hidden')).data).toEqual(hidden);
      expect(await device.next('unread.changed')).toMatchObject({ data: { unread_count: 1, mention_count: 0 } });
      expect((await device.request('message.delete', { message_id: reply.id, for: 'me' })).data).toMatchObject({
        message: { id: reply.id },
      });
      expect(await code(ben, 'DELETE', `/messages/${first.id}?for=me`)).toBe('MESSAGE_NOT_FOUND');

      expect(await unread(ben, id)).toEqual([1, 0]);
      expect((await ben.call('GET', '/users/me/unread')).body).toMatchObject({ total: 1, mentions: 0, threads: 0 });
      expect(await texts(ben, path)).toEqual(['marker root']);
      expect(await texts(ben, `/conversations/${id}/pins`)).toEqual([]);
      expect(await texts(ben, `/messages/${root.id}/replies`)).toEqual([]);
      expect(await texts(ben, '/search/messages?q=marker')).toEqual(['marker root']);
      expect(await texts(ben, '/users/me/mentions')).toEqual([]);
      expect(await code(ben, 'GET', `/messages/${first.id}`)).toBe('MESSAGE_NOT_FOUND');
      expect(await code(ben, 'PUT', `/messages/${first.id}/reactions/%F0%9F%91%8D`)).toBe('MESSAGE_NOT_FOUND');
      await ben.call('DELETE', `/messages/${root.id}?for=me`);
      expect((await ben.call('GET', `/conversations/${id}`)).body).toMatchObject({
        last_message: null,
        unread_count: 0,
      });
      expect(await texts(anna, path)).toEqual(['marker root', 'marker first']);
      expect(other.frames.map(({ type }) => type)).not.toContain('message.hidden');
      const again = await ben.webSocket(cursor);
      await again.first('live');
      expect(again.frames.filter(({ type }) => type === 'message.hidden').map(({ data }) => data)).toEqual([
        hidden,
        { message_id: reply.id, conversation_id: id, sequence_number: 3 },
        { message_id: root.id, conversation_id: id, sequence_number: 2 },
      ]);
    });

    it('is empty after it was cleared, for them alone, and begins again with the next message', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(anna, [ben]);
      const path = `/conversations/${id}`;
      for (const content of ['one', 'two', 'three']) await send(anna, id, content, { mentions: [ben.userId] });
      const device = await ben.webSocket();
      await device.first('live');
      const cleared = await ben.call('POST', `${path}/clear`, { up_to_number: 2 });
      expect(cleared.body).toEqual({ conversation_id: id, up_to_number: 2 });
      expect((await device.next('conversation.cleared')).data).toEqual(cleared.body);
      expect(await unread(ben, id)).toEqual([1, 1]);
      expect((await ben.call('POST', `${path}/clear`, { up_to_number: 1 })).body).toEqual(cleared.body);
      expect(await texts(ben, `${path}/messages`)).toEqual(['three']);
      expect((await ben.call('POST', `${path}/clear`)).body).toMatchObject({ up_to_number: 3 });
      expect(await unread(ben, id)).toEqual([0, 0]);
      const { body: list } = await anna.call('GET', `${path}/messages`);
      await anna.call('PATCH', `/messages/${list.data[0].id}`, { content: 'three, edited' });
      expect(await device.next('event.hidden')).toMatchObject({ conversation_id: id });
      await send(anna, id, 'four', { reply_to_id: list.data[0].id });
      expect((await device.next('message.created')).data).toMatchObject({
        message: { content: 'four', reply_to: null },
      });
      expect(await texts(ben, `${path}/messages`)).toEqual(['four']);
      expect(await texts(anna, `${path}/messages`)).toEqual(['four', 'three, edited', 'two', 'one']);
      expect(await code(ben, 'POST', `${path}/clear`, { up_to_number: 9 })).toBe('VALIDATION_ERROR');
    });

    it('is not listed while it is hidden, until the next message', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(anna, [ben]);
      const ids = async (query = '') =>
        (await ben.call('GET', `/conversations${query}`)).body.data.map((listed: { id: string }) => listed.id);
      const device = await ben.webSocket();
      await device.first('live');
      expect((await ben.call('POST', `/conversations/${id}/hide`)).body).toMatchObject({ is_hidden: true });
      expect((await device.next('conversation.updated')).data).toMatchObject({ me: { is_hidden: true } });
      expect([await ids(), await ids('?is_hidden=true')]).toEqual([[], [id]]);
      expect((await ben.call('GET', `/conversations/${id}`)).body).toMatchObject({ is_hidden: true });
      await ben.call('PATCH', `/conversations/${id}/me`, { is_pinned: true });
      expect((await anna.call('GET', '/conversations')).body.data).toHaveLength(1);
      await send(anna, id, 'Hello');
      expect([await ids(), await ids('?is_hidden=true')]).toEqual([[id], []]);
      await ben.call('POST', `/conversations/${id}/hide`);
      expect((await ben.call('DELETE', `/conversations/${id}/hide`)).body).toMatchObject({ is_hidden: false });
      expect(await ids()).toEqual([id]);
    });
  });
});
