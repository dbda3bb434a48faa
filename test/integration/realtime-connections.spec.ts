import { Logger, Module, UseGuards } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { ServiceUnavailable } from '../../src/platform/errors/app-error.js';
import { Gateway } from '../../src/platform/realtime/commands/gateway.decorators.js';
import { CLOSE_REASONS } from '../../src/platform/realtime/connection/close-reasons.js';
import { Connections } from '../../src/platform/realtime/connection/connections.js';
import { DrainCoordinator } from '../../src/platform/health/drain-coordinator.js';
import { reconnectSpreadMs } from '../../src/platform/realtime/connection/going-away.js';
import { SocketIoServer } from '../../src/platform/realtime/transport/socket-io-server.js';
import { type HttpResponse, request } from '../support/client/http.js';
import { RawConnection } from '../support/client/raw.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { openPolling, SocketIoClient, TRANSPORTS } from '../support/client/socket-io.js';
import { refusedWith, WebSocketClient } from '../support/client/web-socket.js';
import { type RealtimeApp, startRealtimeApp } from '../support/realtime-app.js';

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
const QUICK = { tickMs: 20, authDeadlineMs: 100, heartbeatMs: 100, pongTimeoutMs: 60, sessionCheckMs: 30 };

describe('a realtime connection', () => {
  let server: RealtimeApp;
  const clients: RealtimeClient[] = [];

  const track = <Client extends RealtimeClient>(client: Client): Client => {
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startRealtimeApp({}, { ALLOWED_ORIGINS: 'https://chat.example.com' });
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  afterAll(() => server.close());

  describe.each(TRANSPORTS)('over %s', (_name, connect) => {
    it('sends hello, then ready, then live', async () => {
      const client = track(connect(server.port, 'alice:s1'));
      const live = await client.first('live');
      expect(client.frames.map(({ type }) => type)).toEqual(['hello', 'ready', 'live']);
      expect(live.data).toEqual({ cursor: 'c', replayed: 0 });
      expect(client.frames[1]!.data).toMatchObject({ user: { id: 'user-alice' }, session_id: 's1', resumed: false });
    });

    it('answers a request once, with its data', async () => {
      const client = track(connect(server.port, 'alice:s1'));
      await client.first('live');
      expect(await client.request('test.echo', { text: 'grüß' })).toMatchObject({ ok: true, data: { text: 'grüß' } });
      expect(await client.request('ping')).toMatchObject({ ok: true, data: { server_time: expect.any(String) } });
    });

    it('answers invalid input with every problem, and a defect without its cause', async () => {
      const client = track(connect(server.port, 'alice:s1'));
      await client.first('live');
      const invalid = await client.request('test.echo', { text: 5, more: 1 });
      expect(invalid.error).toMatchObject({ code: 'VALIDATION_ERROR' });
      expect(JSON.stringify(invalid.error!.details)).toContain('more');
      const poisoned = await client.request('test.echo', { text: 'a\u0000b' });
      expect(poisoned.error!.code).toBe('VALIDATION_ERROR');
      const broken = await client.request('test.break');
      expect(broken.error).toMatchObject({ code: 'INTERNAL_ERROR', details: {} });
      expect(JSON.stringify(broken)).not.toContain('secret');
      expect(await client.request('nothing.of.the.kind')).toMatchObject({ error: { code: 'UNKNOWN_FRAME_TYPE' } });
    });

    it('starts requests in order, and refuses more than 32 in flight', async () => {
      server.gateway.started.length = 0;
      const client = track(connect(server.port, 'alice:s1'));
      await client.first('live');
      const replies = Array.from({ length: 33 }, (_, index) => client.request('test.wait', { text: String(index) }));
      expect(await replies[32]).toMatchObject({ ok: false, error: { code: 'TOO_MANY_IN_FLIGHT' } });
      expect(server.gateway.started).toEqual(Array.from({ length: 32 }, (_, index) => String(index)));
      for (const answer of server.gateway.waiting.splice(0)) answer();
      await Promise.all(replies);
      expect(await client.request('test.echo', { text: 'again' })).toMatchObject({ ok: true });
    });

    it('leaves the fan-out when it closes', async () => {
      const client = track(connect(server.port, 'leaver:s9'));
      await client.first('live');
      expect(server.fanOut.of('leaver')).toHaveLength(1);
      client.close();
      await until(() => server.fanOut.of('leaver').length === 0);
    });

    it('is closed with the reason when its session has ended', async () => {
      const revoked = track(connect(server.port, 'carol:gone'));
      const banned = track(connect(server.port, 'mallory:s2'));
      const control = track(connect(server.port, 'bob:s3'));
      await Promise.all([revoked, banned, control].map((client) => client.first('live')));
      server.app.get(Connections).disconnectSessions(['gone'], 'revoked');
      server.app.get(Connections).disconnectSessions(['s2'], 'banned');
      expect((await revoked.closed).code).toBe(CLOSE_REASONS.revoked.code);
      expect((await banned.closed).code).toBe(CLOSE_REASONS.banned.code);
      expect(revoked.frames.at(-1)).toMatchObject({ type: 'error', error: { code: 'SESSION_REVOKED' } });
      expect(await control.request('ping')).toMatchObject({ ok: true });
    });
  });

  it('accepts a request without an id, and replies without one', async () => {
    const client = track(new WebSocketClient(server.port, '?token=alice:s1'));
    await client.first('live');
    client.socket.send('{"type":"test.echo","data":{"text":"no id"}}');
    expect(await client.first('reply')).toEqual({ type: 'reply', ok: true, data: { text: 'no id' } });
    client.socket.send('{"type":"test.echo","data":{"text":7}}');
    expect(await client.first('error')).toMatchObject({ error: { code: 'VALIDATION_ERROR' } });
    const socketIo = track(new SocketIoClient(server.port, { token: 'alice:s1' }));
    await socketIo.first('live');
    socketIo.socket.emit('test.echo', { text: 'no acknowledgement' });
    expect(await socketIo.request('ping')).toMatchObject({ ok: true });
    expect(socketIo.frames.filter(({ type }) => type === 'reply')).toEqual([]);
  });

  it('opens at its path with a trailing slash', async () => {
    await track(new WebSocketClient(server.port, '/?token=alice:s1')).first('live');
  });

  it('is refused without a valid host, or with two', async () => {
    for (const host of ['Host: a/b', 'Host: a\r\nHost: a', 'Host: <x>']) {
      for (const path of ['/api/v1/realtime?token=alice:s1', '/socket.io/?EIO=4&transport=websocket', '/nowhere']) {
        const connection = new RawConnection(server.url, `GET ${path} HTTP/1.1\r\n${host}\r\n${UPGRADE}\r\n`);
        expect([host, await connection.read()]).toEqual([host, expect.stringMatching(/^HTTP\/1\.1 400 /)]);
        connection.socket.destroy();
      }
    }
  });

  it('is authenticated by its first frame, which may contain a cursor', async () => {
    const plain = track(new WebSocketClient(server.port));
    await plain.first('hello');
    const resume = { cursor: 'x', conversations: { c1: 4 } };
    plain.socket.send(JSON.stringify({ type: 'auth', id: 'a', data: { token: 'alice:s1', resume } }));
    plain.socket.send(JSON.stringify({ type: 'test.echo', id: 'b', data: { text: 'early' } }));
    expect((await plain.first(({ id }) => id === 'b')).data).toEqual({ text: 'early' });
    expect((await plain.first('ready')).data).toMatchObject({ resumed: true });
    expect(server.fanOut.resumes.at(-1)).toEqual(resume);
    const socketIo = track(new SocketIoClient(server.port));
    await socketIo.first('hello');
    expect(await socketIo.request('auth', { token: 'bob:s2' })).toMatchObject({ ok: true });
    await socketIo.first('live');
  });

  it('is refused requests before the authentication, and a second authentication afterwards', async () => {
    const client = track(new WebSocketClient(server.port));
    await client.first('hello');
    expect((await client.request('ping')).error!.code).toBe('AUTHENTICATION_REQUIRED');
    expect((await client.request('auth', { token: 'nonsense' })).error!.code).toBe('AUTHENTICATION_REQUIRED');
    expect((await client.request('auth', { token: 7 })).error!.code).toBe('VALIDATION_ERROR');
    expect((await client.request('auth', { token: 'bob:s1' })).ok).toBe(true);
    expect((await client.request('auth', { token: 'bob:s1' })).error!.code).toBe('ALREADY_AUTHENTICATED');
  });

  it('accepts a header, a subprotocol or a single-use ticket, and is refused before the upgrade without a valid one', async () => {
    const header = track(new WebSocketClient(server.port, '', { headers: { authorization: 'Bearer alice:s1' } }));
    await header.first('live');
    const offered = track(new WebSocketClient(server.port, '', { protocols: ['parley.v1', 'bearer.alice~s1'] }));
    await offered.first('live');
    expect(offered.socket.protocol).toBe('parley.v1');
    server.authenticator.tickets.set('t1', 'alice:s1');
    await track(new WebSocketClient(server.port, '?ticket=t1')).first('live');
    expect(await refusedWith(server.port, '/api/v1/realtime?ticket=t1')).toBe(401);
    expect(await refusedWith(server.port, '/api/v1/realtime?token=nonsense')).toBe(401);
    expect(await refusedWith(server.port, '/somewhere/else')).toBe(404);
    const refused = track(new SocketIoClient(server.port, { token: 'nonsense' }));
    const error = await new Promise<Error & { data?: unknown }>((resolve) =>
      refused.socket.on('connect_error', resolve),
    );
    expect(error.data).toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
  });

  it.each(['/api/v1/realtime?token=alice:s1', '/socket.io/?EIO=4&transport=websocket'])(
    'opens %s only for pages of an allowed origin',
    async (path) => {
      const refused = [
        'null',
        'https://chat.example.com.evil.example',
        'http://chat.example.com',
        'https://chat.example.com:8443',
        'https://CHAT.example.com',
        'https://evilchat.example.com',
      ];
      for (const origin of refused) {
        expect([origin, await refusedWith(server.port, path, { headers: { origin } })]).toEqual([origin, 403]);
      }
    },
  );

  it('opens for the allowed origin, for its own, and for programs without one', async () => {
    for (const origin of ['https://chat.example.com', `http://127.0.0.1:${server.port}`]) {
      await track(new WebSocketClient(server.port, '?token=alice:s1', { headers: { origin } })).first('live');
      const extraHeaders = { origin };
      await track(new SocketIoClient(server.port, { token: 'alice:s1' }, { extraHeaders })).first('live');
    }
  });

  it('checks the origin of polling, too, and carries frames over it', async () => {
    const address = `http://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=polling`;
    const headers = { origin: 'https://evil.example' };
    const foreign = await request('GET', address, { headers });
    expect(foreign.status).toBe(403);
    const stolen = await request('GET', `${address}&sid=${await openPolling(address)}`, { headers });
    expect(stolen.status).toBe(403);
    const client = track(
      new SocketIoClient(server.port, { token: 'alice:s1' }, { transports: ['polling', 'websocket'] }),
    );
    await client.first('live');
    expect(await client.request('test.echo', { text: 'polled' })).toMatchObject({ data: { text: 'polled' } });
    await until(() => client.socket.io.engine.transport.name === 'websocket');
    expect(await client.request('test.echo', { text: 'upgraded' })).toMatchObject({ data: { text: 'upgraded' } });
  });

  it('is extended only by a token of the same user', async () => {
    const client = track(new WebSocketClient(server.port, '?token=alice:s1'));
    await client.first('live');
    expect(await client.request('auth.refresh', { token: 'alice:s2' })).toMatchObject({ ok: true });
    expect(await client.request('auth.refresh', { token: 'bob:s2' })).toMatchObject({
      error: { code: 'PERMISSION_DENIED' },
    });
    server.app.get(Connections).disconnectSessions(['s2'], 'revoked');
    expect((await client.closed).code).toBe(4401);
  });

  it('is not extended by a session that has just ended on another node', async () => {
    const client = track(new WebSocketClient(server.port, '?token=alice:s1'));
    await client.first('live');
    server.authenticator.ended.set('s3', 'revoked');
    client.socket.send(JSON.stringify({ type: 'auth.refresh', id: '1', data: { token: 'alice:s3' } }));
    expect((await client.closed).code).toBe(4401);
    server.authenticator.ended.clear();
  });
});

describe('a gateway of NestJS', () => {
  it('adds no listener to the Socket.IO server or to a connection', async () => {
    const server = await startRealtimeApp();
    const client = new SocketIoClient(server.port, { token: 'alice:s1' });
    try {
      await client.first('live');
      const { sockets } = server.app.get(SocketIoServer)['server']!;
      expect(sockets.listenerCount('connection')).toBe(1);
      const events = [...sockets.sockets.values()].map((socket) => socket.eventNames());
      expect(events).toEqual([['error', 'disconnect']]); // Socket.IO itself listens to `error`
    } finally {
      client.close();
      await server.close();
    }
  });

  it('is not served with the adapter of NestJS, which adds listeners for each gateway to each connection', async () => {
    const start = startRealtimeApp({}, {}, { adapterOf: (app) => new IoAdapter(app) });
    await expect(start).rejects.toThrow('Call app.useWebSocketAdapter(app.get(SocketIoAdapter))');
  });

  it('prevents the start with a guard, which would have no effect', async () => {
    @UseGuards(class Deny {})
    @Gateway()
    class Guarded {}
    @Module({ providers: [Guarded] })
    class GuardedModule {}
    const start = startRealtimeApp({}, {}, { imports: [GuardedModule] });
    await expect(start).rejects.toThrow('Guarded has @UseGuards, which has no effect on frames');
  });
});

describe('the server with limits of connections', () => {
  let server: RealtimeApp;

  afterEach(() => server.close());

  it('closes a connection that does not authenticate in time', async () => {
    server = await startRealtimeApp(QUICK);
    const plain = new WebSocketClient(server.port);
    const socketIo = new SocketIoClient(server.port);
    expect((await plain.closed).code).toBe(4301);
    expect((await socketIo.closed).code).toBe(4301);
  });

  it('closes a connection that does not answer pings, and no other', async () => {
    // A busy machine delays the pong of the living client, too.
    server = await startRealtimeApp({ tickMs: QUICK.tickMs, heartbeatMs: 2000, pongTimeoutMs: 1500 });
    const dead = new WebSocketClient(server.port, '?token=alice:s1', { autoPong: false });
    const alive = new WebSocketClient(server.port, '?token=alice:s1');
    await alive.first('live');
    expect((await dead.closed).code).toBe(4002);
    expect(await alive.request('ping')).toMatchObject({ ok: true });
    alive.close();
  });

  it('sends a warning before the token expires, and closes afterwards', async () => {
    // Without a short heartbeat: on a busy machine a pong may take longer than its 60 ms, which is not the subject.
    server = await startRealtimeApp({ tickMs: QUICK.tickMs });
    const expires = Math.floor(Date.now() / 1000) + 5;
    const clients = TRANSPORTS.map(([, connect]) => connect(server.port, `alice:s1:${expires}`));
    for (const client of clients) {
      await client.first('auth.expiring');
      expect((await client.closed).code).toBe(4101);
    }
  });

  it('closes connections of sessions that ended in the database, without a hint', async () => {
    server = await startRealtimeApp({ tickMs: QUICK.tickMs, sessionCheckMs: QUICK.sessionCheckMs });
    const clients = TRANSPORTS.map(([, connect]) => connect(server.port, 'alice:s1'));
    await Promise.all(clients.map((client) => client.first('live')));
    server.authenticator.ended.set('s1', 'banned');
    for (const client of clients) expect((await client.closed).code).toBe(4403);
  });

  it('limits the sockets of a user', async () => {
    server = await startRealtimeApp({ socketsPerUser: 0.00002 }); // the multiplier of the tests is 100,000
    const first = new WebSocketClient(server.port, '?token=alice:s1');
    const second = new SocketIoClient(server.port, { token: 'alice:s1' });
    await Promise.all([first.first('live'), second.first('live')]);
    expect((await new WebSocketClient(server.port, '?token=alice:s1').closed).code).toBe(4309);
    first.close();
    second.close();
  });

  it('limits the upgrades a second', async () => {
    server = await startRealtimeApp({ upgradesPerSecond: 0.00001 });
    const first = new WebSocketClient(server.port, '?token=alice:s1');
    await first.first('live');
    expect(await refusedWith(server.port, '/api/v1/realtime?token=alice:s1')).toBe(503);
    first.close();
  });

  it('limits the sessions of Socket.IO a second, with any session id', async () => {
    server = await startRealtimeApp({ upgradesPerSecond: 0.00001 });
    const first = new WebSocketClient(server.port, '?token=alice:s1');
    await first.first('live');
    for (const [sid, status] of [
      ['', 503],
      ['&sid=', 503],
      ['&sid=&sid=', 503],
      ['&sid=none', 400],
      ['&sid=__proto__', 400],
    ] as const) {
      const address = `/socket.io/?EIO=4&token=alice:s1${sid}`;
      expect([sid, await refusedWith(server.port, `${address}&transport=websocket`)]).toEqual([sid, status]);
      const polled = await request('GET', `http://127.0.0.1:${server.port}${address}&transport=polling`);
      expect([sid, polled.status]).toEqual([sid, status]);
    }
    first.close();
  });

  describe('over polling', () => {
    const pollingOf = ({ port }: RealtimeApp): string => `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
    const refusalOf = ({ status, body }: HttpResponse): [number, string] => [status, body.error.code];
    const poll = (address: string): Promise<HttpResponse> => request('GET', address);

    it('refuses a session of another process with the reason, and logs it once', async () => {
      server = await startRealtimeApp();
      const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
      for (let n = 0; n < 3; n++) {
        expect(refusalOf(await poll(`${pollingOf(server)}&sid=elsewhere`))).toEqual([400, 'SOCKET_SESSION_UNKNOWN']);
      }
      expect(warned.mock.calls.map(([line]) => line as string)).toEqual([
        expect.stringContaining("transports: ['websocket']"),
      ]);
      warned.mockRestore();
    });

    it('never responds with a script', async () => {
      server = await startRealtimeApp();
      for (const j of ['&j=0', '&j=', `&j=0&sid=${await openPolling(pollingOf(server))}`]) {
        expect([j, ...refusalOf(await poll(pollingOf(server) + j))]).toEqual([j, 400, 'VALIDATION_ERROR']);
      }
    });

    it('is refused with an error if it is disabled', async () => {
      server = await startRealtimeApp({}, { SOCKET_IO_POLLING: 'false' });
      expect(refusalOf(await poll(pollingOf(server)))).toEqual([400, 'POLLING_DISABLED']);
      const client = new SocketIoClient(server.port, { token: 'alice:s1' });
      await client.first('live');
      client.close();
    });

    it('continues a session only from the IP address that opened it', async () => {
      server = await startRealtimeApp({}, { TRUST_PROXY: '1' });
      const sid = await openPolling(pollingOf(server), { 'x-forwarded-for': '203.0.113.7:4711' });
      const continueFrom = (address: string): Promise<HttpResponse> =>
        request('POST', `${pollingOf(server)}&sid=${sid}`, { body: '40', headers: { 'x-forwarded-for': address } });
      expect(refusalOf(await continueFrom('203.0.113.8'))).toEqual([400, 'SOCKET_SESSION_TAKEN']);
      const headers = { 'x-forwarded-for': '203.0.113.8' };
      const upgrade = `/socket.io/?EIO=4&transport=websocket&sid=${sid}`;
      expect(await refusedWith(server.port, upgrade, { headers })).toBe(400);
      expect((await continueFrom('203.0.113.7:4712')).status).toBe(200);
    });
  });

  it('refuses to continue a Socket.IO session of another client', async () => {
    server = await startRealtimeApp();
    const owner = new SocketIoClient(server.port, { token: 'alice:s1' });
    await owner.first('live');
    const { id } = owner.socket.io.engine as unknown as { id: string };
    expect(await refusedWith(server.port, `/socket.io/?EIO=4&transport=websocket&sid=${id}`)).toBe(400);
    expect(await owner.request('test.echo', { text: 'still mine' })).toMatchObject({ ok: true });
    owner.close();
  });

  it('accepts pages of PUBLIC_URL behind a proxy that rewrites the host', async () => {
    server = await startRealtimeApp({}, { PUBLIC_URL: 'https://chat.example.com/app' });
    const headers = { origin: 'https://chat.example.com', host: 'parley-1.internal:3000' };
    const client = new WebSocketClient(server.port, '?token=alice:s1', { headers });
    await client.first('live');
    client.close();
    for (const origin of [
      'http://chat.example.com',
      'https://chat.example.com:444',
      'https://parley-1.internal:3000',
    ]) {
      const foreign = { ...headers, origin };
      expect([origin, await refusedWith(server.port, '/api/v1/realtime', { headers: foreign })]).toEqual([origin, 403]);
    }
  });

  it('refuses a page of a foreign name that resolves to this server', async () => {
    server = await startRealtimeApp();
    const rebound = { origin: 'http://evil.example:3000', host: 'evil.example:3000' };
    expect(await refusedWith(server.port, '/api/v1/realtime', { headers: rebound })).toBe(403);
    await server.close();
    server = await startRealtimeApp({}, { ALLOWED_HOSTS: 'chat.example, other.example:8443' });
    const status = async (name: string): Promise<number | 'opened'> => {
      const headers = { origin: `https://${name}`, host: name };
      return refusedWith(server.port, '/api/v1/realtime', { headers }).catch(() => 'opened' as const);
    };
    expect(await status('evil.example')).toBe(421);
    expect(await status('other.example')).toBe(421);
    for (const name of ['chat.example', 'chat.example:3000', 'other.example:8443', '192.0.2.1', 'localhost:3000']) {
      expect([name, await status(name)]).toEqual([name, 'opened']);
    }
  });

  it('refuses a URL with a NUL', async () => {
    server = await startRealtimeApp();
    for (const path of [
      '/api/v1/realtime?token=alice:s1&cursor=%00',
      '/socket.io/?EIO=4&transport=websocket&ticket=%00',
    ]) {
      expect(await refusedWith(server.port, path)).toBe(400);
    }
  });

  it('reports a defect in the handshake without its cause, which is logged', async () => {
    server = await startRealtimeApp();
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    server.authenticator.gate = Promise.reject(new Error('a defect'));
    expect(await refusedWith(server.port, '/api/v1/realtime?token=alice:s1')).toBe(500);
    const client = new SocketIoClient(server.port, { token: 'alice:s1' });
    const refused = await new Promise<Error & { data?: { code?: string } }>((resolve) => {
      client.socket.on('connect_error', resolve);
    });
    expect([refused.message, refused.data?.code]).toEqual([expect.not.stringContaining('defect'), 'INTERNAL_ERROR']);
    expect(logged.mock.calls.map(([, cause]) => (cause as Error).message)).toEqual(['a defect', 'a defect']);
    logged.mockRestore();
    client.close();
  });

  it('counts upgrades by IP address, ignoring untrusted headers, and logs what it refuses', async () => {
    server = await startRealtimeApp({ upgradesPerSecond: 1e6 }, { RATE_LIMIT_MULTIPLIER: '0.01' });
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    await new WebSocketClient(server.port, '?token=alice:s1').first('live');
    const headers = { 'x-forwarded-for': '203.0.113.7', 'x-real-ip': '203.0.113.7', forwarded: 'for=203.0.113.7' };
    for (let n = 0; n < 3; n++) {
      expect(await refusedWith(server.port, '/api/v1/realtime?token=bob:s1', { headers })).toBe(429);
    }
    const logged = warned.mock.calls.filter(([line]) => String(line).startsWith('sockets are refused'));
    expect(logged).toEqual([
      [expect.stringContaining('TRUST_PROXY'), { code: expect.any(String), address: '127.0.0.1', suppressed: 0 }],
    ]);
    warned.mockRestore();
  });

  it('allows SOCKETS_PER_ADDRESS for an IP address', async () => {
    server = await startRealtimeApp({}, { RATE_LIMIT_MULTIPLIER: '1', SOCKETS_PER_ADDRESS: '2' });
    const clients = ['alice', 'bob'].map((name) => new WebSocketClient(server.port, `?token=${name}:s1`));
    await Promise.all(clients.map((client) => client.first('live')));
    expect(await refusedWith(server.port, '/api/v1/realtime?token=carol:s1')).toBe(429);
    clients[0]!.close();
    await until(() => server.fanOut.of('alice').length === 0);
    const next = new WebSocketClient(server.port, '?token=carol:s1');
    await next.first('live');
    for (const client of [next, clients[1]!]) client.close();
  });

  it('counts upgrades of unknown paths as calls', async () => {
    server = await startRealtimeApp({}, { RATE_LIMIT_MULTIPLIER: '1', LIMIT_CALL: '3' });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push(await refusedWith(server.port, '/nowhere'));
    expect(statuses).toEqual([404, 404, 404, 429, 429]);
  });

  it.each([
    [new ServiceUnavailable(), 1013],
    [new Error('a defect'), 4000],
  ])('closes a connection that cannot be opened: %s', async (failure, code) => {
    server = await startRealtimeApp();
    server.fanOut.failure = failure;
    const client = new WebSocketClient(server.port, '?token=alice:s1');
    expect((await client.closed).code).toBe(code);
    expect(JSON.stringify(client.frames)).not.toContain('a defect');
  });

  it('notifies observers of the end of an authenticated connection that never became live', async () => {
    server = await startRealtimeApp();
    server.fanOut.failure = new ServiceUnavailable();
    const ended: string[] = [];
    const isEnded = new Promise<void>((resolve) => {
      server.gateway.onClosed = ({ userId }) => resolve(void ended.push(userId));
    });
    await new WebSocketClient(server.port, '?token=alice:s1').closed;
    await isEnded;
    expect(ended).toEqual(['user-alice']);
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('refuses %s on the path of Socket.IO', async (method) => {
    server = await startRealtimeApp();
    const address = `http://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=polling`;
    const refused = await request(method, `${address}&sid=${await openPolling(address)}`);
    expect([refused.status, refused.body]).toEqual([
      400,
      { error: expect.objectContaining({ code: 'VALIDATION_ERROR' }) },
    ]);
  });

  it('answers an invalid upgrade with an error, and closes it', async () => {
    server = await startRealtimeApp();
    for (const headers of ['', 'Sec-WebSocket-Key: x\r\n', 'Sec-WebSocket-Version: 99\r\n']) {
      const connection = new RawConnection(
        server.url,
        `GET /api/v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n`,
      );
      expect(await connection.read()).toMatch(/^HTTP\/1\.1 400 [^]*"code":"VALIDATION_ERROR"/);
      await connection.closed();
    }
  });

  it('counts requests against their limits, and closes a connection that does not stop', async () => {
    server = await startRealtimeApp({ maxRateLimited: 20 }, { RATE_LIMIT_MULTIPLIER: '0.1' });
    const client = new WebSocketClient(server.port, '?token=alice:s1');
    await client.first('live');
    for (let sent = 0; sent < 3; sent++) expect(await client.request('test.limited')).toMatchObject({ ok: true });
    const refused = await client.request('test.limited');
    expect(refused.error).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', details: { retry_after: expect.any(Number) } });
    for (let sent = 0; sent < 25; sent++) client.socket.send('{"type":"test.limited"}');
    expect((await client.closed).code).toBe(4308);
  });

  it('sends clients away at shutdown after their requests are answered, and accepts none', async () => {
    server = await startRealtimeApp({ moveMs: 50 });
    const [plain, socketIo] = TRANSPORTS.map(([, connect]) => connect(server.port, 'alice:s1')) as [
      RealtimeClient,
      RealtimeClient,
    ];
    await Promise.all([plain.first('live'), socketIo.first('live')]);
    const answer = plain.request('test.wait', { text: 'last' });
    await until(() => server.gateway.waiting.length === 1);
    const drained = server.app.get(DrainCoordinator).begin();
    await Promise.all([plain.first('going_away'), socketIo.first('going_away')]);
    expect(await refusedWith(server.port, '/api/v1/realtime?token=alice:s1')).toBe(503);
    server.gateway.waiting.pop()!();
    expect(await answer).toMatchObject({ ok: true });
    await drained;
    expect((await plain.closed).code).toBe(1012);
    expect((await socketIo.closed).reason).toBe('transport close');
  });

  it('serves a client that was asked to move until it has moved', async () => {
    server = await startRealtimeApp({ moveMs: 60_000 });
    const clients = TRANSPORTS.map(([, connect]) => connect(server.port, 'alice:s1'));
    await Promise.all(clients.map((client) => client.first('live')));
    let isDrained = false;
    const drained = server.app
      .get(DrainCoordinator)
      .begin()
      .then(() => (isDrained = true));
    for (const client of clients) {
      expect((await client.first('going_away')).data).toEqual({ reconnect_after_ms: 0 });
      expect(await client.request('test.echo', { text: 'still here' })).toMatchObject({ ok: true });
    }
    expect(isDrained).toBe(false);
    for (const client of clients) client.close();
    await drained;
  });

  it('accepts new clients while load balancers have not noticed the shutdown', async () => {
    server = await startRealtimeApp();
    void server.app.get(DrainCoordinator).begin(60_000);
    const client = new WebSocketClient(server.port, '?token=alice:s1');
    await client.first('live');
    expect(client.frames.map(({ type }) => type)).not.toContain('going_away');
  });

  it('spreads the reconnection of clients by their number', () => {
    expect([0, 20, 500, 20_000].map(reconnectSpreadMs)).toEqual([0, 200, 5000, 12_000]);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
