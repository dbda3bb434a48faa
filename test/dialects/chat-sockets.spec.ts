import type { ClientOptions } from 'ws';
import { type Chat, type ChatUser, startChat } from '../support/chat.js';
import { type AnyJson, call, JsonSocket } from '../support/dialect-client.js';
import { fileForm } from '../support/literal-calls.js';

const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/) as string;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const TEXT = expect.any(String) as string;

describe('the sockets of the chat dialect', () => {
  let chat: Chat;
  const sockets: JsonSocket[] = [];

  beforeAll(async () => {
    chat = await startChat();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await chat.stop();
  });

  let count = 0;
  const people = (...names: string[]): Promise<ChatUser[]> =>
    Promise.all(names.map((name) => chat.user(`${name}${++count}`)));

  const open = (path: string, options?: ClientOptions): JsonSocket => {
    const socket = new JsonSocket(chat.app.url, path, options);
    sockets.push(socket);
    return socket;
  };

  /** Connected, and heard of oneself as online: what comes from now on is heard. */
  const connect = async (user: ChatUser, query = ''): Promise<JsonSocket> => {
    const socket = open(`/ws/${user.id}?token=${user.token}${query}`);
    await socket.next(({ type, user_id }) => type === 'user_status' && user_id === user.id);
    return socket;
  };

  const saying = (content: string) => (frame: AnyJson) => frame.content === content;
  const problem = (code: string): object => ({
    error: true,
    message: TEXT,
    code,
    details: expect.any(Object),
    timestamp: TIME,
    request_id: TEXT,
  });

  const HELLO = { message: 'Hello, world!', timestamp: '2024-01-01T12:00:00Z', attachments: [] };

  it('bring the documented frame to everybody in the documented form', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [
      open(`/ws/${john!.id}?recipient_id=${mary!.id}`, { headers: { authorization: `Bearer ${john!.token}` } }),
      await connect(mary!),
    ];
    await johns.next('user_status');
    johns.send(HELLO);
    const received = await marys.next(saying('Hello, world!'));
    expect(received).toEqual({
      id: UUID,
      chat_id: UUID,
      sender_id: john!.id,
      sender_name: john!.username,
      content: 'Hello, world!',
      message_type: 'text',
      created_at: TIME,
      updated_at: received.created_at,
      status: 'delivered',
      attachments: [],
      is_edited: false,
      is_deleted: false,
    });
    expect(Date.parse(received.created_at as string)).toBeGreaterThan(Date.now() - 60_000);
    expect(await johns.next(saying('Hello, world!'))).toEqual({ ...received, status: 'sent' });
  });

  it('take the target in the frame before that of the address', async () => {
    const [john, mary, carl] = await people('john', 'mary', 'carl');
    const [johns, marys, carls] = [
      await connect(john!, `&recipient_id=${mary!.id}`),
      await connect(mary!),
      await connect(carl!),
    ];
    johns.send({ ...HELLO, message: 'for carl', recipient_id: carl!.id });
    johns.send({ ...HELLO, message: 'for mary' });
    johns.send({ ...HELLO, message: 'for mary, too', chat_id: null });
    expect((await carls.next(saying('for carl'))).sender_id).toBe(john!.id);
    await marys.next(saying('for mary, too'));
    expect(marys.frames.map(({ content }) => content as string)).not.toContain('for carl');
  });

  it('reach a room by its slug, and hear of it from the beginning where the address names it', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!), await connect(mary!, '&chat_id=general')];
    johns.send({ ...HELLO, message: 'into the room', chat_id: 'general' });
    expect(await marys.next(saying('into the room'))).toMatchObject({ sender_id: john!.id, chat_id: 'general' });
  });

  it('bring files with the whole address they were uploaded to', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!, `&recipient_id=${mary!.id}`), await connect(mary!)];
    const { text, type } = fileForm('notes.txt', 'text/plain', 'what we learnt');
    const { body: file } = await call(chat.app.url, 'POST', '/files/upload', {
      token: john!.token,
      body: text,
      headers: { 'content-type': type },
    });
    johns.send({ ...HELLO, message: 'with a file', attachments: [file.id] });
    for (const socket of [johns, marys]) {
      const { attachments } = await socket.next(saying('with a file'));
      expect(attachments).toEqual([{ ...file, status: expect.any(String) }]);
      expect(attachments[0].file_url).toBe(`${chat.app.url}/api/v1/files/${file.id}/content`);
    }
  });

  it('keep the order in which messages were sent, also the first ones to somebody', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!), await connect(mary!)];
    const texts = Array.from({ length: 20 }, (_each, index) => `number ${index}`);
    for (const message of texts) johns.send({ message, recipient_id: mary!.id });
    await marys.next(saying('number 19'));
    const heard = marys.frames.flatMap(({ content }) => (content === undefined ? [] : [content as string]));
    expect(heard).toEqual(texts);
  });

  it('say once when a message has been delivered, and once when it has been read', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!), await connect(mary!)];
    johns.send({ ...HELLO, recipient_id: mary!.id });
    const { id } = await marys.next(saying('Hello, world!'));
    expect(await johns.next('message_status')).toEqual({
      type: 'message_status',
      message_id: id,
      status: 'delivered',
      timestamp: TIME,
    });
    await call(chat.app.url, 'GET', `/messages/?recipient_id=${john!.id}`, { token: mary!.token });
    expect(await johns.next('message_status')).toMatchObject({ message_id: id, status: 'read' });
    const { body } = await call(chat.app.url, 'GET', `/messages/?recipient_id=${mary!.id}`, { token: john!.token });
    expect(body.messages[0].status).toBe('read');
    expect(johns.frames.filter(({ type }) => type === 'message_status')).toHaveLength(2);
    expect(marys.frames.filter(({ type }) => type === 'message_status')).toEqual([]);
  });

  it('say delivered only of what was delivered', async () => {
    const [john, mary] = await people('john', 'mary');
    const johns = await connect(john!);
    johns.send({ ...HELLO, message: 'nobody is there', recipient_id: mary!.id });
    const { id } = await johns.next(saying('nobody is there'));
    const marys = await connect(mary!);
    expect(johns.frames.filter(({ type }) => type === 'message_status')).toEqual([]);
    johns.send({ ...HELLO, message: 'now', recipient_id: mary!.id });
    await marys.next(saying('now'));
    // What arrived later says so of what came before it.
    expect((await johns.next('message_status')).message_id).toBe(id);
  });

  it('say who comes and goes', async () => {
    const [john, mary] = await people('john', 'mary');
    await call(chat.app.url, 'POST', '/messages/', {
      token: john!.token,
      body: { recipient_id: mary!.id, content: 'So that we know each other' },
    });
    const johns = await connect(john!);
    const marys = await connect(mary!);
    const ofMary = ({ type, user_id }: AnyJson): boolean => type === 'user_status' && user_id === mary!.id;
    expect(await johns.next(ofMary)).toEqual({
      type: 'user_status',
      user_id: mary!.id,
      status: 'online',
      timestamp: TIME,
    });
    await mary!.call('PUT', '/presence', { status: 'offline' });
    expect(await johns.next(ofMary)).toMatchObject({ status: 'offline' });
    expect(marys.frames.some(({ user_id }) => user_id === mary!.id)).toBe(true);
  });

  it('stay silent about what the dialect does not know, unless asked with ext=1', async () => {
    const [john, mary] = await people('john', 'mary');
    const [strict, extended] = [await connect(mary!), open(`/ws/${mary!.id}?token=${mary!.token}&ext=1`)];
    await extended.next('live');
    const send = { token: john!.token, body: { recipient_id: mary!.id, content: 'First' } };
    const { body: sent } = await call(chat.app.url, 'POST', '/messages/', send);
    const token = john!.token;
    await call(chat.app.url, 'PUT', `/messages/${sent.id}`, { token, body: { content: 'Second' } });
    await extended.next('message.updated');
    await call(chat.app.url, 'POST', '/messages/', { ...send, body: { ...send.body, content: 'Last' } });
    await strict.next(saying('Last'));
    expect(strict.frames.filter(({ type, id }) => type !== 'user_status' && id === undefined)).toEqual([]);
    expect(extended.frames.map(({ type }) => type as string)).toEqual(expect.arrayContaining(['ready', 'live']));
  });

  describe('refuse', () => {
    it.each([
      ['what has no target', HELLO],
      ['what has no message', { chat_id: 'general', attachments: [] }],
      ['what is no JSON', '{'],
      ['what is no object', '[]'],
      ['attachments that are none', { ...HELLO, chat_id: 'general', attachments: ['x'] }],
      ['fields nobody knows', { ...HELLO, chat_id: 'general', sender_id: 'somebody' }],
      ['a type of the server', { ...HELLO, chat_id: 'general', message_type: 'system' }],
    ])('%s with VALIDATION_ERROR', async (_name, frame) => {
      const [john] = await people('john');
      const johns = await connect(john!);
      johns.send(frame);
      expect(await johns.next(({ error }) => error === true)).toEqual(problem('VALIDATION_ERROR'));
    });

    it.each([
      ['a room that is not there', { chat_id: 'no_such_room' }],
      ['a user who is not there', { recipient_id: '01930000-0000-7000-8000-000000000000' }],
    ])('%s with RESOURCE_NOT_FOUND', async (_name, target) => {
      const [john] = await people('john');
      const johns = await connect(john!);
      johns.send({ ...HELLO, ...target });
      expect(await johns.next(({ error }) => error === true)).toEqual(problem('RESOURCE_NOT_FOUND'));
    });

    it('a conversation of others with AUTHORIZATION_ERROR', async () => {
      const [john, mary, carl] = await people('john', 'mary', 'carl');
      const id = await chat.group(mary!, carl!);
      const johns = await connect(john!, `&chat_id=${id}`);
      johns.send(HELLO);
      expect(await johns.next(({ error }) => error === true)).toEqual(problem('AUTHORIZATION_ERROR'));
    });

    it('each with a request id of its own', async () => {
      const [john] = await people('john');
      const johns = await connect(john!);
      johns.send(HELLO);
      johns.send(HELLO);
      const ids = [await johns.next(({ error }) => error === true), await johns.next(({ error }) => error === true)];
      expect(new Set(ids.map(({ request_id }) => request_id as string)).size).toBe(2);
    });
  });

  describe('open', () => {
    it('for the user of the address alone, 4403', async () => {
      const [john, mary] = await people('john', 'mary');
      const socket = open(`/ws/${mary!.id}?token=${john!.token}`);
      expect(await socket.next(({ error }) => error === true)).toEqual(problem('AUTHORIZATION_ERROR'));
      expect((await socket.closed).code).toBe(4403);
    });

    it.each([
      ['without a token', ''],
      ['with a wrong one', '?token=wrong'],
    ])('not %s, 4401', async (_name, query) => {
      const [john] = await people('john');
      const socket = open(`/ws/${john!.id}${query}`);
      expect(await socket.next(({ error }) => error === true)).toEqual(problem('AUTHENTICATION_ERROR'));
      expect((await socket.closed).code).toBe(4401);
    });

    it('not for a room that is not there, 4404', async () => {
      const [john] = await people('john');
      const socket = open(`/ws/${john!.id}?token=${john!.token}&chat_id=no_such_room`);
      expect(await socket.next(({ error }) => error === true)).toEqual(problem('RESOURCE_NOT_FOUND'));
      expect((await socket.closed).code).toBe(4404);
    });

    it('at an address of several parts not at all', async () => {
      expect(await open('/ws/some/where').refused).toBe(404);
    });
  });
});
