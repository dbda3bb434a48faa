import type { Actor } from '../../src/platform/http/actor.js';
import { People } from '../support/people.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** Whoever lost the answer asks again: on a train that is every third change. */
describe('a change that was asked for twice', () => {
  let test: TestApp;
  let people: People;
  let owner: Actor;
  let member: Actor;
  let id: string;
  let messageId: string;

  beforeAll(async () => {
    test = await startTestApp();
    people = new People(test);
    [owner, member] = (await people.many(2)) as [Actor, Actor];
    id = await people.group(owner, [[member, 'participant']]);
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    const sent = await people.call(member, 'POST', `/conversations/${id}/messages`, {
      content: 'hi',
      metadata: { a: 1 },
    });
    messageId = sent.body.id;
  });

  const edit = (body: object) => people.call(member, 'PATCH', `/messages/${messageId}`, body);
  const remove = (actor: Actor) => people.call(actor, 'DELETE', `/messages/${messageId}`);
  const eventsOf = async (type: string): Promise<number> =>
    (await test.database.query('select from events where subject_id = $1 and type = $2', [messageId, type])).length;
  const versions = async (): Promise<string[]> =>
    (await people.call(member, 'GET', `/messages/${messageId}/history`)).body.data.map(
      ({ content }: { content: string }) => content,
    );

  it('is one edit: one version, one event', async () => {
    const first = await edit({ content: 'ho', mentions: [owner.userId], metadata: { a: 2, b: 3 } });
    const second = await edit({ content: 'ho', mentions: [owner.userId], metadata: { b: 3, a: 2 } });
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect(await versions()).toEqual(['hi']);
    expect(await eventsOf('message.updated')).toBe(1);
  });

  it('is an edit where anything is another', async () => {
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

  it('is one deletion, and its answer is the tombstone', async () => {
    const first = await remove(member);
    const second = await remove(member);
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(second.body).toMatchObject({ id: messageId, content: '', is_deleted: true });
    expect(await eventsOf('message.deleted')).toBe(1);
  });

  it('is written down once where a moderator did it', async () => {
    await remove(owner);
    expect((await remove(owner)).status).toBe(200);
    const acts = await test.database.query(`select from audit_log where action = 'message.delete' and target_id = $1`, [
      messageId,
    ]);
    expect(acts).toHaveLength(1);
  });

  it('does not bring back what was deleted', async () => {
    await remove(member);
    expect(await edit({ content: 'again' })).toMatchObject({
      status: 409,
      body: { error: { code: 'MESSAGE_NOT_EDITABLE' } },
    });
    const stranger = await people.one('user');
    expect((await people.call(stranger, 'DELETE', `/messages/${messageId}`)).status).toBe(403);
  });
});
