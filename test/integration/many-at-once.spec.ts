import { TypingService } from '../../src/modules/presence/typing.service.js';
import { USER_CREATED, USER_UPDATED } from '../../src/modules/users/users.events.js';
import { WebhookPayloads, type OutboxEventRow } from '../../src/modules/webhooks/webhook-payloads.js';
import { Sql } from '../../src/platform/database/sql.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { People } from '../support/people.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

describe('what is said of many at once', () => {
  let server: TestApp;
  let people: People;
  let crowd: Actor[];

  beforeAll(async () => {
    server = await startTestApp();
    people = new People(server);
    crowd = await people.many(5);
    await people.connect(crowd[0]!);
    await people.call(crowd[0]!, 'PUT', '/presence', { status: 'busy' });
  });
  afterAll(() => server?.close());
  afterEach(() => jest.restoreAllMocks());

  const get = <T>(type: abstract new (...parameters: never[]) => T): T =>
    server.app.get<T>(type as never, { strict: false });

  /** The statements about people that are run while `work` is. */
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

  it('is read of users who are told of themselves with one statement each for them and their presence', async () => {
    const events = crowd.map((user) => eventOf(USER_UPDATED, user));
    const { names, answer } = await statementsOf(() => get(EventCatalogue).present(events as never));
    expect(names).toEqual(['users.find', 'presence.own']);
    expect(answer.map((shown) => (shown!.data as { user: { id: string; status: string } }).user)).toEqual(
      crowd.map(({ userId }, index) =>
        expect.objectContaining({ id: userId, status: index === 0 ? 'busy' : 'offline' }),
      ),
    );
  });

  it('is read of users whom outsiders are told of with one statement each for them and their presence', async () => {
    const events = crowd.map((user) => ({ ...eventOf(USER_CREATED, user), seq: null }));
    const { names, answer } = await statementsOf(() => get(WebhookPayloads).present(events));
    expect(names).toEqual(['users.find', 'presence.own']);
    expect(answer).toMatchObject(
      crowd.map(({ userId, username }, index) => ({
        user: { id: userId, username, status: index === 0 ? 'busy' : 'offline' },
      })),
    );
  });

  it('is read of those who type in many places with one statement for all places', async () => {
    const [reader, ...others] = crowd as [Actor, ...Actor[]];
    const [stranger, ...friends] = others as [Actor, ...Actor[]];
    const typing = get(TypingService);
    const places = new Map<string, string>();
    for (const friend of friends) places.set(friend.userId, await people.group(friend, [[reader, 'participant']]));
    for (const friend of friends) await typing.start(friend, places.get(friend.userId)!);
    await typing.start(stranger, await people.group(stranger));
    const asked = others.map(({ userId }) => userId);
    const { names, answer } = await statementsOf(() => typing.findTyping(reader, asked));
    expect(names).toEqual(['participants.memberships_among']);
    expect(answer).toEqual(places);
  });
});
