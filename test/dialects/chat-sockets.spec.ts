import type { ClientOptions } from 'ws';
import { request } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import { JsonSocket } from '../support/client/web-socket.js';
import { fileForm } from '../support/literal-calls.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/) as string;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const TEXT = expect.any(String) as string;

describe('the socket of the chat dialect', () => {
  let world: World;
  const sockets: JsonSocket[] = [];

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await world.stop();
  });

  let count = 0;
  const people = (...names: string[]): Promise<RegisteredUser[]> =>
    Promise.all(names.map((name) => world.register(`${name}${++count}`)));

  const open = (path: string, options?: ClientOptions): JsonSocket => {
    const socket = new JsonSocket(world.url, path, options);
    sockets.push(socket);
    return socket;
  };

  /** Connects and waits until the user is presented as online: later frames are received. */
  const connect = async (user: RegisteredUser, query = ''): Promise<JsonSocket> => {
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

  it('delivers a documented frame in the documented form', async () => {
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

  it('prefers the target in the frame to the one in the path', async () => {
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

  it('reaches a room by its slug, and receives its messages if the path names it', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!), await connect(mary!, '&chat_id=general')];
    johns.send({ ...HELLO, message: 'into the room', chat_id: 'general' });
    expect(await marys.next(saying('into the room'))).toMatchObject({ sender_id: john!.id, chat_id: 'general' });
  });

  it('delivers files with the full URL of their upload', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!, `&recipient_id=${mary!.id}`), await connect(mary!)];
    const { text, type } = fileForm('notes.txt', 'text/plain', 'what we learnt');
    const { body: file } = await request('POST', `${world.url}/files/upload`, {
      token: john!.token,
      body: text,
      headers: { 'content-type': type },
    });
    johns.send({ ...HELLO, message: 'with a file', attachments: [file.id] });
    for (const socket of [johns, marys]) {
      const { attachments } = await socket.next(saying('with a file'));
      expect(attachments).toEqual([{ ...file, status: expect.any(String) }]);
      expect(attachments[0].file_url).toBe(`${world.url}/api/v1/files/${file.id}/content`);
    }
  });

  it('keeps the order in which messages were sent, also in a new conversation', async () => {
    const [john, mary] = await people('john', 'mary');
    const [johns, marys] = [await connect(john!), await connect(mary!)];
    const texts = Array.from({ length: 20 }, (_each, index) => `number ${index}`);
    for (const message of texts) johns.send({ message, recipient_id: mary!.id });
    await marys.next(saying('number 19'));
    const heard = marys.frames.flatMap(({ content }) => (content === undefined ? [] : [content as string]));
    expect(heard).toEqual(texts);
  });

  it('sends one status when a message is delivered and one when it is read', async () => {
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
    await request('GET', `${world.url}/messages/?recipient_id=${john!.id}`, { token: mary!.token });
    expect(await johns.next('message_status')).toMatchObject({ message_id: id, status: 'read' });
    const { body } = await request('GET', `${world.url}/messages/?recipient_id=${mary!.id}`, { token: john!.token });
    expect(body.messages[0].status).toBe('read');
    expect(johns.frames.filter(({ type }) => type === 'message_status')).toHaveLength(2);
    expect(marys.frames.filter(({ type }) => type === 'message_status')).toEqual([]);
  });

  it('sends the status delivered only for delivered messages', async () => {
    const [john, mary] = await people('john', 'mary');
    const johns = await connect(john!);
    johns.send({ ...HELLO, message: 'mary is offline', recipient_id: mary!.id });
    const { id } = await johns.next(saying('mary is offline'));
    const marys = await connect(mary!);
    expect(johns.frames.filter(({ type }) => type === 'message_status')).toEqual([]);
    johns.send({ ...HELLO, message: 'now', recipient_id: mary!.id });
    await marys.next(saying('now'));
    // The delivery of a later message includes the earlier ones.
    expect((await johns.next('message_status')).message_id).toBe(id);
  });

  it('sends who connects and disconnects', async () => {
    const [john, mary] = await people('john', 'mary');
    await request('POST', `${world.url}/messages/`, {
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

  it('sends frames outside the dialect only to clients that connect with ext=1', async () => {
    const [john, mary] = await people('john', 'mary');
    const [strict, extended] = [await connect(mary!), open(`/ws/${mary!.id}?token=${mary!.token}&ext=1`)];
    await extended.next('live');
    const send = { token: john!.token, body: { recipient_id: mary!.id, content: 'First' } };
    const { body: sent } = await request('POST', `${world.url}/messages/`, send);
    const token = john!.token;
    await request('PUT', `${world.url}/messages/${sent.id}`, { token, body: { content: 'Second' } });
    await extended.next('message.updated');
    await request('POST', `${world.url}/messages/`, { ...send, body: { ...send.body, content: 'Last' } });
    await strict.next(saying('Last'));
    expect(strict.frames.filter(({ type, id }) => type !== 'user_status' && id === undefined)).toEqual([]);
    expect(extended.frames.map(({ type }) => type as string)).toEqual(expect.arrayContaining(['ready', 'live']));
  });

  describe('a frame', () => {
    it.each([
      ['no target', HELLO],
      ['no message', { chat_id: 'general', attachments: [] }],
      ['invalid JSON', '{'],
      ['an array', '[]'],
      ['invalid attachments', { ...HELLO, chat_id: 'general', attachments: ['x'] }],
      ['an unknown field', { ...HELLO, chat_id: 'general', sender_id: 'someone' }],
      ['a type of the server', { ...HELLO, chat_id: 'general', message_type: 'system' }],
    ])('is refused with VALIDATION_ERROR: %s', async (_name, frame) => {
      const [john] = await people('john');
      const johns = await connect(john!);
      johns.send(frame);
      expect(await johns.next(({ error }) => error === true)).toEqual(problem('VALIDATION_ERROR'));
    });

    it.each([
      ['an unknown room', { chat_id: 'no_such_room' }],
      ['an unknown user', { recipient_id: '01930000-0000-7000-8000-000000000000' }],
    ])('is refused with RESOURCE_NOT_FOUND: %s', async (_name, target) => {
      const [john] = await people('john');
      const johns = await connect(john!);
      johns.send({ ...HELLO, ...target });
      expect(await johns.next(({ error }) => error === true)).toEqual(problem('RESOURCE_NOT_FOUND'));
    });

    it('is refused with AUTHORIZATION_ERROR for a conversation of other users', async () => {
      const [john, mary, carl] = await people('john', 'mary', 'carl');
      const id = await world.group(mary!, [carl!]);
      const johns = await connect(john!, `&chat_id=${id}`);
      johns.send(HELLO);
      expect(await johns.next(({ error }) => error === true)).toEqual(problem('AUTHORIZATION_ERROR'));
    });

    it('is refused with its own request id', async () => {
      const [john] = await people('john');
      const johns = await connect(john!);
      johns.send(HELLO);
      johns.send(HELLO);
      const ids = [await johns.next(({ error }) => error === true), await johns.next(({ error }) => error === true)];
      expect(new Set(ids.map(({ request_id }) => request_id as string)).size).toBe(2);
    });
  });

  describe('a connection', () => {
    it('closes with 4403 at the path of another user', async () => {
      const [john, mary] = await people('john', 'mary');
      const socket = open(`/ws/${mary!.id}?token=${john!.token}`);
      expect(await socket.next(({ error }) => error === true)).toEqual(problem('AUTHORIZATION_ERROR'));
      expect((await socket.closed).code).toBe(4403);
    });

    it.each([
      ['without a token', ''],
      ['with a wrong one', '?token=wrong'],
    ])('closes with 4401 %s', async (_name, query) => {
      const [john] = await people('john');
      const socket = open(`/ws/${john!.id}${query}`);
      expect(await socket.next(({ error }) => error === true)).toEqual(problem('AUTHENTICATION_ERROR'));
      expect((await socket.closed).code).toBe(4401);
    });

    it('closes with 4404 for a room that does not exist', async () => {
      const [john] = await people('john');
      const socket = open(`/ws/${john!.id}?token=${john!.token}&chat_id=no_such_room`);
      expect(await socket.next(({ error }) => error === true)).toEqual(problem('RESOURCE_NOT_FOUND'));
      expect((await socket.closed).code).toBe(4404);
    });

    it('is refused at a path of several segments', async () => {
      expect(await open('/ws/some/where').refused).toBe(404);
    });
  });
});
