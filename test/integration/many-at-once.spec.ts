import { TypingService } from '../../src/modules/presence/typing.service.js';
import { USER_CREATED, USER_UPDATED } from '../../src/modules/users/users.events.js';
import type { OutboxEvent } from '../../src/platform/event-log/outbox.repository.js';
import { WebhookPayloads } from '../../src/modules/webhooks/webhook-payloads.js';
import { Sql } from '../../src/platform/database/sql.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('data of many users', () => {
  let world: World;
  let users: User[];

  beforeAll(async () => {
    world = await World.start();
    users = await world.users(5);
    await users[0]!.webSocket();
    await users[0]!.call('PUT', '/presence', { status: 'busy' });
  });
  afterAll(() => world?.stop());
  afterEach(() => jest.restoreAllMocks());

  const get = <T>(type: abstract new (...parameters: never[]) => T): T =>
    world.app.get<T>(type as never, { strict: false });

  /** The statements about users that run during `work`. */
  async function statementsOf<T>(work: () => Promise<T>): Promise<{ names: string[]; answer: T }> {
    const many = jest.spyOn(get(Sql), 'many');
    const one = jest.spyOn(get(Sql), 'one');
    const answer = await work();
    const names = [...many.mock.calls, ...one.mock.calls].map(([{ name }]) => name);
    return { names: names.filter((name) => /^(users|presence|participants)\./.test(name)), answer };
  }

  const eventOf = (type: string, { userId }: User): OutboxEvent => ({
    ...{ streamId: userId, seq: 1, type, actorId: userId, subjectId: userId },
    ...{ payload: null, snapshot: null, at: new Date() },
  });

  it('is read for events of users with one statement each for them and their presence', async () => {
    const events = users.map((user) => eventOf(USER_UPDATED, user));
    const { names, answer } = await statementsOf(() => get(EventCatalogue).render(events as never));
    expect(names).toEqual(['users.find', 'presence.own']);
    expect(answer.map((shown) => (shown!.data as { user: { id: string; status: string } }).user)).toEqual(
      users.map(({ userId }, index) =>
        expect.objectContaining({ id: userId, status: index === 0 ? 'busy' : 'offline' }),
      ),
    );
  });

  it('is read for webhooks with one statement each for users and their presence', async () => {
    const events = users.map((user) => ({ ...eventOf(USER_CREATED, user), seq: null }));
    const { names, answer } = await statementsOf(() => get(WebhookPayloads).present(events));
    expect(names).toEqual(['users.find', 'presence.own']);
    expect(answer).toMatchObject(
      users.map(({ userId, username }, index) => ({
        user: { id: userId, username, status: index === 0 ? 'busy' : 'offline' },
      })),
    );
  });

  it('is read for users who type in many conversations with one statement for all of them', async () => {
    const [reader, ...others] = users as [User, ...User[]];
    const [stranger, ...friends] = others as [User, ...User[]];
    const typing = get(TypingService);
    const conversations = new Map<string, string>();
    for (const friend of friends) conversations.set(friend.userId, await world.group(friend, [reader]));
    for (const friend of friends) await typing.start(friend, conversations.get(friend.userId)!);
    await typing.start(stranger, await world.group(stranger));
    const asked = others.map(({ userId }) => userId);
    const { names, answer } = await statementsOf(() => typing.findTyping(reader, asked));
    expect(names).toEqual(['participants.memberships_among']);
    expect(answer).toEqual(conversations);
  });
});
