import { MessageFeed } from '../../src/modules/messages/message-feed.js';
import { MessageQueriesService } from '../../src/modules/messages/message-queries.service.js';
import type { MessageDto } from '../../src/modules/messages/messages.dto.js';
import { offsetRangeOfPage } from '../../src/platform/pagination/page.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('an offset page of messages', () => {
  let world: World;
  let feed: MessageFeed;
  let queries: MessageQueriesService;

  beforeAll(async () => {
    world = await World.start();
    feed = world.get(MessageFeed);
    queries = world.get(MessageQueriesService);
  });
  afterAll(() => world.stop());

  const send = async (actor: User, id: string, content: string): Promise<string> =>
    (await actor.call('POST', `/conversations/${id}/messages`, { content })).body.id as string;
  const contents = (messages: MessageDto[]): string[] => messages.map(({ content }) => content);

  it('contains every message once, including tombstones, for every page size', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const ids: string[] = [];
    for (let number = 1; number <= 11; number++) ids.unshift(await send(anna, id, `message ${number}`));
    await anna.call('DELETE', `/messages/${ids[4]}`);
    for (const limit of [1, 3, 4, 11, 50]) {
      const seen: string[] = [];
      for (let page = 1; seen.length < 11; page++) {
        const slice = await queries.pageByOffset(ben, id, offsetRangeOfPage(page, limit));
        expect(slice.total).toBe(11);
        expect(slice.data.length).toBeLessThanOrEqual(limit);
        seen.push(...slice.data.map((message) => message.id));
      }
      expect(seen).toEqual(ids);
    }
    expect(await queries.pageByOffset(ben, id, offsetRangeOfPage(3, 50))).toEqual({ data: [], total: 11 });
    expect(() => offsetRangeOfPage(102, 100)).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR' }));
  });

  it('is refused to users who are not participants, or not any more', async () => {
    const [anna, ben, carl] = await world.users(3);
    const id = await world.group(anna, [ben]);
    const message = await send(anna, id, 'among us');
    await expect(queries.pageByOffset(carl, id, { offset: 0, limit: 5 })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(feed.page(carl, { conversationId: id })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(feed.page(carl, { before: message })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await feed.page(carl, {})).data).toEqual([]);
    expect(contents((await feed.page(ben, {})).data)).toEqual(['among us']);
    await anna.call('DELETE', `/conversations/${id}/participants/${ben.userId}`);
    expect(await feed.page(ben, {})).toMatchObject({ data: [], total: 0 });
    await anna.call('DELETE', `/conversations/${id}`);
    expect(await feed.page(anna, {})).toMatchObject({ data: [], total: 0 });
  });

  it('continues in both directions over several conversations without loss or repetition', async () => {
    const [anna, ben] = await world.users(2);
    const conversations = await Promise.all([1, 2, 3].map(() => world.group(anna, [ben])));
    // Sent together, so that many have the same time.
    await Promise.all(
      conversations.flatMap((id) => Array.from({ length: 12 }, (_, number) => send(anna, id, `${id} ${number}`))),
    );
    const walk = async (side: 'before' | 'after', from?: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let cursor = from, more = true; more;) {
        const page = await feed.page(ben, { limit: 5, ...(cursor !== undefined && { [side]: cursor }) });
        const ids = page.data.map(({ id }) => id);
        seen.push(...(side === 'after' ? ids.toReversed() : ids));
        expect([page.total, page.limit]).toEqual([36, 5]);
        more = page.hasMore;
        cursor = seen.at(-1);
      }
      return seen;
    };
    const down = await walk('before');
    expect(new Set(down).size).toBe(36);
    const up = await walk('after', down.at(-1));
    expect(up).toEqual(down.slice(0, -1).toReversed());
  });

  it('has a page number', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    const ids: string[] = [];
    for (let number = 1; number <= 7; number++) ids.unshift(await send(anna, id, `message ${number}`));
    const pageOf = async (query: object) => (await feed.page(ben, { conversationId: id, limit: 2, ...query })).page;
    expect(await pageOf({})).toBe(1);
    expect(await pageOf({ before: ids[1] })).toBe(2);
    expect(await pageOf({ before: ids[5] })).toBe(4);
    expect(await pageOf({ after: ids[6] })).toBe(3);
    expect(await pageOf({ after: ids[2] })).toBe(1);
  });
});
