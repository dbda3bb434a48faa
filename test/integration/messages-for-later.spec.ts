import type { INestApplicationContext, Type } from '@nestjs/common';
import pg from 'pg';
import pino from 'pino';
import { createWorker } from '../../src/create-worker.js';
import { AccountAdministration } from '../../src/modules/auth/account-administration.service.js';
import { RemindOfSavedMessages } from '../../src/modules/messages/saved/remind-of-saved-messages.js';
import { SendScheduledMessages } from '../../src/modules/messages/scheduled/send-scheduled-messages.js';
import { newId } from '../../src/platform/database/ids.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { HttpResponse } from '../support/client/http.js';
import { startProcess } from '../support/test-process.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const code = ({ status, body }: HttpResponse) => [status, body.error?.code];
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

let world: World;
let worker: INestApplicationContext | undefined;
let [ana, bo]: User[] = [];
let id: string;

beforeAll(async () => {
  // The tests do the work of the worker when they need it.
  world = await World.start({ PROCESS_ROLE: 'api' });
});
afterAll(async () => {
  await worker?.close();
  await world.stop();
});

beforeEach(async () => {
  const users = await world.users(3);
  [ana, bo] = users.slice(1);
  id = await world.group(users[0], [ana!, bo!]);
});

/** Of a worker process in this one. */
async function ofWorker<Provider>(type: Type<Provider>): Promise<Provider> {
  worker ??= await createWorker(world.config, pino({ level: 'silent' }));
  return worker.get(type, { strict: false });
}

describe('a scheduled message', () => {
  const schedule = (body: object = {}, sender = ana!) =>
    sender.call('POST', `/conversations/${id}/scheduled-messages`, {
      content: 'Good morning!',
      send_at: inAnHour(),
      ...body,
    });
  const list = async (user = ana!): Promise<HttpResponse['body'][]> =>
    (await user.call('GET', '/scheduled-messages')).body.data;
  const contents = async (): Promise<string[]> =>
    (await bo!.call('GET', `/conversations/${id}/messages`)).body.data.map(
      ({ content }: { content: string }) => content,
    );
  /** Lets the time of all messages come. */
  const comeDue = () => world.database.query(`update scheduled_messages set due_at = now() where due_at is not null`);
  const sendDue = async (): Promise<void> => {
    await comeDue();
    await (await ofWorker(SendScheduledMessages)).run();
  };

  it('is seen by its author only until its time has come, and is then sent like any other', async () => {
    const [anas, bos] = [await ana!.webSocket(), await bo!.webSocket()];
    const { status, body } = await schedule({ client_message_id: 'k1', mentions: [bo!.userId], metadata: { a: 1 } });
    expect([status, body]).toMatchObject([
      201,
      { content: 'Good morning!', status: 'scheduled', client_message_id: 'k1', mentions: [bo!.userId], error: null },
    ]);
    expect((await anas.first('scheduled_message.updated')).data).toEqual({ scheduled_message: body });
    expect((await ana!.call('GET', `/conversations/${id}/scheduled-messages`)).body.data).toEqual([body]);
    expect([await list(bo!), await contents()]).toEqual([[], []]);
    await sendDue();
    const { data } = await bos.first('message.created');
    expect(data.message).toMatchObject({
      sender_id: ana!.userId,
      content: 'Good morning!',
      mentions: [bo!.userId],
      metadata: { a: 1 },
    });
    expect((await anas.first('scheduled_message.removed')).data).toEqual({
      scheduled_message_id: body.id,
      conversation_id: id,
      reason: 'sent',
      message_id: data.message.id,
    });
    expect((await ana!.call('GET', `/messages/${data.message.id}`)).body.client_message_id).toBe('k1');
    expect(await list()).toEqual([]);
    expect(bos.frames.filter(({ type }) => type.startsWith('scheduled_message'))).toEqual([]);
  });

  it('is changed and deleted by its author only, until it is being sent', async () => {
    const { body } = await schedule();
    const path = `/scheduled-messages/${body.id}`;
    expect(code(await bo!.call('PATCH', path, { content: 'x' }))).toEqual([404, 'SCHEDULED_MESSAGE_NOT_FOUND']);
    expect(code(await bo!.call('DELETE', path))).toEqual([404, 'SCHEDULED_MESSAGE_NOT_FOUND']);
    const later = new Date(Date.now() + 7_200_000).toISOString();
    const { body: changed } = await ana!.call('PATCH', path, { content: 'Good evening!', send_at: later });
    expect(changed).toMatchObject({ id: body.id, content: 'Good evening!', send_at: later });
    await world.database.query(`update scheduled_messages set is_sending = true where id = $1`, [body.id]);
    expect(code(await ana!.call('PATCH', path, { content: 'x' }))).toEqual([409, 'SCHEDULED_MESSAGE_SENDING']);
    expect(code(await ana!.call('DELETE', path))).toEqual([409, 'SCHEDULED_MESSAGE_SENDING']);
    await world.database.query(`update scheduled_messages set is_sending = false where id = $1`, [body.id]);
    expect((await ana!.call('DELETE', path)).status).toBe(204);
    await sendDue();
    expect([await list(), await contents()]).toEqual([[], []]);
  });

  it('is refused at once for what a send is always refused for, and for a time that has passed', async () => {
    expect(code(await schedule({ content: ' ' }))).toEqual([400, 'VALIDATION_ERROR']);
    expect(code(await schedule({ content: 'a\0b' }))).toEqual([400, 'VALIDATION_ERROR']);
    expect(code(await schedule({ content: 'x'.repeat(20_001) }))).toEqual([400, 'CONTENT_TOO_LONG']);
    expect(code(await schedule({ message_type: 'system' }))).toEqual([400, 'INVALID_MESSAGE_TYPE']);
    expect(code(await schedule({ sender_id: bo!.userId }))).toEqual([400, 'VALIDATION_ERROR']);
    expect(code(await schedule({ attachment_ids: [newId()] }))).toEqual([404, 'FILE_NOT_FOUND']);
    expect(code(await schedule({ send_at: new Date(Date.now() - 1000).toISOString() }))).toEqual([
      400,
      'VALIDATION_ERROR',
    ]);
    expect(code(await schedule({}, await world.user()))).toEqual([403, 'PERMISSION_DENIED']);
    expect(await list()).toEqual([]);
  });

  it('is the same if it is scheduled again with the same key, and refused with another content', async () => {
    const send_at = inAnHour();
    const { body } = await schedule({ client_message_id: 'k', send_at });
    expect((await schedule({ client_message_id: 'k', send_at })).body.id).toBe(body.id);
    expect(code(await schedule({ client_message_id: 'k', send_at, content: 'other' }))).toEqual([
      422,
      'IDEMPOTENCY_CONFLICT',
    ]);
    await world.database.query(
      `insert into scheduled_messages (id, conversation_id, sender_id, client_message_id, send, send_at)
       select gen_random_uuid(), $1, $2, i::text, '{}', now() from generate_series(1, 499) i`,
      [id, ana!.userId],
    );
    expect(code(await schedule())).toEqual([409, 'TOO_MANY_SCHEDULED_MESSAGES']);
  });

  it('fails, visibly for its author, if they may not post when it is sent, and can be scheduled again', async () => {
    const { body } = await schedule();
    const device = await ana!.webSocket();
    const set = (is_muted: boolean) =>
      world.database.query(`update participants set is_muted = $3 where conversation_id = $1 and user_id = $2`, [
        ...[id, ana!.userId],
        is_muted,
      ]);
    await set(true);
    await sendDue();
    const failed = { id: body.id, status: 'failed', error: { code: 'PERMISSION_DENIED' } };
    expect((await device.first('scheduled_message.updated')).data.scheduled_message).toMatchObject(failed);
    expect(await list()).toMatchObject([failed]);
    await set(false);
    await sendDue();
    expect(await contents()).toEqual([]);
    const path = `/scheduled-messages/${body.id}`;
    expect(code(await ana!.call('PATCH', path, { content: 'Again' }))).toEqual([400, 'VALIDATION_ERROR']);
    expect((await ana!.call('PATCH', path, { send_at: inAnHour() })).body).toMatchObject({
      status: 'scheduled',
      error: null,
    });
    await sendDue();
    expect([await list(), await contents()]).toEqual([[], ['Good morning!']]);
  });

  it('is sent after its author has logged out, but not after they were deactivated', async () => {
    await schedule({ content: 'before' });
    await world.get(AccountAdministration).endSessions(await world.user({ role: 'admin' }), ana!.userId, 'a test');
    await sendDue();
    expect(await contents()).toEqual(['before']);
    await schedule({ content: 'after' }, bo!);
    await world.get(AccountAdministration).deactivate(await world.user({ role: 'admin' }), bo!.userId);
    await sendDue();
    const [{ error }] = await world.database.query<{ error: object }>(
      `select error from scheduled_messages where sender_id = $1`,
      [bo!.userId],
    );
    expect(error).toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
  });

  it('waits for slow mode', async () => {
    await world.database.query(
      `update conversations set settings = settings || '{"slow_mode_seconds": 60}' where id = $1`,
      [id],
    );
    await ana!.call('POST', `/conversations/${id}/messages`, { content: 'now' });
    await schedule({ content: 'later' });
    await sendDue();
    expect(await list()).toMatchObject([{ status: 'scheduled', error: { code: 'SLOW_MODE' } }]);
    await world.database.query(`update participants set last_sent_at = now() - interval '2 minutes'`);
    await sendDue();
    expect([await list(), await contents()]).toEqual([[], ['later', 'now']]);
  });

  it('keeps its files until it is sent', async () => {
    const file = { id: newId() };
    await world.database.query(
      `insert into files (id, uploader_id, name, type, category, size, content_hash, status, uploaded_at)
       values ($1, $2, 'a.txt', 'text/plain', 'document', 9, repeat('0', 64), 'ready', now() - interval '2 days')`,
      [file.id, ana!.userId],
    );
    await schedule({ content: '', attachment_ids: [file.id] });
    expect(code(await schedule({ attachment_ids: [file.id] }, bo!))).toEqual([404, 'FILE_NOT_FOUND']);
    await (await ofWorker(ScheduledTasks)).run('files', { isDryRun: false });
    await sendDue();
    const { body } = await bo!.call('GET', `/conversations/${id}/messages`);
    expect(body.data[0].attachments).toMatchObject([{ id: file.id }]);
  });

  describe.each([
    ['is stored once', 1000, true, 1],
    ['is stored twice without its key', 20, false, 2],
  ] as const)(
    'of many that are due at once, with a worker that is killed in the middle',
    (title, count, hasKey, times) => {
      it(title, async () => {
        await worker?.close();
        worker = undefined;
        const authors = await world.users(10);
        const group = await world.group(authors[0]!, authors.slice(1));
        // The heads of the authors are locked: a worker can store messages, but not record that it has.
        const lock = new pg.Client({ connectionString: world.database.url });
        await lock.connect();
        await lock.query('begin');
        await lock.query(`select from stream_heads where stream_id = any($1::uuid[]) for update`, [
          authors.map(({ userId }) => userId),
        ]);
        await world.database.query(
          `insert into scheduled_messages (id, conversation_id, sender_id, client_message_id, send, send_at, due_at)
         select n.id, $1, n.sender_id, n.id::text, json_build_object(
                  'content', n.i::text, 'client_message_id', case when $4 then n.id::text end), now(), now()
           from (select gen_random_uuid() as id, ($2::uuid[])[1 + i % 10] as sender_id, i
                   from generate_series(1, $3::int) i) n`,
          [group, authors.map(({ userId }) => userId), count, hasKey],
        );
        const stored = async (): Promise<number> =>
          (
            await world.database.query<{ count: number }>(
              `select count(*)::int as count from messages where conversation_id = $1`,
              [group],
            )
          )[0]!.count;
        const first = startProcess('dist/src/worker.js', {
          NODE_ENV: 'test',
          DATA_DIR: world.config.dataDir,
          DATABASE_URL: world.database.url,
          JWT_SECRET: 'q0Lw7Zr2Xk5Vb8Nt3Hj6Pd9Sf1Gm4Yc0q0Lw7Zr2Xk5Vb8Nt',
        });
        while ((await stored()) < Math.min(count, 200));
        await first.end('SIGKILL');
        await lock.query('rollback');
        await lock.end();
        worker = await createWorker(world.config, pino({ level: 'silent' }));
        const waiting = async (): Promise<number> =>
          (
            await world.database.query<{ count: number }>(
              `select count(*)::int as count from scheduled_messages where conversation_id = $1`,
              [group],
            )
          )[0]!.count;
        while ((await waiting()) > 0);
        const sent = await world.database.query<{ content: string; times: number }>(
          `select content, count(*)::int as times from messages where conversation_id = $1 group by content`,
          [group],
        );
        expect(sent).toHaveLength(count);
        expect(Math.max(...sent.map((message) => message.times))).toBe(times);
      });
    },
  );
});

describe('a saved message', () => {
  const send = async (content: string): Promise<string> =>
    (await bo!.call('POST', `/conversations/${id}/messages`, { content })).body.id as string;
  const save = (messageId: string, body: object = {}, user = ana!) =>
    user.call('PUT', `/messages/${messageId}/saved`, body);
  const saved = async (query = '', user = ana!): Promise<HttpResponse['body'][]> =>
    (await user.call('GET', `/users/me/saved-messages${query}`)).body.data;
  const remove = (messageId: string) => ana!.call('DELETE', `/messages/${messageId}/saved`);

  it('is in the list of the user who saved it alone, the latest first, on all of their devices', async () => {
    const device = await ana!.webSocket();
    const [first, second] = [await send('one'), await send('two')];
    const { status, body } = await save(first);
    expect([status, body]).toMatchObject([200, { message_id: first, conversation_id: id, remind_at: null }]);
    await save(second);
    await save(second); // changes nothing
    expect((await saved()).map(({ message }) => message.content)).toEqual(['two', 'one']);
    expect(await saved('', bo!)).toEqual([]);
    const { body: page } = await ana!.call('GET', '/users/me/saved-messages?limit=1');
    expect((await saved(`?cursor=${page.next_cursor}`)).map(({ message_id }) => message_id)).toEqual([first]);
    expect((await remove(first)).status).toBe(204);
    expect((await remove(first)).status).toBe(204);
    expect((await device.first('saved_message.removed')).data).toEqual({ message_id: first, conversation_id: id });
    expect(device.frames.filter(({ type }) => type === 'saved_message.updated').map(({ data }) => data)).toEqual([
      { saved_message: body },
      { saved_message: expect.objectContaining({ message_id: second }) },
    ]);
  });

  it('is shown only while the user is a participant, and as a tombstone once it was deleted', async () => {
    const [kept, deleted] = [await send('kept'), await send('deleted')];
    await save(kept);
    await save(deleted);
    await bo!.call('DELETE', `/messages/${deleted}`);
    expect((await saved()).map(({ message }) => message.content)).toEqual(['', 'kept']);
    expect(code(await save(deleted))).toEqual([409, 'MESSAGE_NOT_EDITABLE']);
    const hidden = await send('hidden');
    await save(hidden);
    await ana!.call('DELETE', `/messages/${hidden}?for=me`);
    expect((await saved()).map(({ message }) => message.content)).toEqual(['', 'kept']);
    expect(code(await save(hidden))).toEqual([404, 'MESSAGE_NOT_FOUND']);
    await ana!.call('POST', `/conversations/${id}/leave`);
    expect(await saved()).toEqual([]);
    expect(code(await save(kept))).toEqual([403, 'PERMISSION_DENIED']);
    expect(code(await save(newId()))).toEqual([404, 'MESSAGE_NOT_FOUND']);
  });

  it('reminds its user once, at the time that they have chosen', async () => {
    const [now, later, gone] = [await send('now'), await send('later'), await send('gone')];
    const device = await ana!.webSocket();
    const remind_at = inAnHour();
    for (const messageId of [now, later, gone]) {
      expect((await save(messageId, { remind_at })).body.remind_at).toBe(remind_at);
    }
    expect(code(await save(now, { remind_at: new Date(Date.now() - 1000).toISOString() }))).toEqual([
      400,
      'VALIDATION_ERROR',
    ]);
    expect((await save(now)).body.remind_at).toBe(remind_at);
    await bo!.call('DELETE', `/messages/${gone}`);
    const { body: past } = await ana!.call('GET', '/users/me/saved-messages');
    await world.database.query(`update saved_messages set remind_at = now() where message_id = any($1::uuid[])`, [
      [now, gone],
    ]);
    const reminders = await ofWorker(RemindOfSavedMessages);
    await Promise.all([reminders.run(), reminders.run()]);
    const { data } = await device.first('saved_message.due');
    expect(data).toMatchObject({ message_id: now, conversation_id: id });
    expect((await saved('?with_reminder=true')).map(({ message_id }) => message_id)).toEqual([later]);
    expect(past.data).toHaveLength(3);
    expect((await saved()).find(({ message_id }) => message_id === now)).toMatchObject({
      remind_at: null,
      reminded_at: expect.any(String),
    });
    expect((await save(later, { remind_at: null })).body.remind_at).toBeNull();
    await save(later);
    expect(await saved('?with_reminder=true')).toEqual([]);
    const events = await world.database.query(
      `select from events where stream_id = $1 and type = 'saved_message.due'`,
      [ana!.userId],
    );
    expect(events).toHaveLength(1);
  });
});

describe('a draft', () => {
  const path = (root?: string) => `/conversations/${id}/draft${root ? `?thread_root_id=${root}` : ''}`;
  const save = (body: object, root?: string, user = ana!) => user.call('PUT', path(root), body);
  const draft = async (root?: string): Promise<HttpResponse['body']> => (await ana!.call('GET', path(root))).body.draft;

  it('is one for each conversation and thread, on all devices of its user, who alone knows of it', async () => {
    const [device, other] = [await ana!.webSocket(), await bo!.webSocket()];
    const { body: root } = await bo!.call('POST', `/conversations/${id}/messages`, { content: 'root' });
    const reply = { content: 'reply', reply_to_id: root.id };
    const { body: replied } = await bo!.call('POST', `/conversations/${id}/messages`, reply);
    expect(await draft()).toBeNull();
    const { status, body } = await save({ content: 'Good mor', metadata: { files: 1 }, reply_to_id: root.id });
    expect([status, body]).toMatchObject([200, { content: 'Good mor', thread_root_id: null, reply_to_id: root.id }]);
    await save({ content: 'In the thread' }, replied.id);
    expect([await draft(), (await draft(root.id)).content]).toEqual([body, 'In the thread']);
    expect((await device.first('draft.updated')).data).toEqual({ draft: body });
    const { body: page } = await ana!.call('GET', '/users/me/drafts');
    expect(page.data.map(({ content }: { content: string }) => content)).toEqual(['In the thread', 'Good mor']);
    expect((await bo!.call('GET', '/users/me/drafts')).body.data).toEqual([]);
    expect((await bo!.call('GET', path())).body.draft).toBeNull();
    await ana!.call('DELETE', path());
    await ana!.call('DELETE', path());
    expect((await device.first('draft.removed')).data).toEqual({ conversation_id: id, thread_root_id: null });
    expect([await draft(), (await draft(root.id)).content]).toEqual([null, 'In the thread']);
    expect(other.frames.filter(({ type }) => type.startsWith('draft'))).toEqual([]);
  });

  it('is not of a thread that its user does not see, nor do they follow or read that thread', async () => {
    const { body: root } = await bo!.call('POST', `/conversations/${id}/messages`, { content: 'root' });
    await ana!.call('POST', `/conversations/${id}/clear`);
    for (const [method, place, body] of [
      ['PUT', path(root.id), { content: 'x' }],
      ['GET', path(root.id)],
      ['PUT', `/messages/${root.id}/thread/follow`],
      ['DELETE', `/messages/${root.id}/thread/follow`],
      ['POST', `/messages/${root.id}/thread/read`, { sequence_number: root.sequence_number }],
    ] as const)
      expect([place, code(await ana!.call(method, place, body))]).toEqual([place, [404, 'MESSAGE_NOT_FOUND']]);
    await bo!.call('POST', `/conversations/${id}/messages`, { content: 'reply', reply_to_id: root.id });
    expect((await save({ content: 'x' }, root.id)).status).toBe(200);
  });

  it('is replaced by a later one, and makes no event without a change', async () => {
    await save({ content: 'Go', metadata: { a: 1 } });
    await save({ content: 'Go', metadata: { a: 1 } });
    await save({ content: 'Good' });
    expect(await draft()).toMatchObject({ content: 'Good', metadata: {} });
    const events = await world.database.query(`select from events where stream_id = $1 and type = 'draft.updated'`, [
      ana!.userId,
    ]);
    expect(events).toHaveLength(2);
  });

  it('is refused if it is blank, too long or of an unknown thread, and for those who are no participants', async () => {
    expect(code(await save({ content: ' ' }))).toEqual([400, 'VALIDATION_ERROR']);
    expect(code(await save({ content: 'x'.repeat(20_001) }))).toEqual([400, 'CONTENT_TOO_LONG']);
    expect(code(await save({ content: 'x' }, newId()))).toEqual([404, 'MESSAGE_NOT_FOUND']);
    expect(code(await save({ content: 'x' }, undefined, await world.user()))).toEqual([403, 'PERMISSION_DENIED']);
    await save({ content: 'x' });
    await ana!.call('POST', `/conversations/${id}/leave`);
    expect((await ana!.call('GET', '/users/me/drafts')).body.data).toEqual([]);
    expect(code(await ana!.call('GET', path()))).toEqual([403, 'PERMISSION_DENIED']);
  });
});
