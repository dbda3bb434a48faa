import { randomBytes, randomUUID } from 'node:crypto';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** For both nodes. */
const JWT_SECRET = randomBytes(48).toString('base64');

describe('a content rule', () => {
  let world: World;
  let admin: User;
  let systemModerator: User;
  let owner: User;
  let member: User;
  let other: User;
  let id: string;

  beforeAll(async () => {
    world = await World.start({ JWT_SECRET });
    [admin, systemModerator] = [await world.user({ role: 'admin' }), await world.user({ role: 'moderator' })];
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    [owner, member, other] = await world.users(3);
    id = await world.group(owner, [member, other]);
  });

  let made: string[] = [];
  afterEach(async () => {
    for (const ruleId of made) await admin.call('DELETE', `/admin/content-rules/${ruleId}`);
    made = [];
  });

  const createGlobalRule = async (rule: object) => {
    const answer = await admin.call('POST', '/admin/content-rules', rule);
    if (answer.status === 201) made.push(answer.body.id as string);
    return answer;
  };
  const createRule = (rule: object, actor = owner) => actor.call('POST', `/conversations/${id}/content-rules`, rule);
  const send = (actor: User, content: string, more: object = {}) =>
    actor.call('POST', `/conversations/${id}/messages`, { content, ...more });
  const word = (pattern: string, action: string, more: object = {}) => ({ kind: 'word', pattern, action, ...more });
  const texts = async (actor: User): Promise<string[]> =>
    (await actor.call('GET', `/conversations/${id}/messages`)).body.data.map(
      ({ content }: { content: string }) => content,
    );

  it('masks words in every conversation, for all participants and in every copy', async () => {
    await createGlobalRule(word('darn', 'mask'));
    const device = await other.webSocket();
    const sent = await send(member, 'A DARN thing');
    expect(sent).toMatchObject({ status: 201, body: { content: 'A ••• thing' } });
    const heard = await device.first('message.created');
    expect(heard.data).toMatchObject({ message: { content: 'A ••• thing' } });
    const [row] = await world.database.query<{ kept: string }>(
      `select count(*) as kept from messages where content ilike '%darn%'`,
    );
    expect(row!.kept).toBe('0');
  });

  it('rejects with the public reason, over REST and sockets, in sends and edits', async () => {
    await createGlobalRule({ kind: 'link_deny', pattern: 'evil.example', action: 'reject', reason: 'No such links.' });
    const refusal = { code: 'CONTENT_REJECTED', message: 'No such links.', details: { reason: 'No such links.' } };
    expect(await send(member, 'see www.evil.example/x')).toMatchObject({ status: 422, body: { error: refusal } });
    const device = await member.webSocket();
    const reply = await device.request('message.send', { conversation_id: id, content: 'http://evil.example' });
    expect(reply).toMatchObject({ ok: false, error: refusal });
    const { body: message } = await send(member, 'see good.example');
    expect(await member.call('PATCH', `/messages/${message.id}`, { content: 'evil.example' })).toMatchObject({
      status: 422,
      body: { error: refusal },
    });
    expect(await texts(member)).toEqual(['see good.example']);
  });

  it('masks edits too, and rejects those for which a send would be held', async () => {
    await createRule(word('darn', 'mask'));
    await createRule(word('wait', 'hold'));
    const { body: message } = await send(member, 'fine');
    const edited = await member.call('PATCH', `/messages/${message.id}`, { content: 'darn it' });
    expect(edited.body.content).toBe('••• it');
    expect(await member.call('PATCH', `/messages/${message.id}`, { content: 'wait' })).toMatchObject({
      status: 422,
    });
  });

  it('applies to names of reactions and to every text in the metadata', async () => {
    await createRule(word('darn', 'mask'));
    await createRule(word('wait', 'hold'));
    await createGlobalRule(word('awful', 'reject', { reason: 'Not here.' }));
    const { body: message } = await send(member, 'fine');
    for (const name of ['awful', 'so_awful', 'darn', 'wait']) {
      expect(await member.call('PUT', `/messages/${message.id}/reactions/:${name}:`)).toMatchObject({
        status: 422,
        body: { error: { code: 'CONTENT_REJECTED' } },
      });
    }
    expect((await member.call('PUT', `/messages/${message.id}/reactions/:fine:`)).status).toBe(200);
    const refused = { status: 422, body: { error: { code: 'CONTENT_REJECTED', details: { reason: 'Not here.' } } } };
    expect(await send(member, 'fine', { metadata: { card: [{ title: 'an AWFUL thing' }] } })).toMatchObject(refused);
    expect(await send(member, 'fine', { metadata: { awful: 1 } })).toMatchObject(refused);
    expect(await send(member, 'fine', { metadata: { note: 'wait' } })).toMatchObject({ status: 202 });
    expect(await send(member, 'fine', { metadata: { note: 'darn it', n: 1 } })).toMatchObject({
      status: 201,
      body: { content: 'fine', metadata: { note: '••• it', n: 1 } },
    });
    const edit = (metadata: object) => member.call('PATCH', `/messages/${message.id}`, { content: 'ok', metadata });
    expect(await edit({ note: 'awful' })).toMatchObject(refused);
    expect((await edit({ note: 'darn' })).body.metadata).toEqual({ note: '•••' });
  });

  it('applies in its own conversation only, where the strictest one wins', async () => {
    await createGlobalRule(word('darn', 'mask'));
    await createRule(word('darn', 'reject', { reason: 'Not here.' }));
    expect((await send(member, 'darn')).body.error.message).toBe('Not here.');
    const elsewhere = await world.group(owner, [member]);
    const sent = await member.call('POST', `/conversations/${elsewhere}/messages`, { content: 'darn' });
    expect(sent.body.content).toBe('•••');
  });

  it('is not revealed to users who may not post', async () => {
    const stranger = await world.user();
    await createRule(word('darn', 'reject', { reason: 'A secret of this group.' }));
    await createRule(word('wait', 'hold'));
    for (const content of ['darn', 'wait']) {
      const answer = await send(stranger, content);
      expect(answer).toMatchObject({ status: 403, body: { error: { code: 'PERMISSION_DENIED' } } });
      expect(JSON.stringify(answer.body)).not.toContain('secret');
    }
    const [row] = await world.database.query<{ held: string }>(
      `select count(*) as held from held_messages where conversation_id = $1`,
      [id],
    );
    expect(row!.held).toBe('0');
  });

  it('does not affect a repeated send', async () => {
    const key = { client_message_id: randomUUID() };
    const first = await send(member, 'darn and wait', key);
    await createRule(word('darn', 'reject'));
    const again = await send(member, 'darn and wait', key);
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    expect((await send(member, 'darn and more', key)).body.error.code).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('takes effect at once on this node, and soon on another', async () => {
    const there = await World.start({ DATABASE_URL: world.database.url, JWT_SECRET });
    try {
      await createRule(word('darn', 'mask'));
      expect((await send(member, 'darn')).body.content).toBe('•••');
      let content = '';
      while (content !== '•••') {
        content = (await member.at(there).call('POST', `/conversations/${id}/messages`, { content: 'darn' })).body
          .content;
      }
    } finally {
      await there.stop();
    }
  });

  it('ends with its deletion', async () => {
    const { body: rule } = await createRule(word('darn', 'reject'));
    expect((await send(member, 'darn')).status).toBe(422);
    const path = `/conversations/${id}/content-rules/${rule.id}`;
    expect((await owner.call('PATCH', path, { action: 'mask' })).body.action).toBe('mask');
    expect((await send(member, 'darn')).body.content).toBe('•••');
    expect((await owner.call('DELETE', path)).status).toBe(204);
    expect((await send(member, 'darn')).body.content).toBe('darn');
    expect((await owner.call('DELETE', path)).body.error.code).toBe('CONTENT_RULE_NOT_FOUND');
  });

  it('is created by admins and by moderators of the conversation, listed, and audited', async () => {
    for (const actor of [member, systemModerator]) {
      expect((await actor.call('POST', '/admin/content-rules', word('x', 'mask'))).status).toBe(403);
      expect((await actor.call('GET', '/admin/content-rules')).status).toBe(403);
      expect((await createRule(word('x', 'mask'), actor)).status).toBe(403);
      expect((await actor.call('GET', `/conversations/${id}/content-rules`)).status).toBe(403);
    }
    const rules = [];
    for (const pattern of ['one', 'two', 'three']) rules.push((await createRule(word(pattern, 'mask'))).body);
    const first = await owner.call('GET', `/conversations/${id}/content-rules?limit=2`);
    expect(first.body).toMatchObject({ data: [rules[2], rules[1]], has_more: true });
    const next = await owner.call('GET', `/conversations/${id}/content-rules?limit=2&cursor=${first.body.next_cursor}`);
    expect(next.body).toMatchObject({ data: [rules[0]], has_more: false });
    const log = await admin.call('GET', `/admin/audit-log?target_id=${rules[0].id}`);
    expect(log.body.data).toMatchObject([{ action: 'content_rule.create', after: { pattern: 'one', action: 'mask' } }]);
  });

  it.each([
    [{ kind: 'word', pattern: 'x' }, 'action'],
    [{ kind: 'link_allow', pattern: 'good.org', action: 'mask' }, 'action'],
    [{ kind: 'word', pattern: '...', action: 'mask' }, 'pattern'],
    [{ kind: 'word', pattern: 'a '.repeat(20), action: 'mask' }, 'pattern'],
    [{ kind: 'link_deny', pattern: 'not a domain', action: 'mask' }, 'pattern'],
    [{ kind: 'link_allow', pattern: '*' }, 'pattern'],
    [{ kind: 'regex', pattern: 'x', action: 'mask' }, 'kind'],
  ])('rejects %j', async (body, field) => {
    const answer = await createRule(body);
    expect(answer).toMatchObject({ status: 400, body: { error: { details: { errors: [{ field }] } } } });
  });

  it('is unique in any notation', async () => {
    await createRule(word('Straße', 'mask'));
    expect(await createRule(word('STRASSE', 'reject'))).toMatchObject({
      status: 409,
      body: { error: { code: 'ALREADY_EXISTS' } },
    });
  });

  describe('that holds messages', () => {
    const list = (actor: User, place: string, status = 'held') =>
      actor.call('GET', `${place}/held-messages?status=${status}&limit=100`);
    const inGroup = () => `/conversations/${id}`;

    it('responds with 202, hides the message from others, and sends it with a new number after its release', async () => {
      await createRule(word('wait', 'hold'));
      const [mine, theirs] = [await member.webSocket(), await other.webSocket()];
      const key = randomUUID();
      const held = await send(member, 'wait for me', { client_message_id: key });
      expect(held).toMatchObject({ status: 202, body: { error: { code: 'HELD_FOR_REVIEW' } } });
      const heldId = held.body.error.details.held_id as string;
      const again = await mine.request('message.send', {
        conversation_id: id,
        content: 'wait for me',
        client_message_id: key,
      });
      expect(again).toMatchObject({ ok: false, error: { code: 'HELD_FOR_REVIEW', details: { held_id: heldId } } });
      const changed = await send(member, 'wait for you', { client_message_id: key });
      expect(changed.body.error.code).toBe('IDEMPOTENCY_CONFLICT');
      await send(owner, 'meanwhile');

      const queue = await list(owner, inGroup());
      expect(queue.body.data).toMatchObject([{ id: heldId, content: 'wait for me', sender_id: member.userId }]);
      const released = await owner.call('POST', `${inGroup()}/held-messages/${heldId}/release`);
      expect(released).toMatchObject({ status: 200, body: { status: 'released', decided_by: owner.userId } });

      const heard = await theirs.first(({ data }) => JSON.stringify(data).includes('wait for me'));
      expect(heard).toMatchObject({
        type: 'message.created',
        data: { message: { id: released.body.message_id, sender_id: member.userId, sequence_number: 2 } },
      });
      expect(theirs.frames.filter(({ type }) => type === 'message.created')).toHaveLength(2);
      const replay = await send(member, 'wait for me', { client_message_id: key });
      expect([replay.status, replay.body.id]).toEqual([201, released.body.message_id]);
      expect((await list(owner, inGroup())).body.data).toEqual([]);
      expect((await list(owner, inGroup(), 'released')).body.data).toHaveLength(1);
    });

    it('never presents dropped messages', async () => {
      await createRule(word('wait', 'hold'));
      const key = { client_message_id: randomUUID() };
      const { held_id: heldId } = (await send(member, 'wait', key)).body.error.details;
      const path = `${inGroup()}/held-messages/${heldId}`;
      expect((await owner.call('POST', `${path}/drop`)).body.status).toBe('dropped');
      expect((await owner.call('POST', `${path}/release`)).body.error.code).toBe('HELD_MESSAGE_DECIDED');
      expect((await send(member, 'wait', key)).body.error.code).toBe('CONTENT_REJECTED');
      expect(await texts(member)).toEqual([]);
    });

    it('is checked again at the release: a sender who left does not post any more', async () => {
      await createRule(word('wait', 'hold'));
      const { held_id: heldId } = (await send(member, 'wait')).body.error.details;
      await member.call('POST', `${inGroup()}/leave`);
      const path = `${inGroup()}/held-messages/${heldId}`;
      expect(await owner.call('POST', `${path}/release`)).toMatchObject({
        status: 409,
        body: { error: { code: 'HELD_MESSAGE_NOT_SENDABLE', details: { reason: 'PERMISSION_DENIED' } } },
      });
      expect((await owner.call('POST', `${path}/drop`)).status).toBe(200);
    });

    it('releases without a session of the sender', async () => {
      await createRule(word('wait', 'hold'));
      const { held_id: heldId } = (await send(member, 'wait')).body.error.details;
      await member.call('POST', '/auth/logout');
      const released = await owner.call('POST', `${inGroup()}/held-messages/${heldId}/release`);
      expect(released.status).toBe(200);
      expect(await texts(other)).toEqual(['wait']);
    });

    it('deletes texts when they are not needed any more', async () => {
      await createRule(word('wait', 'hold'));
      const ids = [];
      for (const what of ['old', 'new', 'waiting']) {
        ids.push((await send(member, `wait, ${what}`)).body.error.details.held_id as string);
      }
      for (const id of ids.slice(0, 2)) await owner.call('POST', `${inGroup()}/held-messages/${id}/drop`);
      await world.database.query(`update held_messages set decided_at = now() - interval '31 days' where id = $1`, [
        ids[0],
      ]);
      const schedule = world.get(ScheduledTasks);
      expect(await schedule.run('moderation-upkeep', { isDryRun: true })).toEqual({ held: 1, comments: 0 });
      expect(await schedule.run('moderation-upkeep', { isDryRun: false })).toEqual({ held: 1, comments: 0 });
      const dropped = await list(owner, inGroup(), 'dropped');
      expect(dropped.body.data.map(({ content }: { content: string }) => content)).toEqual(['', 'wait, new']);

      await member.call('POST', '/reports', {
        target_type: 'user',
        target_id: other.userId,
        category: 'spam',
        comment: 'between us',
      });
      await world.database.query(`update users set deleted_at = now() where id = $1`, [member.userId]);
      expect(await schedule.run('moderation-upkeep', { isDryRun: false })).toEqual({ held: 2, comments: 1 });
      expect((await list(owner, inGroup())).body.data).toEqual([]);
      expect((await list(owner, inGroup(), 'dropped')).body.data).toHaveLength(3);
    });

    it('has its queue for moderators of the installation or of the conversation', async () => {
      await createGlobalRule(word('grave', 'hold'));
      await createRule(word('wait', 'hold'));
      const both = (await send(member, 'grave, wait')).body.error.details.held_id as string;
      const own = (await send(member, 'wait')).body.error.details.held_id as string;
      expect((await list(owner, inGroup())).body.data.map((row: { id: string }) => row.id)).toEqual([own]);
      const above = (await list(systemModerator, '/admin')).body.data.map((row: { id: string }) => row.id);
      expect(above).toContain(both);
      expect(above).not.toContain(own);
      for (const [actor, path] of [
        [owner, `${inGroup()}/held-messages/${both}/release`],
        [systemModerator, `/admin/held-messages/${own}/release`],
      ] as const) {
        expect((await actor.call('POST', path)).body.error.code).toBe('HELD_MESSAGE_NOT_FOUND');
      }
      for (const [actor, path] of [
        [member, `${inGroup()}/held-messages/${own}/release`],
        [owner, `/admin/held-messages/${both}/drop`],
        [systemModerator, `${inGroup()}/held-messages/${own}/drop`],
      ] as const) {
        expect((await actor.call('POST', path)).status).toBe(403);
      }
      expect((await systemModerator.call('POST', `/admin/held-messages/${both}/release`)).status).toBe(200);
      expect(await texts(other)).toEqual(['grave, wait']);
    });
  });
});
