import { type HttpResponse, request } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { JsonSocket } from '../support/client/web-socket.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const ROUNDS = 30;
const SPEAKERS = ['messaging', 'direct', 'classroom', 'chat', 'rooms', 'canonical'] as const;
type Speaker = (typeof SPEAKERS)[number];
const COUNT = ROUNDS * SPEAKERS.length;

/** A message as each list returns it: its id and its content. */
type Shown = [id: string, content: string];

/**
 * One room with a user of each dialect and one over Socket.IO, who all send and receive at once: five over the paths of
 * their own documentation, each with its own socket.
 */
describe('users of different dialects in one conversation', () => {
  let world: World;
  let room: string;
  let people: Record<Speaker, RegisteredUser>;
  let canonical: RealtimeClient;
  let addresses: Record<keyof typeof sockets, string>;
  const sockets = {} as Record<Exclude<Speaker, 'canonical'>, JsonSocket>;

  const ask = (speaker: Speaker, method: string, path: string, body?: object): Promise<HttpResponse> =>
    request(method, world.url + path, { token: people[speaker].token, body });

  beforeAll(async () => {
    world = await World.start();
    const users = await Promise.all(SPEAKERS.map((name) => world.register(`of_${name}`)));
    people = Object.fromEntries(SPEAKERS.map((name, i) => [name, users[i]!])) as Record<Speaker, RegisteredUser>;
    const { body } = await people.canonical.call('POST', '/conversations', {
      type: 'room',
      title: 'Babel',
      slug: 'babel',
    });
    room = body.id as string;
    for (const user of users.slice(0, -1)) await user.call('POST', `/conversations/${room}/join`);
    addresses = {
      messaging: `/ws/chat/${room}/?ext=1&token=${people.messaging.token}`,
      direct: `/ws?ext=1&token=${people.direct.token}`,
      classroom: `/api/ws/${people.classroom.token}?ext=1`,
      chat: `/ws/${people.chat.id}?ext=1&chat_id=babel&token=${people.chat.token}`,
      rooms: `/ws/chat/?ext=1&token=${people.rooms.token}`,
    };
    for (const [name, address] of Object.entries(addresses)) {
      sockets[name as keyof typeof sockets] = new JsonSocket(world.url, address);
    }
    await sockets.messaging.next('connection_established');
    await sockets.rooms.next('system_message');
    await Promise.all([sockets.direct, sockets.classroom, sockets.chat].map((socket) => socket.next('live')));
    canonical = await people.canonical.socketIo();
  });

  afterAll(async () => {
    for (const socket of Object.values(sockets)) socket.close();
    await world.stop();
  });

  /** The new messages in the frames of a dialect, in the order of arrival. */
  const hears: Record<keyof typeof sockets, (frame: AnyJson) => Shown | undefined> = {
    messaging: (frame) => (frame.type === 'chat_message' ? [frame.message_id, frame.content] : undefined),
    direct: (frame) => (frame.type === 'message' ? [frame.data.id, frame.data.content] : undefined),
    classroom: (frame) => (frame.type === 'new_message' ? [frame.message.id, frame.message.content] : undefined),
    chat: (frame) =>
      frame.sender_id !== undefined && frame.content !== undefined ? [frame.id, frame.content] : undefined,
    rooms: (frame) => (frame.type === 'text_message' ? [frame.data.message_id, frame.data.content] : undefined),
  };

  /** The same conversation as listed by each dialect that has a list, oldest first. */
  const lists: Partial<Record<Speaker, () => Promise<Shown[]>>> = {
    messaging: async () => {
      const shown: Shown[] = [];
      for (let cursor = ''; ;) {
        const page = await ask('messaging', 'GET', `/api/messaging/conversations/${room}/messages/?limit=100${cursor}`);
        shown.push(...page.body.results.map((each: AnyJson): Shown => [each.message_id, each.content]));
        if (!page.body.has_more) return shown.reverse();
        cursor = `&cursor=${page.body.next_cursor}`;
      }
    },
    direct: async () => {
      const shown: Shown[] = [];
      for (let before = ''; ;) {
        const page = await ask('direct', 'GET', `/api/messages?conversation_id=${room}&limit=100${before}`);
        shown.push(...page.body.messages.map((each: AnyJson): Shown => [each.id, each.content]));
        if (!page.body.has_more) return shown.reverse();
        before = `&before=${page.body.next_cursor}`;
      }
    },
    classroom: async () => {
      const pages = await Promise.all(
        [1, 2].map((page) => ask('classroom', 'GET', `/api/conversations/${room}/messages?page=${page}&limit=100`)),
      );
      return pages
        .flatMap(({ body }) => body.messages.map((each: AnyJson): Shown => [each.id, each.content]))
        .reverse();
    },
    chat: async () => {
      const pages = await Promise.all(
        [0, 100].map((skip) => ask('chat', 'GET', `/messages/?chat_id=babel&limit=100&skip=${skip}`)),
      );
      return pages
        .flatMap(({ body }) => body.messages.map((each: AnyJson): Shown => [each.id, each.content]))
        .reverse();
    },
    canonical: async () => {
      const shown: Shown[] = [];
      for (let after = 0; ; after = shown.length) {
        const page = await people.canonical.call(
          'GET',
          `/conversations/${room}/messages?limit=100&after_number=${after}`,
        );
        shown.push(...page.body.data.map((each: AnyJson): Shown => [each.id, each.content]));
        if (!page.body.has_more) return shown;
      }
    },
  };

  const speak = async (cycle: number): Promise<void> => {
    sockets.messaging.send({ type: 'message', message: `messaging ${cycle}`, message_type: 'text' });
    sockets.chat.send({ message: `chat ${cycle}`, timestamp: '2024-01-01T12:00:00Z', attachments: [] });
    sockets.rooms.send({ type: 'text_message', data: { content: `rooms ${cycle}`, room_id: 'babel' } });
    const [direct, classroom, reply] = await Promise.all([
      ask('direct', 'POST', '/api/messages', { conversation_id: room, content: `direct ${cycle}`, type: 'text' }),
      ask('classroom', 'POST', `/api/conversations/${room}/messages`, { content: `classroom ${cycle}` }),
      canonical.request('message.send', { conversation_id: room, content: `canonical ${cycle}` }),
    ]);
    expect([direct.status, classroom.status, reply.ok]).toEqual([201, 201, true]);
  };

  const inOurs = (type: string): Shown[] =>
    canonical.frames.filter((frame) => frame.type === type).map(({ data }) => [data.message.id, data.message.content]);

  it('receives the same messages in the same order, each once', async () => {
    for (let cycle = 0; cycle < ROUNDS; cycle++) await speak(cycle);
    await canonical.first(({ data }) => data?.message?.sequence_number === COUNT);
    const ours = inOurs('message.created');
    expect(new Set(ours.map(([, content]) => content)).size).toBe(COUNT);
    for (const [name, shownIn] of Object.entries(hears)) {
      const socket = sockets[name as keyof typeof sockets];
      const heard: Shown[] = [];
      while (heard.length < COUNT) heard.push(shownIn(await socket.next((frame) => shownIn(frame) !== undefined))!);
      expect([name, heard]).toEqual([name, ours]);
      expect(socket.left.filter((frame) => shownIn(frame) !== undefined)).toEqual([]);
    }
    for (const [name, list] of Object.entries(lists)) expect([name, await list()]).toEqual([name, ours]);
  });

  it('hides a private room like a room that does not exist, by its slug', async () => {
    const body = { type: 'room', slug: 'cellar', settings: { is_private: true } };
    expect((await people.canonical.call('POST', '/conversations', body)).status).toBe(201);
    const calls: [Speaker, string, (slug: string) => string, object?][] = [
      ['messaging', 'GET', (slug) => `/api/messaging/conversations/${slug}/messages/`],
      ['messaging', 'POST', (slug) => `/api/messaging/conversations/${slug}/messages/`, { content: 'hello' }],
      ['classroom', 'GET', (slug) => `/api/conversations/${slug}`],
      ['classroom', 'PUT', (slug) => `/api/conversations/${slug}`, { title: 'mine' }],
      ['classroom', 'POST', (slug) => `/api/conversations/${slug}/messages`, { content: 'hello' }],
      ['classroom', 'POST', (slug) => `/api/conversations/${slug}/participants`, { user_id: people.chat.id }],
      ['chat', 'GET', (slug) => `/messages/?chat_id=${slug}`],
      ['chat', 'POST', () => '/messages/', { chat_id: 'SLUG', content: 'hello' }],
      ['rooms', 'POST', (slug) => `/api/rooms/${slug}/join/`, {}],
    ];
    const without = ({ status, body: answer }: HttpResponse, slug: string): unknown => [
      status,
      JSON.stringify({ ...answer, timestamp: 0, request_id: 0 }).replaceAll(slug, 'SLUG'),
    ];
    for (const [speaker, method, path, sent] of calls) {
      const [there, nowhere] = await Promise.all(
        ['cellar', 'nowhere'].map(async (slug) => {
          const named = sent && (JSON.parse(JSON.stringify(sent).replace('SLUG', slug)) as object);
          return without(await ask(speaker, method, path(slug), named), slug);
        }),
      );
      expect([speaker, method, there]).toEqual([speaker, method, nowhere]);
      expect((there as [number])[0]).toBe(404);
    }
    const asked: [keyof typeof sockets, (slug: string) => object][] = [
      ['classroom', (slug) => ({ type: 'join_conversation', conversation_id: slug })],
      ['classroom', (slug) => ({ type: 'typing_start', conversation_id: slug })],
      ['chat', (slug) => ({ message: 'hello', chat_id: slug })],
      ['rooms', (slug) => ({ type: 'text_message', data: { content: 'hello', room_id: slug } })],
    ];
    for (const [speaker, frame] of asked) {
      const errors: string[] = [];
      for (const slug of ['cellar', 'nowhere']) {
        sockets[speaker].send(frame(slug));
        const answer = await sockets[speaker].next((each) => JSON.stringify(each).includes('rror'));
        errors.push(JSON.stringify(answer, (name, value: unknown) => (/time|_id$/.test(name) ? null : value)));
      }
      expect([speaker, errors[0]]).toEqual([speaker, errors[1]]);
    }
    const closes = await Promise.all(
      ['cellar', 'nowhere'].map((slug) => {
        const socket = new JsonSocket(world.url, `/ws/chat/${slug}/?token=${people.messaging.token}`);
        return socket.closed;
      }),
    );
    expect(closes[0]).toEqual(closes[1]);
  });

  it('reports a content that is too long in the form of each dialect', async () => {
    const content = '€'.repeat(30_000) + 'x'.repeat(70_001);
    const [[id]] = (await lists.canonical!()) as [Shown];
    const details = { length: 100_001, max_length: 5000 };
    const ours = { error: { code: 'CONTENT_TOO_LONG', details } };
    const inMessaging = { code: 'CONTENT_TOO_LONG', details, error: expect.any(String) };
    const inDirect = { error: { code: 'content_too_long', details } };
    const inClassroom = { code: 'CONTENT_TOO_LONG', detail: [{ type: 'value_error', loc: ['body', 'content'] }] };
    const inChat = { error: true, code: 'VALIDATION_ERROR', details };
    const calls: [Speaker, string, string, object, number, object][] = [
      ['canonical', 'POST', `/api/v1/conversations/${room}/messages`, {}, 400, ours],
      ['canonical', 'PATCH', `/api/v1/messages/${id}`, {}, 400, ours],
      ['messaging', 'POST', `/api/messaging/conversations/${room}/messages/`, {}, 400, inMessaging],
      ['direct', 'POST', '/api/messages', { conversation_id: room, type: 'text' }, 400, inDirect],
      ['classroom', 'POST', `/api/conversations/${room}/messages`, {}, 422, inClassroom],
      ['classroom', 'PUT', `/api/messages/${id}`, {}, 422, inClassroom],
      ['chat', 'POST', '/messages/', { chat_id: 'babel' }, 400, inChat],
      ['chat', 'PUT', `/messages/${id}`, { is_edited: true }, 400, inChat],
    ];
    for (const [speaker, method, path, more, status, body] of calls) {
      expect([speaker, await ask(speaker, method, path, { ...more, content })]).toMatchObject([
        speaker,
        { status, body },
      ]);
    }
  });

  it('reports it over sockets in the form of each dialect, and closes the connection for a larger frame', async () => {
    const text = 'x'.repeat(60_000);
    const details = { length: 60_000, max_length: 5000 };
    // The sockets of the direct and the classroom dialect accept no messages.
    const frames: [keyof typeof sockets, welcome: string, (content: string) => object, refusal: object][] = [
      [
        'messaging',
        'connection_established',
        (content) => ({ type: 'message', message: content, message_type: 'text' }),
        { type: 'error', code: 'CONTENT_TOO_LONG' },
      ],
      [
        'chat',
        'live',
        (content) => ({ message: content, timestamp: '2024-01-01T12:00:00Z', attachments: [] }),
        { error: true, code: 'VALIDATION_ERROR', details },
      ],
      [
        'rooms',
        'system_message',
        (content) => ({ type: 'text_message', data: { content, room_id: 'babel' } }),
        { type: 'error', data: { error_code: 'VALIDATION_ERROR', details: { ...details, cause: 'CONTENT_TOO_LONG' } } },
      ],
    ];
    for (const [name, welcome, frameOf, refusal] of frames) {
      const socket = new JsonSocket(world.url, addresses[name]);
      await socket.next(welcome);
      socket.send(frameOf(text));
      expect(await socket.next((frame) => JSON.stringify(frame).includes('longer than'))).toMatchObject(refusal);
      socket.send(frameOf('x'.repeat(100_001)));
      expect([name, (await socket.closed).code]).toEqual([name, 1009]);
    }
    for (const socket of [await people.canonical.webSocket(), await people.canonical.socketIo()]) {
      const reply = await socket.request('message.send', { conversation_id: room, content: text });
      expect(reply).toMatchObject({ ok: false, error: { code: 'CONTENT_TOO_LONG', details } });
      void socket.request('message.send', { conversation_id: room, content: 'x'.repeat(100_001) });
      // Socket.IO passes no close code to its clients.
      const { code, reason } = await socket.closed;
      expect([1009, 'transport close']).toContain(code || reason);
    }
  });

  it('presents edited and deleted messages at their original position in every dialect', async () => {
    const before = await lists.canonical!();
    const by = (speaker: Speaker): string[] =>
      before.filter(([, content]) => content.startsWith(`${speaker} `)).map(([id]) => id);
    const [ofClassroom, ofChat, ofOurs] = [by('classroom'), by('chat'), by('canonical')];
    expect((await ask('classroom', 'PUT', `/api/messages/${ofClassroom[3]}`, { content: 'changed 1' })).status).toBe(
      200,
    );
    expect((await ask('chat', 'PUT', `/messages/${ofChat[5]}`, { content: 'changed 2', is_edited: true })).status).toBe(
      200,
    );
    expect((await people.canonical.call('PATCH', `/messages/${ofOurs[7]}`, { content: 'changed 3' })).status).toBe(200);
    const gone = [ofClassroom[4]!, ofChat[6]!, ofOurs[8]!];
    expect((await ask('classroom', 'DELETE', `/api/messages/${gone[0]}`)).status).toBe(200);
    expect((await ask('chat', 'DELETE', `/messages/${gone[1]}`)).status).toBe(200);
    expect((await people.canonical.call('DELETE', `/messages/${gone[2]}`)).status).toBe(200);
    const changed = new Map([ofClassroom[3]!, ofChat[5]!, ofOurs[7]!].map((id, i) => [id, `changed ${i + 1}`]));
    const after = before.map(([id, content]): Shown => [id, gone.includes(id) ? '' : (changed.get(id) ?? content)]);
    for (const [name, list] of Object.entries(lists)) expect([name, await list()]).toEqual([name, after]);
    for (const [name, socket] of Object.entries(sockets)) {
      for (const id of changed.keys())
        await socket.next((f) => f.type === 'message.updated' && f.data.message.id === id);
      for (const id of gone) await socket.next((f) => f.type === 'message.deleted' && f.data.message.id === id);
      expect([name, socket.left.filter(({ type }) => type === 'error')]).toEqual([name, []]);
    }
  });
});
