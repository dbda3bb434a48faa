import { readFileSync } from 'node:fs';
import { io, type Socket } from 'socket.io-client';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { SocketIoClient } from '../support/client/socket-io.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

interface Session {
  token(): string;
  refresh(): Promise<void>;
  over(code: string): void;
}
interface Listeners {
  apply(type: string, frame: { seq: number; data: { message: { content: string } } }): void;
  resync(data: object): void;
}
type OpenChat = (url: string, session: Session, listeners: Listeners) => Socket;

const [, sample = ''] = /```js\n(import \{ io \}[\s\S]*?)```/.exec(readFileSync('docs/realtime.md', 'utf8')) ?? [];
const body = sample.replace(/^import .*$/m, '').replace('export function', 'return function');
const openChat = (new Function('io', body) as (library: typeof io) => OpenChat)(io);

/** A user with the client of docs/realtime.md, and everything it delivered. */
class DocumentedClient implements Session, Listeners {
  readonly applied: string[] = [];
  readonly resyncs: object[] = [];
  /** The code with which the client asked for a login. */
  readonly gone: Promise<string>;
  over!: (code: string) => void;
  private seq = 0;
  private awake = Promise.resolve();
  private current: { access: string; refresh: string };
  private waiting: { text: string; resolve: () => void }[] = [];

  constructor(
    private readonly world: World,
    user: RegisteredUser,
  ) {
    this.current = { access: user.token, refresh: user.refreshToken };
    this.gone = new Promise((resolve) => (this.over = resolve));
  }

  token = (): string => this.current.access;

  refresh = async (): Promise<void> => {
    await this.awake;
    const { status, body } = await this.world.call('POST', '/auth/refresh', { refresh_token: this.current.refresh });
    if (status !== 200) throw body.error as Error;
    this.current = { access: body.access_token, refresh: body.refresh_token };
  };

  /** Delays refreshes until the returned function is called. */
  sleep(): () => void {
    let wake!: () => void;
    this.awake = new Promise((resolve) => (wake = resolve));
    return wake;
  }

  /** Drops messages that are already applied, as docs/realtime.md requires: a cursor may be slightly old. */
  apply: Listeners['apply'] = (type, { seq, data }) => {
    if (type !== 'message.created' || seq <= this.seq) return;
    this.seq = seq;
    this.applied.push(data.message.content);
    this.waiting = this.waiting.filter(({ text, resolve }) => text !== data.message.content || resolve());
  };

  resync = (data: object): void => void this.resyncs.push(data);

  received(text: string): Promise<void> {
    if (this.applied.includes(text)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ text, resolve }));
  }
}

describe('the Socket.IO client of docs/realtime.md', () => {
  let world: World;
  let conversation: string;
  let bob: RegisteredUser;
  let ana: DocumentedClient;
  let socket: Socket;

  const start = async (environment: Record<string, string>): Promise<void> => {
    world = await World.start(environment);
    const account = await world.register('ana');
    bob = await world.register('bob');
    conversation = await world.group(bob, [account]);
    ana = new DocumentedClient(world, account);
    socket = openChat(world.url, ana, ana);
    await on('live');
  };
  const on = (type: string): Promise<unknown> => new Promise((resolve) => socket.once(type, resolve));
  /** Bob logs in for each message, because tokens expire quickly here. */
  const send = async (content: string): Promise<void> => {
    const { username, password } = bob;
    const { body } = await world.call('POST', '/auth/login', { username, password });
    const headers = { authorization: `Bearer ${body.access_token}` };
    await world.call('POST', `/conversations/${conversation}/messages`, { content }, headers);
  };

  afterEach(async () => {
    socket.disconnect();
    await world.stop();
  });

  it('reconnects after its token expired while the device slept, and misses nothing', async () => {
    await start({ JWT_ACCESS_TTL: '3' });
    await send('before');
    await ana.received('before');
    const wake = ana.sleep();
    expect(await on('disconnect')).toBe('io server disconnect');
    await send('meanwhile');
    wake();
    await ana.received('meanwhile');
    expect(ana.applied).toEqual(['before', 'meanwhile']);
    expect(ana.resyncs).toEqual([]);
  });

  it('waits as long as a refusal requires, and then reconnects', async () => {
    await start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_CONNECT: '1', LIMIT_CONNECT_WINDOW: '2' });
    const refused = on('connect_error');
    socket.io.engine.close();
    expect(await refused).toMatchObject({ data: { code: 'RATE_LIMIT_EXCEEDED' } });
    expect(socket.active).toBe(false);
    await send('after the wait');
    await ana.received('after the wait');
  });

  it('requires a login after its session was ended, connected or asleep', async () => {
    await start({});
    await world.call('POST', '/auth/logout', undefined, { authorization: `Bearer ${ana.token()}` });
    expect(await ana.gone).toBe('SESSION_REVOKED');
    await world.stop();

    await start({ JWT_ACCESS_TTL: '3' });
    const wake = ana.sleep();
    const token = ana.token();
    await on('disconnect');
    await world.database.query('update sessions set revoked_at = now()');
    wake();
    expect([token, await ana.gone]).toEqual([ana.token(), 'REFRESH_TOKEN_INVALID']);
  });
});

describe('a returned cursor', () => {
  let world: World;
  let ana: RegisteredUser;
  let port: number;
  let conversation: string;

  beforeAll(async () => {
    world = await World.start();
    ana = await world.register('ana');
    conversation = await world.group(ana);
    port = world.port;
  });
  afterAll(() => world.stop());

  const ticket = async (): Promise<string> => (await ana.call('POST', '/auth/ticket')).body.ticket as string;

  /** The table of docs/realtime.md. */
  const connectWays: [string, (cursor: string) => Promise<RealtimeClient>][] = [
    ['with a ticket', async (cursor) => new WebSocketClient(port, `?ticket=${await ticket()}&cursor=${cursor}`)],
    ['with a token', async (cursor) => new WebSocketClient(port, `?token=${ana.token}&cursor=${cursor}`)],
    [
      'with a header',
      async (cursor) =>
        new WebSocketClient(port, `?cursor=${cursor}`, { headers: { authorization: `Bearer ${ana.token}` } }),
    ],
    [
      'in the first frame',
      async (cursor) => {
        const client = new WebSocketClient(port);
        await client.first('hello');
        void client.request('auth', { token: ana.token, resume: { cursor } });
        return client;
      },
    ],
    ['over Socket.IO', async (cursor) => new SocketIoClient(port, { token: ana.token, resume: { cursor } })],
    [
      'over Socket.IO with a ticket',
      async (cursor) => new SocketIoClient(port, { ticket: await ticket(), resume: { cursor } }),
    ],
  ];

  it.each(connectWays)('replays missed events %s, and nothing if it is empty', async (_way, connect) => {
    const first = await connect('');
    const { data } = await first.first('live');
    first.close();
    expect(data).toMatchObject({ replayed: 0 });
    await ana.call('POST', `/conversations/${conversation}/messages`, { content: 'meanwhile' });
    const second = await connect(data!.cursor as string);
    expect((await second.first('ready')).data).toMatchObject({ resumed: true });
    expect(await second.first('message.created')).toMatchObject({ replay: true });
    second.close();
  });
});
