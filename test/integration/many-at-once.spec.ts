import { TypingService } from '../../src/modules/presence/typing.service.js';
import { USER_CREATED, USER_UPDATED } from '../../src/modules/users/users.events.js';
import { WebhookPayloads, type OutboxEventRow } from '../../src/modules/webhooks/webhook-payloads.js';
import { Sql } from '../../src/platform/database/sql.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { People } from '../support/people.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('data of many users', () => {
  let server: TestApp;
  let people: People;
  let users: Actor[];

  beforeAll(async () => {
    server = await startTestApp();
    people = new People(server);
    users = await people.many(5);
    await people.connect(users[0]!);
    await people.call(users[0]!, 'PUT', '/presence', { status: 'busy' });
  });
  afterAll(() => server?.close());
  afterEach(() => jest.restoreAllMocks());

  const get = <T>(type: abstract new (...parameters: never[]) => T): T =>
    server.app.get<T>(type as never, { strict: false });

  /** The statements about users that run during `work`. */
  async function statementsOf<T>(work: () => Promise<T>): Promise<{ names: string[]; answer: T }> {
    const many = jest.spyOn(get(Sql), 'many');
    const one = jest.spyOn(get(Sql), 'one');
    const answer = await work();
    const names = [...many.mock.calls, ...one.mock.calls].map(([{ name }]) => name);
    return { names: names.filter((name) => /^(users|presence|participants)\./.test(name)), answer };
  }

  const eventOf = (type: string, { userId }: Actor): OutboxEventRow => ({
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
    const [reader, ...others] = users as [Actor, ...Actor[]];
    const [stranger, ...friends] = others as [Actor, ...Actor[]];
    const typing = get(TypingService);
    const conversations = new Map<string, string>();
    for (const friend of friends)
      conversations.set(friend.userId, await people.group(friend, [[reader, 'participant']]));
    for (const friend of friends) await typing.start(friend, conversations.get(friend.userId)!);
    await typing.start(stranger, await people.group(stranger));
    const asked = others.map(({ userId }) => userId);
    const { names, answer } = await statementsOf(() => typing.findTyping(reader, asked));
    expect(names).toEqual(['participants.memberships_among']);
    expect(answer).toEqual(conversations);
  });
});
