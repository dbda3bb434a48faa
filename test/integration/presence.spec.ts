import { RequestLeaseInterceptor } from '../../src/modules/presence/request-lease.interceptor.js';
import { PresenceLeases } from '../../src/modules/presence/presence-leases.js';
import { PresenceLeasesRepository } from '../../src/modules/presence/presence-leases.repository.js';
import { PresenceService } from '../../src/modules/presence/presence.service.js';
import { newId } from '../../src/platform/database/ids.js';
import { request } from '../support/client/http.js';
import type { Frame } from '../support/client/inbox.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { SocketIoClient } from '../support/client/socket-io.js';
import { JsonSocket, WebSocketClient } from '../support/client/web-socket.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('presence', () => {
  let world: World;
  let leases: PresenceLeases;
  let presence: PresenceService;
  let clients: RealtimeClient[];

  beforeAll(async () => {
    world = await World.start();
    leases = world.get(PresenceLeases);
    presence = world.get(PresenceService);
  });

  beforeEach(() => {
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    await Promise.all(clients.map((client) => client.closed));
  });

  afterAll(() => world.stop());

  const connect = async (actor: User, cursor?: string): Promise<RealtimeClient> => {
    const client = await actor.webSocket(cursor);
    clients.push(client);
    await leases.flushed();
    return client;
  };
  /** Two users who share a group. */
  const friends = async (): Promise<[User, User, string]> => {
    const [anna, ben] = await world.users(2);
    return [anna, ben, await world.group(anna, [ben])];
  };
  const changes = (client: RealtimeClient, userId: string): unknown[] =>
    client.frames
      .filter(({ type, data }) => type === 'presence.changed' && data?.user_id === userId)
      .map(({ data }) => data!.status);
  const changed = (client: RealtimeClient, userId: string, status: string): Promise<Frame> =>
    client.first(({ type, data }) => type === 'presence.changed' && data?.user_id === userId && data.status === status);
  const ask = async (actor: User, ...ids: string[]) =>
    (await actor.call('GET', `/presence?user_ids=${ids.join(',')}`)).body.data;
  const hangUp = async (client: RealtimeClient, userId: string): Promise<void> => {
    client.close();
    await client.closed;
    await released(userId);
  };
  const profiles = (client: RealtimeClient): unknown[] =>
    client.frames.filter(({ type }) => type === 'profile.changed').map(({ data }) => data);
  /** Waits until the server has released the leases of closed connections. */
  const released = async (userId: string): Promise<void> => {
    for (;;) {
      await leases.flushed();
      const [row] = await world.database.query<{ count: string }>(
        `select count(*) as count from presence_leases where user_id = $1 and node_id = '00000000-0000-0000-0000-000000000000'`,
        [userId],
      );
      if (Number(row!.count) > 0) return;
      await new Promise(setImmediate);
    }
  };
  const endGrace = async (userId: string): Promise<void> => {
    await world.database.query(
      `update presence_leases set expires_at = now() - interval '1 second'
        where user_id = $1 and node_id = '00000000-0000-0000-0000-000000000000'`,
      [userId],
    );
    await leases.expire();
  };

  it('is online with the first connection, and is sent once to users who share a conversation', async () => {
    const [anna, ben] = await friends();
    const stranger = await world.user();
    const [annas, strangers] = [await connect(anna), await connect(stranger)];
    await connect(ben);
    await connect(ben);
    const { data } = await changed(annas, ben.userId, 'online');
    expect(data).toEqual({ user_id: ben.userId, status: 'online', custom: null, last_seen: null });
    await presence.set(ben, { status: 'busy' });
    await changed(annas, ben.userId, 'busy');
    expect(changes(annas, ben.userId)).toEqual(['online', 'busy']);
    expect(changes(strangers, ben.userId)).toEqual([]);
    expect(await ask(anna, ben.userId)).toEqual([expect.objectContaining({ user_id: ben.userId, status: 'busy' })]);
  });

  it('omits users without a shared conversation, users who blocked the caller, and unknown users', async () => {
    const [anna, ben] = await friends();
    const stranger = await world.user();
    await connect(stranger);
    await connect(ben);
    expect(
      (await ask(anna, stranger.userId, ben.userId, newId())).map((one: { user_id: string }) => one.user_id),
    ).toEqual([ben.userId]);
    expect((await anna.call('GET', `/users/${stranger.userId}`)).body.status).toBe('offline');
    expect((await anna.call('GET', `/users/${ben.userId}`)).body.status).toBe('online');
    await ben.call('PUT', `/users/${anna.userId}/block`);
    expect(await ask(anna, ben.userId)).toEqual([]);
  });

  it('is returned for at most a hundred users, named by their ids', async () => {
    const anna = await world.user();
    const get = (query: string) => anna.call('GET', `/presence${query}`);
    const ids = Array.from({ length: 100 }, newId);
    expect((await get(`?user_ids=${ids.join(',')}`)).status).toBe(200);
    expect((await get(`?user_ids=${ids[0]}&user_ids=${ids[1]}`)).status).toBe(200);
    for (const query of [
      `?user_ids=${[...ids, newId()].join(',')}`,
      '',
      '?user_ids=',
      '?user_ids=x',
      '?user_ids[a]=1',
    ]) {
      expect((await get(query)).status).toBe(400);
    }
  });

  it('is away if all devices are, and online while any is active', async () => {
    const [anna, ben] = await friends();
    const annas = await connect(anna);
    const [phone, laptop] = [await connect(ben), await connect(ben)];
    await phone.request('presence.set', { status: 'away' });
    expect((await ask(anna, ben.userId))[0].status).toBe('online');
    const reply = await laptop.request('presence.set', { status: 'away', custom: 'lunch' });
    expect(reply.data).toMatchObject({ user_id: ben.userId, status: 'away', custom: 'lunch' });
    await changed(annas, ben.userId, 'away');
    await phone.request('presence.set', { status: 'online' });
    await annas.first(
      ({ data }) => data?.user_id === ben.userId && data.status === 'online' && data.custom === 'lunch',
    );
  });

  it('is as the user sets it: busy, or invisible, which looks like offline', async () => {
    const [anna, ben] = await friends();
    const annas = await connect(anna);
    await connect(ben);
    await ben.call('PUT', '/presence', { status: 'busy', custom: '  in a\nmeeting ' });
    await changed(annas, ben.userId, 'busy');
    expect(await ask(anna, ben.userId)).toMatchObject([{ status: 'busy', custom: 'in a meeting' }]);
    await ben.call('PUT', '/presence', { status: 'offline' });
    const { data } = await changed(annas, ben.userId, 'offline');
    expect(data).toMatchObject({ custom: null, last_seen: expect.any(String) });
    await connect(ben);
    expect(await ask(anna, ben.userId)).toMatchObject([{ status: 'offline', custom: null }]);
    for (const status of ['idle', '', null, 1]) {
      expect((await ben.call('PUT', '/presence', { status })).status).toBe(400);
    }
  });

  it('does not flap if a device returns within the grace period', async () => {
    const [anna, ben] = await friends();
    const annas = await connect(anna);
    await hangUp(await connect(ben), ben.userId);
    await leases.expire();
    await connect(ben);
    await endGrace(ben.userId);
    await presence.set(ben, { status: 'busy' });
    await changed(annas, ben.userId, 'busy');
    expect(changes(annas, ben.userId)).toEqual(['online', 'busy']);
  });

  it('is offline after the grace period, with the time last seen', async () => {
    const [anna, ben] = await friends();
    const annas = await connect(anna);
    await hangUp(await connect(ben), ben.userId);
    await endGrace(ben.userId);
    const { data } = await changed(annas, ben.userId, 'offline');
    expect(Date.parse(data!.last_seen as string)).toBeLessThanOrEqual(Date.now());
    expect((await anna.call('GET', `/users/${ben.userId}`)).body).toMatchObject({
      status: 'offline',
      last_seen: data!.last_seen,
    });
  });

  describe('after the last connection closed', () => {
    type Open = (token: string, userId: string) => Promise<{ leave: () => void }>;
    /** The leases in their grace period. */
    const graceOf = (userId: string): Promise<{ is_short: boolean }[]> =>
      world.database.query(
        `select expires_at <= now() + interval '3 seconds' as is_short from presence_leases
          where user_id = $1 and node_id = '00000000-0000-0000-0000-000000000000'`,
        [userId],
      );
    const port = (): number => world.port;
    const plain = async (token: string, leave: (client: WebSocketClient) => void): Promise<{ leave: () => void }> => {
      const client = new WebSocketClient(port(), `?token=${token}`);
      await client.first('live');
      return { leave: () => leave(client) };
    };
    const socketIo = async (token: string, leave: (client: SocketIoClient) => void): Promise<{ leave: () => void }> => {
      const client = new SocketIoClient(port(), { token });
      await client.first('live');
      return { leave: () => leave(client) };
    };
    const dialect = async (path: string): Promise<{ leave: () => void }> => {
      const socket = new JsonSocket(world.url, path);
      await socket.opened;
      return { leave: () => socket.socket.close(1001) };
    };
    const wireOf = ({ socket }: SocketIoClient): WebSocketClient['socket'] =>
      (socket.io.engine.transport as unknown as { ws: WebSocketClient['socket'] }).ws;
    const isPresent = async ({ userId }: User): Promise<void> => {
      for (;;) {
        await leases.flushed();
        if ((await world.database.query('select from presence_leases where user_id = $1', [userId])).length > 0) return;
        await new Promise(setImmediate);
      }
    };

    it.each<[string, Open]>([
      ['a plain WebSocket', (token) => plain(token, ({ socket }) => socket.close())],
      ['a plain WebSocket of a page that goes away', (token) => plain(token, ({ socket }) => socket.close(1001))],
      ['Socket.IO', (token) => socketIo(token, (client) => client.close())],
      ['Socket.IO of a page that goes away', (token) => socketIo(token, (client) => wireOf(client).close(1001))],
      ['the direct dialect', (token) => dialect(`/ws?token=${token}`)],
      ['the classroom dialect', (token) => dialect(`/api/ws/${token}`)],
      ['the chat dialect', (token, userId) => dialect(`/ws/${userId}?token=${token}`)],
      ['the rooms dialect', (token) => dialect(`/ws/chat/?token=${token}`)],
    ])('has the short grace period if the client closed it: %s', async (_name, open) => {
      const ben = await world.user();
      const { leave } = await open(ben.token, ben.userId);
      await isPresent(ben);
      leave();
      await released(ben.userId);
      expect((await graceOf(ben.userId)).filter(({ is_short }) => !is_short)).toEqual([]);
    });

    it.each<[string, Open]>([
      ['a plain WebSocket', (token) => plain(token, (client) => client.close())],
      ['Socket.IO', (token) => socketIo(token, (client) => wireOf(client).terminate())],
    ])('has the long grace period if the connection was lost: %s', async (_name, open) => {
      const ben = await world.user();
      const { leave } = await open(ben.token, ben.userId);
      await isPresent(ben);
      leave();
      await released(ben.userId);
      expect(await graceOf(ben.userId)).toEqual([{ is_short: false }]);
    });

    it('follows the last connection: an earlier loss has no grace period any more', async () => {
      const [anna, ben] = await friends();
      const annas = await connect(anna);
      await hangUp(await connect(ben), ben.userId);
      const last = (await connect(ben)) as WebSocketClient;
      last.socket.close();
      await last.closed;
      await changed(annas, ben.userId, 'offline');
      expect(changes(annas, ben.userId)).toEqual(['online', 'offline']);
    });

    it('has none after a logout', async () => {
      const [anna, ben] = await friends();
      const annas = await connect(anna);
      await hangUp(await connect(ben), ben.userId);
      const last = await connect(ben);
      const notified = changed(annas, ben.userId, 'offline');
      expect((await ben.call('POST', '/auth/logout')).status).toBe(204);
      await last.closed;
      await notified;
      expect(await graceOf(ben.userId)).toEqual([]);
    });

    it('has none after a logout while the connection is already lost', async () => {
      const [anna, ben] = await friends();
      const annas = await connect(anna);
      await hangUp(await connect(ben), ben.userId);
      expect((await ben.call('POST', '/auth/logout')).status).toBe(204);
      await changed(annas, ben.userId, 'offline');
    });
  });

  describe('without a socket', () => {
    const expiryOf = async (userId: string): Promise<{ left: number }[]> =>
      world.database.query(
        `select round(extract(epoch from expires_at - now()))::int as left from presence_leases where user_id = $1`,
        [userId],
      );
    const expireSoon = (userId: string): Promise<unknown> =>
      world.database.query(`update presence_leases set expires_at = now() + interval '20 seconds' where user_id = $1`, [
        userId,
      ]);

    it('is as set while the client makes requests, and offline afterwards', async () => {
      const [anna, ben] = await friends();
      const annas = await connect(anna);
      const callers = world.get(RequestLeaseInterceptor);
      await ben.call('PUT', '/presence', { status: 'busy' });
      await changed(annas, ben.userId, 'busy');
      expect((await anna.call('GET', `/users/${ben.userId}`)).body.status).toBe('busy');
      await expireSoon(ben.userId);
      const renewed = jest.spyOn(PresenceLeasesRepository.prototype, 'renewRequestLeases');
      await callers.renew();
      renewed.mockClear();
      for (let i = 0; i < 5; i++) await ben.call('GET', '/users/me');
      expect(renewed).not.toHaveBeenCalled();
      await callers.renew();
      expect(renewed.mock.calls).toEqual([[[ben.sessionId]]]);
      renewed.mockRestore();
      expect((await expiryOf(ben.userId))[0]!.left).toBeGreaterThan(50);
      await world.database.query(`update presence_leases set expires_at = now() where user_id = $1`, [ben.userId]);
      await leases.expire();
      await changed(annas, ben.userId, 'offline');
    });

    it('ends with the session, at once', async () => {
      const [anna, ben] = await friends();
      const annas = await connect(anna);
      await ben.call('PUT', '/presence', { status: 'online' });
      await changed(annas, ben.userId, 'online');
      await ben.call('POST', '/auth/logout');
      await changed(annas, ben.userId, 'offline');
    });

    it('ends when the client closes the socket of the same session', async () => {
      const [anna, ben] = await friends();
      const annas = await connect(anna);
      const bens = (await connect(ben)) as WebSocketClient;
      await ben.call('PUT', '/presence', { status: 'busy' });
      bens.socket.close();
      await bens.closed;
      await changed(annas, ben.userId, 'offline');
    });
  });

  it('is ended by other nodes, once, for a node that died', async () => {
    const [anna, ben] = await friends();
    const annas = await connect(anna);
    const deadNode = newId();
    for (let i = 0; i < 3; i++) {
      await world.database.query(
        `insert into presence_leases values ($1, $2, $3, false, now() + interval '40 seconds')`,
        [newId(), ben.userId, deadNode],
      );
    }
    await leases.recompute([ben.userId]);
    await changed(annas, ben.userId, 'online');
    await leases.renew();
    await world.database.query(
      `update presence_leases set expires_at = now() - interval '1 second' where node_id = $1`,
      [deadNode],
    );
    await Promise.all(Array.from({ length: 5 }, () => leases.expire()));
    await changed(annas, ben.userId, 'offline');
    await leases.expire();
    expect(changes(annas, ben.userId)).toEqual(['online', 'offline']);
  });

  it('survives the loss of all leases: present users return, absent ones are announced', async () => {
    const [anna, ben, id] = await friends();
    const carl = await world.user();
    await anna.call('POST', `/conversations/${id}/participants`, { user_ids: [carl.userId] });
    const annas = await connect(anna);
    await connect(ben);
    await world.database.query(
      `insert into presence_leases values ($1, $2, $3, false, now() + interval '40 seconds')`,
      [newId(), carl.userId, newId()],
    );
    await leases.recompute([carl.userId]);
    await changed(annas, carl.userId, 'online');
    await world.database.query('truncate presence_leases');
    await leases.renew();
    await changed(annas, carl.userId, 'offline');
    expect(await ask(anna, ben.userId, carl.userId)).toMatchObject([{ status: 'online' }, { status: 'offline' }]);
  });

  it('includes changed names and pictures, for users who share a conversation and are not blocked', async () => {
    const [anna, ben] = await friends();
    const [blocked, stranger] = await world.users(2);
    await world.group(anna, [blocked]);
    expect((await anna.call('PUT', `/users/${blocked.userId}/block`)).status).toBe(204);
    const [own, friend, others] = [
      await connect(anna),
      await connect(ben),
      [await connect(blocked), await connect(stranger)],
    ];
    const profile = { display_name: 'Anna Prime', avatar_url: 'https://example.com/anna.png' };
    expect((await anna.call('PATCH', '/users/me', profile)).status).toBe(200);
    const { data } = await friend.first('profile.changed');
    expect(data).toEqual({ user_id: anna.userId, username: anna.username, ...profile });
    for (const client of [own, ...others]) {
      expect((await client.request('ping')).ok).toBe(true);
      expect(profiles(client)).toEqual([]);
    }
  });

  it('includes names and pictures that changed during a disconnection', async () => {
    const [anna, ben] = await friends();
    const carl = await world.user();
    await world.group(anna, [carl]);
    const witness = await connect(carl);
    const before = await connect(ben);
    const cursor = (await before.first('live')).data!.cursor as string;
    await hangUp(before, ben.userId);
    await anna.call('PATCH', '/users/me', { display_name: 'Anna Second' });
    await anna.call('PATCH', '/users/me', { display_name: 'Anna Third' });
    // Sent to connected users; Ben connects later and receives it with the resume.
    await witness.first(({ type, data }) => type === 'profile.changed' && data?.display_name === 'Anna Third');
    const after = await connect(ben, cursor);
    expect(profiles(after)).toEqual([
      { user_id: anna.userId, username: anna.username, display_name: 'Anna Third', avatar_url: null },
    ]);
    expect(profiles(await connect(ben))).toEqual([]);
  });

  it('is not sent in conversations of more than 500 participants', async () => {
    const [anna, ben, id] = await friends();
    await world.database.query(
      `with u as (insert into users (id, username, display_name)
                  select gen_random_uuid(), 'many' || n, 'many' from generate_series(1, 499) n returning id)
       insert into participants (conversation_id, user_id, joined_seq) select $1, id, 1 from u`,
      [id],
    );
    const annas = await connect(anna);
    const bens = await connect(ben);
    await changed(bens, ben.userId, 'online'); // the own devices receive it in any case
    await bens.request('typing.start', { conversation_id: id });
    await annas.first('typing');
    expect(changes(annas, ben.userId)).toEqual([]);
  });

  describe('typing', () => {
    it('is sent to other participants, never to the typing user, and stops', async () => {
      const [anna, ben, id] = await friends();
      const stranger = await world.user();
      const [annas, bens, strangers] = [await connect(anna), await connect(ben), await connect(stranger)];
      expect((await bens.request('typing.start', { conversation_id: id })).ok).toBe(true);
      const frame = await annas.first('typing');
      expect(frame).toMatchObject({
        conversation_id: id,
        data: {
          user_id: ben.userId,
          user_name: ben.displayName,
          conversation_id: id,
          is_typing: true,
          ttl_ms: 6000,
        },
      });
      expect((await ben.call('DELETE', `/conversations/${id}/typing`)).status).toBe(204);
      await annas.first(({ type, data }) => type === 'typing' && data?.is_typing === false);
      await anna.call('POST', `/conversations/${id}/messages`, { content: 'after' });
      await bens.first('message.created');
      expect([...bens.frames, ...strangers.frames].filter(({ type }) => type === 'typing')).toEqual([]);
    });

    describe('with two nodes', () => {
      let there: World;

      beforeAll(async () => {
        there = await World.start({ DATABASE_URL: world.database.url, JWT_SECRET: world.config.jwtSecret });
      });
      afterAll(() => there.stop());

      /** Ben types in a group with Anna at this node and Carl at the other; both have been notified. */
      const scene = async () => {
        const [anna, ben, carl] = await world.users(3);
        const id = await world.group(anna, [ben, carl]);
        const [annas, bens, carls] = [await connect(anna), await connect(ben), await carl.at(there).webSocket()];
        clients.push(carls);
        const startTyping = async (): Promise<void> => {
          for (const client of [annas, carls]) client.frames.length = 0;
          expect((await bens.request('typing.start', { conversation_id: id })).ok).toBe(true);
          for (const client of [annas, carls]) await client.first('typing');
        };
        const typingEnds = async (): Promise<void> => {
          for (const client of [annas, carls]) {
            await client.first(({ type, data }) => type === 'typing' && data?.is_typing === false);
            const states = client.frames.filter(({ type }) => type === 'typing').map(({ data }) => data!.is_typing);
            expect(states).toEqual([true, false]);
          }
        };
        await startTyping();
        return { anna, ben, annas, bens, id, startTyping: startTyping, typingEnds: typingEnds };
      };

      it('ends with the message, on any node and over any API', async () => {
        const { ben, bens, id, startTyping, typingEnds } = await scene();
        await ben.at(there).call('POST', `/conversations/${id}/messages`, { content: 'done' });
        await typingEnds();
        await startTyping();
        await bens.request('message.send', { conversation_id: id, content: 'done again' });
        await typingEnds();
        await startTyping();
        await request('POST', `${there.url}/api/conversations/${id}/messages`, {
          token: ben.token,
          body: { content: 'in another dialect' },
        });
        await typingEnds();
      });

      it.each<[string, (anna: User, ben: User, id: string) => Promise<unknown>]>([
        ['leaving', (_anna, ben, id) => ben.at(there).call('POST', `/conversations/${id}/leave`)],
        [
          'removal',
          (anna, { userId }, id) => anna.at(there).call('DELETE', `/conversations/${id}/participants/${userId}`),
        ],
        [
          'muting',
          (anna, { userId }, id) =>
            anna.at(there).call('PATCH', `/conversations/${id}/participants/${userId}`, { is_muted: true }),
        ],
        [
          'freezing out',
          (anna, _ben, id) => anna.at(there).call('PATCH', `/conversations/${id}`, { settings: { is_frozen: true } }),
        ],
      ])('ends with the %s of the typing user', async (_name, act) => {
        const { anna, ben, id, typingEnds } = await scene();
        await act(anna, ben, id);
        await typingEnds();
      });

      it('ends in a direct conversation when the other user blocks the typing one, and nowhere else', async () => {
        const { anna, ben, annas, bens, id } = await scene();
        const { body } = await anna.call('POST', '/conversations', {
          type: 'direct',
          participant_ids: [ben.userId],
        });
        const annasThere = await anna.at(there).webSocket();
        clients.push(annasThere);
        await bens.request('typing.start', { conversation_id: body.id });
        for (const client of [annas, annasThere]) {
          await client.first(({ type, conversation_id }) => type === 'typing' && conversation_id === body.id);
        }
        expect((await anna.at(there).call('PUT', `/users/${ben.userId}/block`)).status).toBe(204);
        await annas.first(({ type, data }) => type === 'typing' && data?.is_typing === false);
        await bens.request('typing.stop', { conversation_id: id });
        await annas.first(({ type, data, conversation_id }) => {
          return type === 'typing' && data?.is_typing === false && conversation_id === id;
        });
        const ended = annas.frames.filter(({ type, data }) => type === 'typing' && data?.is_typing === false);
        expect(ended.map(({ conversation_id }) => conversation_id)).toEqual([body.id, id]);
      });

      it('ends with the last socket of the typing user on any node, not with an earlier one', async () => {
        const { ben, bens, annas, typingEnds } = await scene();
        const last = await ben.at(there).webSocket();
        bens.close();
        await bens.closed;
        await released(ben.userId);
        expect((await annas.request('ping')).ok).toBe(true);
        expect(annas.frames.filter(({ type }) => type === 'typing')).toHaveLength(1);
        last.close();
        await typingEnds();
      });
    });
  });
});
