import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { JsonSocket } from '../support/client/web-socket.js';
import { TestIdentityProvider } from '../support/doubles/test-identity-provider.js';
import { literalCalls } from '../support/literal-calls.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';
import { RecordingConsole, pageFetch, runPrinted } from './clients/printed-code.js';
import { SmallReact } from './clients/small-react.js';

interface PrintedMessage {
  readonly id: string;
  readonly content: string;
}

interface PrintedClient {
  ws: WebSocket;
  connect(): void;
  joinConversation(id: string): void;
  sendMessage(id: string, content: string, replyToId?: string | null): Promise<PrintedMessage>;
  startTyping(id: string): void;
  stopTyping(id: string): void;
  markMessageRead(messageId: string, id: string): void;
  onNewMessage(message: PrintedMessage): void;
  onUserStatusChange(data: object): void;
  onTypingStart(data: object): void;
  onTypingStop(data: object): void;
  onMessageRead(data: object): void;
}

type Handler = 'onNewMessage' | 'onUserStatusChange' | 'onTypingStart' | 'onTypingStop' | 'onMessageRead';

/** The next call of a handler that the user of the client writes. */
function called<Data>(client: PrintedClient, handler: Handler, matches: (data: Data) => boolean): Promise<Data> {
  return new Promise((resolve) => {
    client[handler] = (data: unknown) => void (matches(data as Data) && resolve(data as Data));
  });
}

interface PrintedHook {
  isConnected: boolean;
  messages: PrintedMessage[];
  typingUsers: Set<string>;
  sendMessage(id: string, content: string): Promise<PrintedMessage>;
  joinConversation(id: string): void;
  startTyping(id: string): void;
  stopTyping(id: string): void;
}

describe('the client code of the classroom documentation', () => {
  let world: World;
  let john: RegisteredUser;
  let mary: RegisteredUser;
  let id: string;
  const sockets: WebSocket[] = [];
  /** Tests do not wait five seconds for a reconnection. */
  const setTimeout = (): void => undefined;

  /** A socket of the page: the printed `ws://localhost:8000` is this test's server. */
  class PageWebSocket extends WebSocket {
    constructor(address: string, options: object) {
      super(address.replace(/^(ws|http):\/\/localhost:8000/, world.url.replace('http', 'ws')), options);
      sockets.push(this);
    }
  }

  beforeAll(async () => {
    world = await World.start();
    [john, mary] = [await world.register('john'), await world.register('mary')];
    id = await world.group(john, [mary]);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.terminate();
    await world.stop();
  });

  const connected = async (token: string): Promise<PrintedClient> => {
    const surroundings = { WebSocket: PageWebSocket, console: new RecordingConsole(), setTimeout, fetch };
    const Client = runPrinted<new (url: string, token: string) => PrintedClient>(
      'classroom-client.txt',
      'MessagingClient',
      surroundings,
    );
    const client = new Client(world.url, token);
    client.connect();
    await once(client.ws, 'open');
    return client;
  };

  it('connects, sends, types, marks as read, and receives all of it', async () => {
    const [johnClient, maryClient] = [await connected(john.token), await connected(mary.token)];
    johnClient.joinConversation(id);
    const heard = called<PrintedMessage>(maryClient, 'onNewMessage', () => true);
    const first = await johnClient.sendMessage(id, 'Hello, everyone!');
    expect(await heard).toEqual(first);
    const answered = called<PrintedMessage>(johnClient, 'onNewMessage', ({ content }) => content === 'An answer');
    await maryClient.sendMessage(id, 'An answer', first.id);
    expect(await answered).toMatchObject({ reply_to_id: first.id, reply_to_content: 'Hello, everyone!' });
    const typing = called(maryClient, 'onTypingStart', () => true);
    const status = called<{ is_typing: boolean }>(maryClient, 'onUserStatusChange', ({ is_typing }) => is_typing);
    johnClient.startTyping(id);
    expect(await typing).toEqual({ type: 'typing_start', user_id: john.id, conversation_id: id });
    expect(await status).toMatchObject({ user_id: john.id, status: 'online', conversation_id: id });
    const still = called(maryClient, 'onTypingStop', () => true);
    johnClient.stopTyping(id);
    expect(await still).toEqual({ type: 'typing_stop', user_id: john.id, conversation_id: id });
    const last = await johnClient.sendMessage(id, 'And this?');
    const read = called<{ message_id: string }>(
      johnClient,
      'onMessageRead',
      ({ message_id }) => message_id === last.id,
    );
    maryClient.markMessageRead(last.id, id);
    expect(await read).toEqual({ type: 'message_read', message_id: last.id, user_id: mary.id });
  });

  it('receives messages although its join was sent before the socket was open', async () => {
    const surroundings = { WebSocket: PageWebSocket, console: new RecordingConsole(), setTimeout, fetch };
    const Client = runPrinted<new (url: string, token: string) => PrintedClient>(
      'classroom-client.txt',
      'MessagingClient',
      surroundings,
    );
    const client = new Client(world.url, mary.token);
    client.connect();
    client.joinConversation(id); // as in the printed example: nothing is sent yet
    const heard = called<PrintedMessage>(client, 'onNewMessage', ({ content }) => content === 'anybody?');
    await once(client.ws, 'open');
    const johns = literalCalls(world.url, john.token);
    await johns('POST', `/api/conversations/${id}/messages`, { content: 'anybody?' });
    expect(await heard).toMatchObject({ content: 'anybody?' });
  });

  it('throws the reason why a send failed', async () => {
    const console = new RecordingConsole();
    const surroundings = { fetch: pageFetch(world.url), console, setTimeout };
    const Client = runPrinted<new () => { token: string } & Pick<PrintedClient, 'sendMessage'>>(
      'classroom-errors.txt',
      'MessagingClient',
      surroundings,
    );
    const client = Object.assign(new Client(), { token: mary.token });
    expect(await client.sendMessage(id, 'fine')).toMatchObject({ content: 'fine' });
    const missingId = '01930000-0000-7000-8000-000000000000';
    await expect(client.sendMessage(missingId, 'x')).rejects.toThrow('Conversation not found');
    await expect(Object.assign(client, { token: 'wrong' }).sendMessage(id, 'x')).rejects.toThrow('Invalid token');
  });

  it('presents a message before and after it is stored', async () => {
    const shown: object[] = [];
    const client = await connected(john.token);
    const method = runPrinted<(this: object, id: string, content: string) => Promise<void>>(
      'classroom-optimistic.txt',
      'Screen.prototype.sendMessageOptimistic',
      {},
      'Screen',
    );
    const screen = {
      userId: john.id,
      sendMessage: client.sendMessage.bind(client),
      addMessageToUI: (message: object) => shown.push(message),
      replaceMessage: (_tempId: string, message: object) => shown.push(message),
      updateMessageStatus: (_tempId: string, status: string) => shown.push({ status }),
    };
    await method.call(screen, id, 'at once');
    expect(shown).toMatchObject([
      { content: 'at once', status: 'sending', sender_id: john.id },
      { content: 'at once', status: 'sent', sender_id: john.id },
    ]);
    await method.call(screen, '01930000-0000-7000-8000-000000000000', 'never');
    expect(shown.at(-1)).toEqual({ status: 'failed' });
  });

  it('renders messages and typing users as a React hook', async () => {
    const hook: { use?: (token: string) => PrintedHook } = {};
    const page: SmallReact<PrintedHook> = new SmallReact(() => hook.use!(mary.token));
    const { useState, useEffect, useCallback } = page;
    const react = { useState, useEffect, useCallback, setTimeout };
    const browser = { WebSocket: PageWebSocket, fetch: pageFetch(world.url), console: new RecordingConsole() };
    hook.use = runPrinted('classroom-hook.txt', 'useMessaging', { ...react, ...browser });
    page.render();
    await page.until(({ isConnected }) => isConnected);
    page.rendered.joinConversation(id);
    const sent = await page.rendered.sendMessage(id, 'from the hook');
    await page.until(({ messages }) => messages[0]?.id === sent.id);
    const johnClient = await connected(john.token);
    johnClient.startTyping(id);
    await page.until(({ typingUsers }) => typingUsers.has(john.id));
    johnClient.stopTyping(id);
    await page.until(({ typingUsers }) => !typingUsers.has(john.id));
  });
});

describe('a Supabase token', () => {
  let provider: TestIdentityProvider;
  let world: World;
  beforeAll(async () => {
    provider = await TestIdentityProvider.start();
    // The audience of such tokens, the same for every project.
    world = await World.start({ ...provider.environment, JWT_EXTERNAL_AUDIENCE: 'authenticated' });
  });
  afterAll(async () => {
    await world.stop();
    await provider.stop();
  });

  /** As Supabase issues tokens since its keys are asymmetric. */
  const supabaseToken = (sub: string, iat: number): Promise<string> =>
    provider.token({
      sub,
      iat,
      aud: 'authenticated',
      role: 'authenticated',
      email: 'john@example.com',
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: { full_name: 'John Doe', email_verified: true },
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: iat }],
      session_id: 'f3f8a5e0-6d50-4a7c-9b0e-0d7c8a4f1c11',
      is_anonymous: false,
    });

  it('creates a user at first use, who sends and receives, and continues the session with the next token', async () => {
    const sub = '8f2d8a5e-0c59-4e1c-9a3a-5d2f1f0b7c6e';
    const now = Math.floor(Date.now() / 1000);
    const first = literalCalls(world.url, await supabaseToken(sub, now - 10));
    const { body: conversation } = await first('POST', '/api/conversations', { title: 'x', participant_ids: [] });
    const token = await supabaseToken(sub, now);
    const socket = new JsonSocket(world.url, '/api/ws', { headers: { Authorization: `Bearer ${token}` } });
    await socket.opened;
    await first('POST', `/api/conversations/${conversation.id}/messages`, { content: 'Hello!' });
    const { message } = await socket.next('new_message');
    expect(message).toMatchObject({ sender_name: 'John Doe', content: 'Hello!', sender_id: conversation.created_by });
    socket.close();
    const next = literalCalls(world.url, token);
    expect((await next('GET', '/api/v1/auth/sessions')).body.data).toHaveLength(1);
  });

  const sharedSecret = randomBytes(32).toString('base64');
  const tokenWithSharedSecret = (): Promise<string> =>
    new SignJWT({ role: 'authenticated' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(provider.issuer)
      .setAudience('authenticated')
      .setSubject('8f2d8a5e-0c59-4e1c-9a3a-5d2f1f0b7c6e')
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(Buffer.from(sharedSecret));

  it('is refused if it is signed with a shared secret that is not configured', async () => {
    const { status, body } = await literalCalls(world.url, await tokenWithSharedSecret())('GET', '/api/conversations');
    expect([status, body.detail]).toEqual([401, 'Invalid token']);
  });

  it('is accepted if it is signed with the configured secret, and closes registration in every dialect', async () => {
    const shared = await World.start({
      JWT_EXTERNAL_ISSUER: provider.issuer,
      JWT_EXTERNAL_AUDIENCE: 'authenticated',
      JWT_EXTERNAL_SECRET: sharedSecret,
    });
    try {
      const call = literalCalls(shared.url, await tokenWithSharedSecret());
      expect((await call('GET', '/api/conversations')).status).toBe(200);
      const body = { email: 'eva@example.org', username: 'eva', password: 'orbit-41-lamp-plum-river' };
      for (const [path, code] of [
        ['/api/v1/users', 'REGISTRATION_CLOSED'],
        ['/api/v1/auth/register', 'REGISTRATION_CLOSED'],
        ['/users/register', 'REGISTRATION_CLOSED'],
        ['/api/users', 'registration_closed'],
      ] as const) {
        const { status, body: refusal } = await call('POST', path, body);
        expect([path, status, refusal.code ?? refusal.error.code]).toEqual([path, 403, code]);
      }
    } finally {
      await shared.stop();
    }
  });
});
