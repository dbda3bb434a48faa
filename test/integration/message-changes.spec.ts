import { MessagesService } from '../../src/modules/messages/messages.service.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** A client that lost the response repeats the request: on a train, every third change. */
describe('a repeated change of a message', () => {
  let world: World;
  let owner: User;
  let member: User;
  let id: string;
  let messageId: string;

  beforeAll(async () => {
    world = await World.start();
    [owner, member] = await world.users(2);
    id = await world.group(owner, [member]);
  });
  afterAll(() => world.stop());
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
