import { MessagesService } from '../../src/modules/messages/messages.service.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

let world: World;

beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

/** A client that lost the response repeats the request: on a train, every third change. */
describe('a repeated change of a message', () => {
  let owner: User;
  let member: User;
  let id: string;
  let messageId: string;

  beforeAll(async () => {
    [owner, member] = await world.users(2);
    id = await world.group(owner, [member]);
  });
  beforeEach(async () => {
    const sent = await member.call('POST', `/conversations/${id}/messages`, {
      content: 'hi',
      metadata: { a: 1 },
    });
    messageId = sent.body.id;
  });

  const edit = (body: object) => member.call('PATCH', `/messages/${messageId}`, body);
  const remove = (actor: User) => actor.call('DELETE', `/messages/${messageId}`);
  const eventsOf = async (type: string): Promise<number> =>
    (await world.database.query('select from events where subject_id = $1 and type = $2', [messageId, type])).length;
  const versions = async (): Promise<string[]> =>
    (await member.call('GET', `/messages/${messageId}/history`)).body.data.map(
      ({ content }: { content: string }) => content,
    );

  it('is one edit: one version, one event', async () => {
    const first = await edit({ content: 'ho', mentions: [owner.userId], metadata: { a: 2, b: 3 } });
    const second = await edit({ content: 'ho', mentions: [owner.userId], metadata: { b: 3, a: 2 } });
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(await versions()).toEqual(['hi']);
    expect(await eventsOf('message.updated')).toBe(1);
  });

  it('is another edit if anything differs', async () => {
    for (const body of [
      { content: 'ho' },
      { content: 'ho', metadata: { a: 2 } },
      { content: 'ho', mentions: [owner.userId] },
      { content: 'ho', mentions: [] },
      { content: 'hi' },
    ]) {
      expect((await edit(body)).status).toBe(200);
    }
    expect(await eventsOf('message.updated')).toBe(5);
    expect(await versions()).toHaveLength(5);
  });

  it('leaves at most a hundred versions, the first and the latest, in pages', async () => {
    const changes = world.get(MessagesService);
    for (let version = 1; version <= 120; version++)
      await changes.edit(member, messageId, { content: `text ${version}` });
    const page = async (query: string) =>
      (await member.call('GET', `/messages/${messageId}/history?${query}`)).body as {
        data: { version: number; content: string }[];
        next_cursor: string | null;
        has_more: boolean;
      };
    const first = await page('limit=60');
    expect([first.data.length, first.has_more]).toEqual([60, true]);
    const last = await page(`limit=60&cursor=${encodeURIComponent(first.next_cursor!)}`);
    expect([last.data.length, last.has_more, last.next_cursor]).toEqual([40, false, null]);
    const kept = [...first.data, ...last.data].map(({ version }) => version);
    expect(kept).toEqual([1, ...Array.from({ length: 99 }, (_, index) => index + 22)]);
    expect([first.data[0]!.content, last.data.at(-1)!.content]).toEqual(['hi', 'text 119']);
    expect((await page('')).data).toHaveLength(50);
    expect((await member.call('GET', `/messages/${messageId}/history?limit=101`)).status).toBe(400);
  });

  it('is one reaction, with and without a variation selector, and another in another skin tone', async () => {
    const react = (emoji: string, method = 'PUT') =>
      member.call(method, `/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`);
    for (const emoji of ['❤', '❤\uFE0F', '❤\uFE0E', '👍', '👍🏽', ':party_parrot:'])
      expect((await react(emoji)).status).toBe(200);
    const { body } = await member.call('GET', `/messages/${messageId}`);
    expect(body.reactions.map(({ emoji }: { emoji: string }) => emoji)).toEqual([
      '❤\uFE0F',
      '👍',
      '👍🏽',
      ':party_parrot:',
    ]);
    expect(await eventsOf('reaction.added')).toBe(4);
    for (const emoji of ['abc def', '<b>', '👍👍', ':No:', '1']) {
      expect(await react(emoji)).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_ERROR' } } });
    }
    expect((await react('❤', 'DELETE')).body.reactions).toHaveLength(3);
  });

  it('removes reactions that were stored in forms no longer accepted', async () => {
    for (const emoji of ['❤', 'old words']) {
      await world.database.query('insert into reactions (message_id, emoji, user_id) values ($1, $2, $3)', [
        messageId,
        emoji,
        member.userId,
      ]);
    }
    const react = (emoji: string, method: string) =>
      member.call(method, `/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`);
    expect((await react('❤\uFE0F', 'PUT')).body.reactions).toHaveLength(2);
    expect((await react('❤\uFE0F', 'DELETE')).body.reactions).toMatchObject([{ emoji: 'old words' }]);
    expect((await react('old words', 'DELETE')).body.reactions).toEqual([]);
  });

  it('is one deletion, which returns the tombstone', async () => {
    const first = await remove(member);
    const second = await remove(member);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(second.body).toMatchObject({ id: messageId, content: '', is_deleted: true });
    expect(await eventsOf('message.deleted')).toBe(1);
  });

  it('is audited once if a moderator does it', async () => {
    await remove(owner);
    expect((await remove(owner)).status).toBe(200);
    const acts = await world.database.query(
      `select from audit_log where action = 'message.delete' and target_id = $1`,
      [messageId],
    );
    expect(acts).toHaveLength(1);
  });

  it('does not restore a deleted message', async () => {
    await remove(member);
    expect(await edit({ content: 'again' })).toMatchObject({
      status: 409,
      body: { error: { code: 'MESSAGE_NOT_EDITABLE' } },
    });
    const stranger = await world.user({ role: 'user' });
    expect((await stranger.call('DELETE', `/messages/${messageId}`)).status).toBe(403);
  });
});

describe('a reaction', () => {
  let [owner, ana, bo]: User[] = [];
  let id: string;
  let messageId: string;

  beforeAll(async () => {
    [owner, ana, bo] = await world.users(3);
    id = await world.group(owner!, [ana!, bo!]);
  });
  beforeEach(async () => {
    messageId = (await owner!.call('POST', `/conversations/${id}/messages`, { content: 'hi' })).body.id;
  });

  const react = (user: User, emoji: string) =>
    user.call('PUT', `/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`);
  const list = (query = '', user = owner!) => user.call('GET', `/messages/${messageId}/reactions${query}`);
  const set = (settings: object) => owner!.call('PATCH', `/conversations/${id}`, { settings });

  it('is listed with the user who reacted, the earliest first, in pages and for one emoji', async () => {
    await react(ana!, '👍');
    await react(bo!, '❤️');
    await react(bo!, '👍');
    const of = (user: User, emoji: string) => ({ emoji, user_id: user.userId, display_name: user.displayName });
    const { body: page } = await list('?limit=2');
    expect([page.data, page.has_more]).toMatchObject([[of(ana!, '👍'), of(bo!, '❤️')], true]);
    expect((await list(`?limit=2&cursor=${page.next_cursor}`)).body.data).toMatchObject([of(bo!, '👍')]);
    expect((await list(`?emoji=${encodeURIComponent('❤')}`)).body.data).toMatchObject([of(bo!, '❤️')]);
    expect((await list('', await world.user())).status).toBe(403);
  });

  it('is an emoji only where the settings say so', async () => {
    expect((await react(ana!, ':party:')).status).toBe(200);
    await set({ custom_reactions: false });
    expect((await react(bo!, ':party:')).body.error.code).toBe('FEATURE_DISABLED');
    expect((await react(bo!, '👍')).status).toBe(200);
    await set({ custom_reactions: true });
  });

  it('replaces the earlier one of its user where a user has one', async () => {
    await react(bo!, '👍');
    await set({ multiple_reactions: false });
    const device = await owner!.webSocket();
    await react(ana!, '👍');
    const { body } = await react(ana!, '❤️');
    expect(body.reactions).toEqual([
      { emoji: '👍', count: 1, user_ids: [bo!.userId] },
      { emoji: '❤️', count: 1, user_ids: [ana!.userId] },
    ]);
    expect((await react(ana!, '❤️')).body.reactions).toEqual(body.reactions);
    await device.first(({ type, data }) => type === 'reaction.added' && data.emoji === '❤️');
    const events = device.frames.filter(({ type }) => type.startsWith('reaction.'));
    expect(events.map(({ type, data }) => [type, data.emoji])).toEqual([
      ['reaction.added', '👍'],
      ['reaction.removed', '👍'],
      ['reaction.added', '❤️'],
    ]);
    await set({ multiple_reactions: true });
    await react(ana!, '👍');
    expect((await list()).body.data).toHaveLength(3);
  });
});

describe('a message without a notification', () => {
  it('says so to clients and webhooks, and counts as unread like any other', async () => {
    const [ana, bo] = await world.users(2);
    const id = await world.group(ana, [bo]);
    const device = await bo.webSocket();
    const send = async (body: object) => (await ana.call('POST', `/conversations/${id}/messages`, body)).body;
    const flags = ({ silent, skip_push }: { silent?: true; skip_push?: true }) => [silent, skip_push];
    expect(flags(await send({ content: 'at night', silent: true }))).toEqual([true, true]);
    expect(flags(await send({ content: 'no push', skip_push: true }))).toEqual([undefined, true]);
    expect(flags(await send({ content: 'as usual', silent: false }))).toEqual([undefined, undefined]);
    const { data } = await device.first(({ data }) => data?.message?.content === 'as usual');
    expect(flags(data.message)).toEqual([undefined, undefined]);
    const received = device.frames
      .filter(({ type }) => type === 'message.created')
      .map((frame) => flags(frame.data.message));
    const { body: page } = await bo.call('GET', `/conversations/${id}/messages`);
    const expected = [
      [true, true],
      [undefined, true],
      [undefined, undefined],
    ];
    expect([received, page.data.map(flags).reverse()]).toEqual([expected, expected]);
    expect((await bo.call('GET', '/users/me/unread')).body.total).toBe(3);
  });
});
