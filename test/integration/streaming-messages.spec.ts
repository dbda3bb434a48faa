import { readFileSync } from 'node:fs';
import { GrowingTexts } from '../../src/modules/messages/streaming/growing-texts.js';
import { ShownTexts } from '../../src/modules/messages/streaming/shown-texts.js';
import { StreamingAuthors } from '../../src/modules/messages/streaming/streaming-authors.js';
import { StreamingMessagesRepository } from '../../src/modules/messages/streaming/streaming-messages.repository.js';
import { StreamingMessagesService } from '../../src/modules/messages/streaming/streaming-messages.service.js';
import { StreamingMessagesTask } from '../../src/modules/messages/streaming/streaming-messages-task.js';
import { WebhookPayloads } from '../../src/modules/webhooks/webhook-payloads.js';
import { DomainEvents } from '../../src/platform/event-log/domain-events.js';
import { InProcessBus } from '../../src/platform/realtime/bus/bus.js';
import { ApiClient } from '../support/client/api-client.js';
import type { HttpResponse } from '../support/client/http.js';
import type { WebSocketClient } from '../support/client/web-socket.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

interface Message {
  readonly content: string;
  readonly is_streaming?: true;
}
interface Delta {
  readonly offset: number;
  readonly text: string;
}
interface ReadText {
  delta(part: Delta): void;
  update(newer: Message): void;
  reload(): Promise<void>;
}
type StreamingText = (
  message: Message,
  options: { load: () => Promise<Message>; show: (text: string) => void; retryMs?: number },
) => ReadText;

const [, sample = ''] =
  /```js\n((?:(?!```)[\s\S])*export function streamingText[\s\S]*?)```/.exec(
    readFileSync('docs/realtime.md', 'utf8'),
  ) ?? [];
const streamingText = (new Function(sample.replace('export function', 'return function')) as () => StreamingText)();

type StreamAnswer = (
  call: (path: string, body: object) => Promise<HttpResponse>,
  conversationId: string,
  message: object,
  parts: AsyncIterable<string>,
) => Promise<HttpResponse['body']>;

const [, example = ''] =
  /```js\n((?:(?!```)[\s\S])*export async function streamAnswer[\s\S]*?)```/.exec(
    readFileSync('docs/guides/host-backend.md', 'utf8'),
  ) ?? [];
const streamAnswer = (
  new Function(example.replace('export async function', 'return async function')) as () => StreamAnswer
)();

const code = ({ status, body }: HttpResponse) => [status, body.error?.code];

describe('a streaming message', () => {
  let world: World;
  let admin: User;
  let owner: User;
  let [bot, ana]: User[] = [];
  let id: string;

  beforeAll(async () => {
    world = await World.start({ CONTENT_MAX_LENGTH: '5000' });
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world?.stop());

  beforeEach(async () => {
    const users = await world.users(3);
    owner = users[0];
    [bot, ana] = users.slice(1);
    id = await world.group(owner, [bot!, ana!]);
  });

  const open = (body: object = {}, by: ApiClient = bot!) =>
    by.call('POST', `/conversations/${id}/messages`, { is_streaming: true, ...body });
  const opened = async (body?: object): Promise<string> => {
    const { status, body: message } = await open(body);
    expect([status, message.is_streaming, message.content]).toEqual([201, true, '']);
    return message.id as string;
  };
  const append = (messageId: string, offset: number, text: string, by: ApiClient = bot!) =>
    by.call('POST', `/messages/${messageId}/append`, { offset, text });
  const finish = (messageId: string, body: object, by: ApiClient = bot!) =>
    by.call('POST', `/messages/${messageId}/finish`, body);
  const cancel = (messageId: string, by: ApiClient = bot!) => by.call('POST', `/messages/${messageId}/cancel`);
  const read = async (messageId: string): Promise<HttpResponse['body']> =>
    (await ana!.call('GET', `/messages/${messageId}`)).body;
  const rowOf = async (messageId: string): Promise<{ content: string; version: number } | undefined> =>
    (
      await world.database.query(`select content, version from streaming_messages where message_id = $1`, [messageId])
    )[0] as never;
  /** What this process has not stored yet is stored. */
  const settle = (messageId: string) => world.get(GrowingTexts).settle(messageId);
  const abandon = async (messageId: string): Promise<unknown> => {
    await settle(messageId);
    await world.database.query(
      `update streaming_messages set appended_at = now() - interval '1 hour' where message_id = $1`,
      [messageId],
    );
    return world.get(StreamingMessagesTask).run({ isDryRun: false });
  };
  /** The service of another process over the same database. */
  const otherNode = (): { service: StreamingMessagesService; texts: GrowingTexts; bus: InProcessBus } => {
    const bus = new InProcessBus();
    const texts = new GrowingTexts(world.get(StreamingMessagesRepository), world.config, bus);
    texts.onModuleInit();
    const [authors, shown, events] = [world.get(StreamingAuthors), world.get(ShownTexts), world.get(DomainEvents)];
    return { service: new StreamingMessagesService(authors, texts, shown, events), texts, bus };
  };
  const serverKey = async (): Promise<ApiClient> => {
    const scopes = ['messages:write', 'messages:read', 'act-as'];
    const { body } = await admin.call('POST', '/admin/keys', { name: 'assistant', scopes });
    return new ApiClient(world.url, body.secret as string);
  };

  it('is opened by a send, grows before the eyes of the participants, and is finished by one durable event', async () => {
    const device = await ana!.webSocket();
    const { body: message } = await open({
      client_message_id: 'k1',
      mentions: [ana!.userId],
      metadata: { model: 'a' },
    });
    const created = await device.first('message.created');
    expect(created.data.message).toMatchObject({ id: message.id, content: '', is_streaming: true });
    expect((await open({ client_message_id: 'k1', mentions: [ana!.userId], metadata: { model: 'a' } })).body.id).toBe(
      message.id,
    );
    expect(
      code(await bot!.call('POST', `/conversations/${id}/messages`, { content: 'x', client_message_id: 'k1' })),
    ).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
    expect((await append(message.id, 0, 'Hello, ')).body).toEqual({ message_id: message.id, next_offset: 7 });
    expect((await append(message.id, 7, 'Ana 👋')).body.next_offset).toBe(13);
    expect((await device.next('message.delta')).data).toEqual({ message_id: message.id, offset: 0, text: 'Hello, ' });
    expect((await device.next('message.delta')).data).toEqual({ message_id: message.id, offset: 7, text: 'Ana 👋' });
    expect(code(await bot!.call('PATCH', `/messages/${message.id}`, { content: 'no' }))).toEqual([
      409,
      'MESSAGE_STREAMING',
    ]);
    const forward = await ana!.call('POST', `/messages/${message.id}/forward`, { conversation_ids: [id] });
    expect(code(forward)).toEqual([409, 'MESSAGE_STREAMING']);
    const { status, body } = await finish(message.id, { length: 13, metadata: { model: 'b' } });
    expect([status, body]).toMatchObject([
      200,
      { content: 'Hello, Ana 👋', is_edited: false, streaming_end: 'finished', metadata: { model: 'b' } },
    ]);
    expect(body).not.toHaveProperty('is_streaming');
    const updated = await device.first('message.updated');
    expect(updated).toMatchObject({ seq: created.seq! + 1, data: { message: { content: 'Hello, Ana 👋' } } });
    expect((await ana!.call('GET', `/messages/${message.id}/history`)).body.data).toEqual([]);
    expect((await finish(message.id, { length: 13 })).body).toEqual(body);
    expect(code(await append(message.id, 13, '!'))).toEqual([409, 'MESSAGE_NOT_STREAMING']);
    expect((await bot!.call('PATCH', `/messages/${message.id}`, { content: 'Hi' })).body.is_edited).toBe(true);
    await device.first((frame) => frame.type === 'message.updated' && frame.data.message.is_edited === true);
    expect(device.frames.filter(({ type }) => type === 'message.updated')).toHaveLength(2);
  });

  it('is written over a socket with the same results', async () => {
    const socket = await bot!.webSocket();
    const { data: sent } = await socket.request('message.send', { conversation_id: id, is_streaming: true });
    const message_id = sent.message.id as string;
    const { data } = await socket.request('message.append', { message_id, offset: 0, text: 'Hi' });
    expect(data).toEqual({ message_id, next_offset: 2 });
    const gap = await socket.request('message.append', { message_id, offset: 9, text: '!' });
    expect(gap.error).toMatchObject({ code: 'STREAMING_OFFSET', details: { expected_offset: 2 } });
    expect((await socket.request('message.cancel', { message_id })).data.message).toMatchObject({
      content: 'Hi',
      streaming_end: 'cancelled',
    });
    expect((await socket.request('message.finish', { message_id, length: 2 })).error?.code).toBe(
      'MESSAGE_NOT_STREAMING',
    );
  });

  it('takes each part once: a repeated one changes nothing, one behind a gap is refused with what is expected', async () => {
    const message = await opened();
    await append(message, 0, 'one ');
    expect((await append(message, 0, 'one ')).body.next_offset).toBe(4);
    const gap = await append(message, 8, 'three');
    expect([...code(gap), gap.body.error.details.expected_offset]).toEqual([409, 'STREAMING_OFFSET', 4]);
    expect((await append(message, 2, 'e two ')).body.next_offset).toBe(8);
    expect((await append(message, 4, 'two ')).body.next_offset).toBe(8);
    await Promise.all([append(message, 8, 'three'), append(message, 8, 'three')]);
    const short = await finish(message, { length: 20 });
    expect([...code(short), short.body.error.details.expected_offset]).toEqual([409, 'STREAMING_OFFSET', 13]);
    expect((await finish(message, { length: 13 })).body.content).toBe('one two three');
  });

  it('never splits a character of two units', async () => {
    const message = await opened();
    await append(message, 0, 'a👋b');
    expect(code(await append(message, 2, 'xyz'))).toEqual([200, undefined]);
    expect(code(await append(message, 2, 'ab👋'))).toEqual([400, 'VALIDATION_ERROR']);
    expect((await bot!.call('POST', `/messages/${message}/append`, { offset: 5, text: '\ud83d' })).status).toBe(400);
  });

  it('is stored at most once a second, whatever the number of appends', async () => {
    const message = await opened();
    const begun = performance.now();
    let text = '';
    while (!(await rowOf(message))!.version) {
      await append(message, text.length, 'word ');
      text += 'word ';
    }
    for (let more = 0; more < 20; more++) {
      await append(message, text.length, 'word ');
      text += 'word ';
    }
    const { version } = (await rowOf(message))!;
    expect(version).toBeLessThanOrEqual(Math.floor((performance.now() - begun) / 1000));
    expect((await read(message)).content).toMatch(/^word word /);
    expect((await finish(message, { length: text.length })).body.content).toBe(text);
  });

  it('is the same text when its parts reach two processes, one of which ends in the middle', async () => {
    const message = await opened();
    const other = otherNode();
    await append(message, 0, 'one ');
    await expect(other.service.append(bot!, message, { offset: 4, text: 'two ' })).rejects.toMatchObject({
      details: { expected_offset: 0 },
    });
    expect(await other.service.append(bot!, message, { offset: 0, text: 'one two ' })).toEqual({
      message_id: message,
      next_offset: 8,
    });
    await other.texts.settle(message);
    await settle(message);
    expect((await rowOf(message))!.content).toBe('one two ');
    expect((await append(message, 8, 'three ')).body.next_offset).toBe(14);
    await settle(message);
    // What the other process had not stored is lost with it, and is asked for again.
    const ended = await other.service.append(bot!, message, { offset: 8, text: 'three four ' });
    expect(ended.next_offset).toBe(19);
    const early = await finish(message, { length: 19 });
    expect([...code(early), early.body.error.details.expected_offset]).toEqual([409, 'STREAMING_OFFSET', 14]);
    await append(message, 14, 'four ');
    expect((await finish(message, { length: 19 })).body.content).toBe('one two three four ');
    await other.texts.onModuleDestroy();
    expect((await read(message)).content).toBe('one two three four ');
  });

  it('goes on at another process without a repeat when the bus has carried the parts', async () => {
    const message = await opened();
    const other = otherNode();
    await other.service.append(bot!, message, { offset: 0, text: 'one ' });
    const part = { message_id: message, offset: 4, text: 'two ' };
    const signal = { type: 'message.delta', class: 'ephemeral', data: part } as const;
    other.bus.receive({ kind: 'stream', streamId: id, signal });
    expect((await other.service.append(bot!, message, { offset: 8, text: 'three' })).next_offset).toBe(13);
    await other.texts.settle(message);
    expect((await read(message)).content).toBe('one two three');
    await cancel(message);
  });

  it('is read as a whole by the client of docs/realtime.md, which joins in the middle and loses its connection', async () => {
    const words = Array.from({ length: 60 }, (_, n) => `word${n} 👋 `);
    const whole = words.join('');
    const message = await opened();
    let [sent, at] = [0, 0];
    const writeUntil = async (end: number): Promise<void> => {
      for (; at < end; at++) sent = (await append(message, sent, words[at]!)).body.next_offset as number;
    };
    await writeUntil(10);

    let shown = '';
    let show: (text: string) => void = () => undefined;
    const text = streamingText((await read(message)) as Message, {
      load: () => read(message) as Promise<Message>,
      show: (newer) => {
        shown = newer;
        show(newer);
      },
      retryMs: 50,
    });
    const reached = (wanted: string): Promise<void> =>
      new Promise((resolve) => {
        show = (newer) => newer === wanted && resolve();
        show(shown);
      });
    const connect = async (): Promise<WebSocketClient> => {
      const client = (await ana!.webSocket()) as WebSocketClient;
      client.socket.on('message', (bytes: Buffer) => {
        const { type, data } = JSON.parse(bytes.toString()) as { type: string; data: never };
        if (type === 'message.delta') text.delta(data as Delta);
        if (type === 'message.updated') text.update((data as { message: Message }).message);
      });
      return client;
    };

    const first = await connect();
    await writeUntil(20);
    await reached(words.slice(0, 20).join(''));
    first.close();
    const writing = writeUntil(40);
    await connect();
    await Promise.all([text.reload(), writing]);
    await reached(words.slice(0, 40).join(''));
    await writeUntil(60);
    await finish(message, { length: sent });
    await reached(whole);
    expect((await read(message)).content).toBe(whole);
  });

  it('is not shown to those who do not see the message', async () => {
    await owner.call('PATCH', `/conversations/${id}`, { settings: { history_visibility: 'since_join' } });
    const message = await opened();
    const late = await world.user();
    await owner.call('POST', `/conversations/${id}/participants`, { user_ids: [late.userId] });
    const [lates, anas] = [await late.webSocket(), await ana!.webSocket()];
    await append(message, 0, 'secret');
    await anas.first('message.delta');
    await finish(message, { length: 6 });
    await lates.first('event.hidden');
    expect(lates.frames.filter(({ type }) => type === 'message.delta')).toEqual([]);
    const limited = await opened({ visible_to: [late.userId] });
    await append(limited, 0, 'for one');
    expect((await lates.first('message.delta')).data.text).toBe('for one');
    await finish(limited, { length: 7 });
    await anas.first('event.hidden');
    expect(anas.frames.filter(({ type }) => type === 'message.delta')).toHaveLength(1);
  });

  it('shows no more to others when its author is shadow-banned', async () => {
    const device = await ana!.webSocket();
    const message = await opened();
    await append(message, 0, 'So far');
    const ban = { reason: 'spam' };
    expect((await admin.call('PUT', `/admin/users/${bot!.userId}/shadow-ban`, ban)).status).toBeLessThan(300);
    expect(code(await finish(message, { content: 'So far, and more' }))).toEqual([409, 'MESSAGE_NOT_STREAMING']);
    const { data } = await device.first('message.updated');
    expect(data.message).toMatchObject({ content: 'So far', streaming_end: 'cancelled' });
    const hidden = await opened();
    await append(hidden, 0, 'unseen');
    expect((await finish(hidden, { length: 6 })).body.content).toBe('unseen');
    await device.first('event.hidden');
    expect(device.frames.filter(({ type }) => type === 'message.delta')).toHaveLength(1);
  });

  it('ends with the text so far when no append comes for too long', async () => {
    const device = await ana!.webSocket();
    const [left, kept] = [await opened(), await opened()];
    await append(left, 0, 'Half a');
    await append(kept, 0, 'More');
    await abandon(left);
    expect(await rowOf(left)).toBeUndefined();
    const { data } = await device.first('message.updated');
    expect(data.message).toMatchObject({ id: left, content: 'Half a', streaming_end: 'abandoned', is_edited: false });
    expect(code(await append(left, 6, ' word'))).toEqual([409, 'MESSAGE_NOT_STREAMING']);
    expect((await append(kept, 4, '!')).body.next_offset).toBe(5);
  });

  it('ends when its author leaves, is muted or is banned', async () => {
    const device = await ana!.webSocket();
    const endings: [string, () => Promise<unknown>][] = [
      ['muted', () => owner.call('PATCH', `/conversations/${id}/participants/${bot!.userId}`, { is_muted: true })],
      ['removed', () => owner.call('DELETE', `/conversations/${id}/participants/${bot!.userId}`)],
    ];
    for (const [, end] of endings) {
      const message = await opened();
      await append(message, 0, 'So far');
      await end();
      const isIt = (frame: { type: string; data?: { message?: { id: string } } }) =>
        frame.type === 'message.updated' && frame.data?.message?.id === message;
      expect((await device.first(isIt)).data.message).toMatchObject({ content: 'So far', streaming_end: 'revoked' });
      expect((await append(message, 6, '!')).status).toBeGreaterThanOrEqual(403);
      await owner.call('PATCH', `/conversations/${id}/participants/${bot!.userId}`, { is_muted: false });
    }
    await owner.call('POST', `/conversations/${id}/participants`, { user_ids: [bot!.userId] });
    const message = await opened();
    await append(message, 0, 'So far');
    expect((await admin.call('POST', `/admin/users/${bot!.userId}/ban`, { reason: 'spam' })).status).toBeLessThan(300);
    const isIt = (frame: { type: string; data?: { message?: { id: string } } }) =>
      frame.type === 'message.updated' && frame.data?.message?.id === message;
    expect((await device.first(isIt)).data.message.streaming_end).toBe('revoked');
  });

  it('is over when it is deleted, and what is stored late does not bring its text back', async () => {
    const message = await opened();
    const other = otherNode();
    await other.service.append(bot!, message, { offset: 0, text: 'gone' });
    await owner.call('PATCH', `/conversations/${id}/participants/${ana!.userId}`, { role: 'moderator' });
    expect((await ana!.call('DELETE', `/messages/${message}`)).body).not.toHaveProperty('is_streaming');
    await other.texts.settle(message);
    expect(await read(message)).toMatchObject({ content: '', is_deleted: true });
    expect(code(await append(message, 4, '!'))).toEqual([409, 'MESSAGE_NOT_STREAMING']);
    await world.get(StreamingMessagesTask).run({ isDryRun: false });
    expect(await rowOf(message)).toBeUndefined();
  });

  it('is written by its sender alone, and by the host’s backend in any name', async () => {
    const message = await opened();
    expect(code(await append(message, 0, 'x', ana))).toEqual([403, 'PERMISSION_DENIED']);
    expect(code(await finish(message, { content: 'x' }, owner))).toEqual([403, 'PERMISSION_DENIED']);
    expect(code(await cancel(message, owner))).toEqual([403, 'PERMISSION_DENIED']);
    expect(code(await append(message, 0, 'x', await world.user()))).toEqual([403, 'PERMISSION_DENIED']);
    const key = await serverKey();
    expect((await append(message, 0, 'from the host', key)).body.next_offset).toBe(13);
    const acting = { 'x-act-as': bot!.userId };
    const { body } = await key.call('POST', `/messages/${message}/finish`, { length: 13 }, acting);
    expect(body).toMatchObject({ sender_id: bot!.userId, content: 'from the host' });
    const { body: own } = await open({ sender_id: bot!.userId, client_message_id: 'h1' }, key);
    await append(own.id as string, 0, 'Bold <b>text</b>', key);
    expect((await finish(own.id as string, { length: 16 }, key)).body).toMatchObject({
      sender_id: bot!.userId,
      content: 'Bold text',
      metadata: { sanitized: true },
    });
  });

  it('is sent by the example of the guide, which sends again what a server has lost', async () => {
    const key = await serverKey();
    let calls = 0;
    const call = async (path: string, body: object): Promise<HttpResponse> => {
      // The process ends before the third call, with what it has not stored.
      const found = /messages\/(.*)\//.exec(path);
      if (++calls === 3 && found) world.get(GrowingTexts).drop(found[1]!);
      return key.call('POST', path, body);
    };
    async function* parts(): AsyncGenerator<string> {
      yield 'One, ';
      yield 'two \u0007\r\n👋, ';
      yield 'three.';
    }
    const message = { sender_id: bot!.userId, client_message_id: 'answer-1' };
    const finished = await streamAnswer(call, id, message, parts());
    expect(finished).toMatchObject({ content: 'One, two \n👋, three.', sender_id: bot!.userId });
    expect(calls).toBeGreaterThan(4);
  });

  it('is announced to webhooks when it is opened, without a text, and again when its text is complete', async () => {
    const message = await opened();
    const { seq } = await read(message);
    await append(message, 0, 'Done');
    await finish(message, { length: 4 });
    const event = { streamId: id, actorId: bot!.userId, subjectId: message, payload: null, at: new Date() };
    const snapshot = { content: '', metadata: {}, mentions: [] };
    const events = [
      { ...event, type: 'message.created', seq: Number(seq), snapshot },
      { ...event, type: 'message.updated', seq: Number(seq) + 1, snapshot: null },
    ];
    const [created, updated] = await world.get(WebhookPayloads).present(events);
    expect(created).toMatchObject({ message: { content: '', is_streaming: true } });
    expect(created).not.toHaveProperty('message.streaming_end');
    expect(updated).toMatchObject({ message: { content: 'Done', streaming_end: 'finished' } });
  });

  it('is checked as a send is: what is refused is not shown, and the whole text passes all rules', async () => {
    const device = await ana!.webSocket();
    await owner.call('PATCH', `/conversations/${id}`, { settings: { links: false, message_length_max: 30 } });
    const message = await opened();
    await append(message, 0, 'See ');
    expect(code(await append(message, 4, 'https://example.com/a'))).toEqual([403, 'FEATURE_DISABLED']);
    expect(code(await append(message, 4, 'x'.repeat(27)))).toEqual([400, 'CONTENT_TOO_LONG']);
    expect(code(await finish(message, { content: 'https://example.com/a' }))).toEqual([403, 'FEATURE_DISABLED']);
    await append(message, 4, '<img src=x onerror=alert(1)>'.slice(0, 12));
    expect((await device.first((frame) => frame.type === 'message.delta' && frame.data.offset === 4)).data.text).toBe(
      '‹img src=x o',
    );
    await settle(message);
    expect((await read(message)).content).toBe('See ‹img src=x o');
    expect((await cancel(message)).body.content).toBe('See ');
    const empty = await opened();
    expect(code(await finish(empty, { length: 0 }))).toEqual([400, 'VALIDATION_ERROR']);
    expect((await cancel(empty)).body).toMatchObject({ content: '', streaming_end: 'cancelled' });
  });

  it('shows no more of a text that a rule masks before it is finished, and nothing of one that is rejected', async () => {
    const masks = await admin.call('POST', '/admin/content-rules', { kind: 'word', pattern: 'darn', action: 'mask' });
    const rejects = await admin.call('POST', '/admin/content-rules', {
      kind: 'word',
      pattern: 'awful',
      action: 'reject',
    });
    expect([masks.status, rejects.status]).toEqual([201, 201]);
    const message = await opened();
    await append(message, 0, 'Well ');
    await append(message, 5, 'darn ');
    await append(message, 10, 'it ');
    expect(code(await append(message, 13, 'awful'))).toEqual([422, 'CONTENT_REJECTED']);
    await settle(message);
    expect((await read(message)).content).toBe('Well ');
    expect((await finish(message, { length: 13 })).body.content).toMatch(/^Well •+ it $/);
    for (const { body } of [masks, rejects]) await admin.call('DELETE', `/admin/content-rules/${body.id}`);
  });

  it('is found by its whole text, and by nothing before', async () => {
    const message = await opened();
    await append(message, 0, 'The zanzibar report');
    await settle(message);
    const hits = async (): Promise<number> =>
      (await ana!.call('GET', `/search/messages?q=zanzibar&conversation_id=${id}`)).body.data.length as number;
    const changes = async (): Promise<number> =>
      (await world.database.query(`select from message_search_changes where message_id = $1`, [message])).length;
    expect(await changes()).toBe(0);
    await finish(message, { length: 19 });
    expect(await changes()).toBe(1);
    expect(await hits()).toBe(1);
  });

  it('is refused where the conversation does not allow it, with a text, and beyond the number of open ones', async () => {
    expect(code(await open({ content: 'x' }))).toEqual([400, 'VALIDATION_ERROR']);
    const scheduled = { is_streaming: true, send_at: new Date(Date.now() + 3_600_000).toISOString() };
    expect(code(await bot!.call('POST', `/conversations/${id}/scheduled-messages`, scheduled))).toEqual([
      400,
      'VALIDATION_ERROR',
    ]);
    for (let n = 0; n < 20; n++) await opened({ client_message_id: `n${n}` });
    expect(code(await open())).toEqual([409, 'TOO_MANY_STREAMING_MESSAGES']);
    expect((await open({ client_message_id: 'n1' })).status).toBe(201);
    await owner.call('PATCH', `/conversations/${id}`, { settings: { streaming: false } });
    expect(code(await open({}, ana!))).toEqual([403, 'FEATURE_DISABLED']);
  });
});
