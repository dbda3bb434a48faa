import { randomBytes, randomUUID } from 'node:crypto';
import type { Frame } from '../support/client/inbox.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** For both nodes. */
const JWT_SECRET = randomBytes(48).toString('base64');
const frozenRefusal = { status: 403, body: { error: { code: 'CONVERSATION_FROZEN' } } };

describe('the moderation of a conversation', () => {
  let world: World;
  let owner: User;
  let member: User;
  let moderator: User;
  let id: string;

  beforeAll(async () => {
    world = await World.start({ JWT_SECRET });
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    [owner, member, moderator] = await world.users(3);
    id = await world.group(owner, [member, [moderator, 'moderator']]);
  });

  const set = (actor: User, settings: object) => actor.call('PATCH', `/conversations/${id}`, { settings });
  const send = (actor: User, content = 'hello', more: object = {}) =>
    actor.call('POST', `/conversations/${id}/messages`, { content, ...more });

  /** Runs `work` with a changed text of an SQL function. */
  async function withAltered(name: string, from: string, to: string, work: () => Promise<void>): Promise<void> {
    const [found] = await world.database.query<{ text: string }>(`select pg_get_functiondef($1::regproc) as text`, [
      name,
    ]);
    expect(found!.text).toContain(from);
    await world.database.query(found!.text.replace(from, to));
    await work().finally(() => world.database.query(found!.text));
  }

  describe('freezing', () => {
    it('rejects messages, edits and reactions of participants until it ends', async () => {
      const before = (await send(member)).body;
      const device = await member.webSocket();
      expect((await set(moderator, { is_frozen: true })).body.settings).toMatchObject({ is_frozen: true });

      const update = await device.first('conversation.updated');
      expect(update.data).toMatchObject({ conversation: { settings: { is_frozen: true } } });
      expect(await send(member)).toMatchObject(frozenRefusal);
      expect(await device.request('message.send', { conversation_id: id, content: 'over the socket' })).toMatchObject({
        ok: false,
        error: { code: 'CONVERSATION_FROZEN' },
      });
      expect(await member.call('PATCH', `/messages/${before.id}`, { content: 'else' })).toMatchObject(frozenRefusal);
      expect(await member.call('PUT', `/messages/${before.id}/reactions/👍`)).toMatchObject(frozenRefusal);

      await set(owner, { is_frozen: false });
      expect((await send(member)).status).toBe(201);
    });

    it('allows reading, and deleting own messages', async () => {
      const { body: message } = await send(member);
      await set(owner, { is_frozen: true });
      const page = await member.call('GET', `/conversations/${id}/messages`);
      expect(page.body.data).toHaveLength(1);
      expect((await member.call('POST', `/conversations/${id}/read`, { sequence_number: 1 })).status).toBe(200);
      expect((await member.call('DELETE', `/messages/${message.id}`)).status).toBe(200);
    });

    it('exempts moderators of the conversation and of the system who participate', async () => {
      const [systemModerator, admin] = [await world.user({ role: 'moderator' }), await world.user({ role: 'admin' })];
      await owner.call('POST', `/conversations/${id}/participants`, {
        user_ids: [systemModerator.userId, admin.userId],
      });
      await set(owner, { is_frozen: true });
      for (const actor of [owner, moderator, systemModerator, admin]) {
        const sent = await send(actor);
        expect(sent.status).toBe(201);
        expect((await actor.call('PATCH', `/messages/${sent.body.id}`, { content: 'edited' })).status).toBe(200);
      }
    });

    it('requires a moderator', async () => {
      expect((await set(member, { is_frozen: true })).status).toBe(403);
      expect((await set(member, { slow_mode_seconds: 5 })).status).toBe(403);
    });

    /** Counts the messages of simultaneous sends after the event of the freeze. */
    async function stormWithFreeze(): Promise<{ behind: number; stored: number; refused: number }> {
      const devices = await Promise.all([1, 2, 3].map(() => member.webSocket()));
      let isFinished = false;
      const answers: Frame[] = [];
      const storm = devices.map(async (device) => {
        while (!isFinished) {
          const sends = Array.from({ length: 10 }, () =>
            device.request('message.send', { conversation_id: id, content: 'storm' }),
          );
          answers.push(...(await Promise.all(sends)));
        }
      });
      const watcher = await owner.webSocket();
      await watcher.first('message.created');
      await set(owner, { is_frozen: true });
      const length = answers.length;
      while (answers.length < length + 60) await new Promise((resolve) => setImmediate(resolve));
      isFinished = true;
      await Promise.all(storm);
      for (const device of [...devices, watcher]) device.close();
      const [row] = await world.database.query<{ behind: string; stored: string }>(
        `select count(*) filter (where e.seq > f.seq) as behind, count(*) as stored
           from events e
           join (select max(seq) as seq from events where stream_id = $1 and type = 'conversation.updated') f on true
          where e.stream_id = $1 and e.type = 'message.created'`,
        [id],
      );
      const refused = answers.filter(({ error }) => error?.code === 'CONVERSATION_FROZEN').length;
      return { behind: Number(row!.behind), stored: Number(row!.stored), refused };
    }

    it('stores no message after the event of the freeze, with simultaneous sends', async () => {
      for (let cycle = 0; cycle < 5; cycle++) {
        await set(owner, { is_frozen: false });
        const { behind, stored, refused } = await stormWithFreeze();
        expect(behind).toBe(0);
        expect(stored).toBeGreaterThan(0);
        expect(refused).toBeGreaterThan(0);
      }
    });

    it('stores some without the check under the lock, as a control', async () => {
      await withAltered('send_outcome', `send.settings -> 'is_frozen' = 'true'`, 'false', async () => {
        expect((await stormWithFreeze()).behind).toBeGreaterThan(0);
      });
    });
  });

  describe('slow mode', () => {
    /** The replies to `count` devices of the participant that send at once, partly in one batch. */
    async function sendAtOnce(devices: RealtimeClient[], perDevice = 4): Promise<Frame[]> {
      const sends = devices.flatMap((device) =>
        Array.from({ length: perDevice }, () =>
          device.request('message.send', { conversation_id: id, content: 'me first' }),
        ),
      );
      return Promise.all(sends);
    }

    it('accepts exactly one of many simultaneous sends, over several sockets and two nodes', async () => {
      const there = await World.start({ DATABASE_URL: world.database.url, JWT_SECRET });
      const elsewhere = member.at(there);
      try {
        await set(owner, { slow_mode_seconds: 600 });
        const devices = await Promise.all([member, elsewhere, member, elsewhere].map((user) => user.webSocket()));
        for (let cycle = 0; cycle < 5; cycle++) {
          const answers = await sendAtOnce(devices);
          const refused = answers.filter(({ ok }) => !ok);
          expect(answers.length - refused.length).toBe(1);
          for (const { error } of refused) {
            expect(error).toMatchObject({ code: 'SLOW_MODE' });
            expect(error!.details.retry_after).toBeGreaterThan(590);
            expect(error!.details.retry_after).toBeLessThanOrEqual(600);
          }
          await resetLastSend();
        }
        for (const device of devices) device.close();
      } finally {
        await there.stop();
      }
    });

    it('accepts several if only sends before the batch are checked, as a control', async () => {
      await set(owner, { slow_mode_seconds: 600 });
      const devices = await Promise.all([1, 2].map(() => member.webSocket()));
      await withAltered('append_messages', 'slow_seconds > 0 and exists', 'false and exists', async () => {
        const answers = await sendAtOnce(devices, 20);
        expect(answers.filter(({ ok }) => ok).length).toBeGreaterThan(1);
      });
      for (const device of devices) device.close();
    });

    const resetLastSend = () =>
      world.database.query(
        `update participants set last_sent_at = now() - interval '1 day' where conversation_id = $1`,
        [id],
      );

    it('returns the time to wait over REST, and accepts the next send after that', async () => {
      await set(owner, { slow_mode_seconds: 30 });
      expect((await send(member)).status).toBe(201);
      const refused = await send(member);
      expect(refused).toMatchObject({ status: 429, body: { error: { code: 'SLOW_MODE' } } });
      expect(refused.body.error.details.retry_after).toBeGreaterThan(25);
      await resetLastSend();
      expect((await send(member)).status).toBe(201);
    });

    it('applies to edits and reactions, which count as well', async () => {
      const { body: earlier } = await send(member);
      await set(owner, { slow_mode_seconds: 600 });
      const edit = (content: string) => member.call('PATCH', `/messages/${earlier.id}`, { content });
      const react = (emoji: string, method = 'PUT', actor = member) =>
        actor.call(method, `/messages/${earlier.id}/reactions/${emoji}`);
      const refused = { status: 429, body: { error: { code: 'SLOW_MODE' } } };
      expect(await edit('soon after')).toMatchObject(refused);
      expect(await react('👍')).toMatchObject(refused);
      expect((await member.call('GET', `/messages/${earlier.id}`)).body).toMatchObject({
        content: earlier.content,
        reactions: [],
      });
      await resetLastSend();
      const edits = await Promise.all(Array.from({ length: 8 }, (_, index) => edit(`edit ${index}`)));
      expect(edits.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(await send(member)).toMatchObject(refused);
      await resetLastSend();
      const reactions = await Promise.all(['👍', '🎉', '👀', '❤️'].map((emoji) => react(emoji)));
      expect(reactions.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(await send(member)).toMatchObject(refused);
      for (const emoji of ['👍', '🎉', '👀', '❤️']) expect((await react(emoji, 'DELETE')).status).toBe(200);
      expect((await react('👍', 'PUT', owner)).status).toBe(200);
      expect((await react('🎉', 'PUT', owner)).status).toBe(200);
    });

    it('returns the same message for the same key at any time', async () => {
      await set(owner, { slow_mode_seconds: 30 });
      const key = { client_message_id: randomUUID() };
      const first = await send(member, 'once', key);
      const again = await send(member, 'once', key);
      expect(again.status).toBe(201);
      expect(again.body.id).toBe(first.body.id);
    });

    it('continues after leaving and rejoining', async () => {
      await set(owner, { slow_mode_seconds: 600 });
      await send(member);
      await member.call('POST', `/conversations/${id}/leave`);
      await owner.call('POST', `/conversations/${id}/participants`, { user_ids: [member.userId] });
      expect((await send(member)).body.error.code).toBe('SLOW_MODE');
    });

    it('exempts moderators, and counts for each participant separately', async () => {
      const second = await world.user();
      await owner.call('POST', `/conversations/${id}/participants`, { user_ids: [second.userId] });
      await set(owner, { slow_mode_seconds: 600 });
      for (const actor of [owner, owner, moderator, moderator, member, second]) {
        expect((await send(actor)).status).toBe(201);
      }
    });

    it.each([-1, 21_601, 1.5, 'soon', null])('rejects %p as its seconds', async (slow) => {
      expect(await set(owner, { slow_mode_seconds: slow })).toMatchObject({
        status: 400,
        body: { error: { code: 'VALIDATION_ERROR' } },
      });
    });
  });
});
