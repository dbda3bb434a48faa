import { GuestsService } from '../../src/modules/auth/guests.service.js';
import { GuestSubscriptions } from '../../src/modules/participants/guest-subscriptions.js';
import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { GUEST_USER_ID } from '../../src/modules/users/guest.constants.js';
import type { Environment } from '../../src/platform/config/config.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { CodecSockets } from '../../src/platform/realtime/transport/codec-sockets.js';
import type { EncodedFrame } from '../../src/platform/realtime/protocol/encoded-frame.js';
import { StreamAccessReader } from '../../src/platform/realtime/fan-out/stream-access.js';
import { Handshake } from '../../src/platform/realtime/transport/handshake.js';
import type { Reply, WebSocketPacket } from '../../src/platform/realtime/protocol/packet.js';
import type { CodecRequest, SocketCodec } from '../../src/platform/realtime/transport/socket-codec.js';
import type { AnyJson } from '../support/client/inbox.js';
import { JsonSocket } from '../support/client/web-socket.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** Our own protocol, without requests. */
class ListeningCodec implements SocketCodec {
  readonly protocol = 'guests of a test';

  read(): CodecRequest {
    return { type: 'nothing', data: {} };
  }

  write(packet: EncodedFrame | Reply): WebSocketPacket {
    return packet;
  }
}

/** A protocol of the test whose users are guests. */
class GuestWorld extends World {
  readonly messages = this.get(MessagesService);
  private readonly sockets: JsonSocket[] = [];
  private rooms = 0;

  constructor(test: TestApp) {
    super(test);
    this.get(CodecSockets).register({
      matches: (path) => path === '/guests',
      handler: {
        identify: async ({ ipKey }) => ({ actor: await this.guest(ipKey), context: undefined }),
        codec: () => new ListeningCodec(),
      },
    });
  }

  static override async start(overrides: Environment = {}): Promise<GuestWorld> {
    return new GuestWorld(await startTestApp({ DIALECTS: 'none', ...overrides }));
  }

  guest(ipKey = 'ip:192.0.2.1'): Promise<Actor> {
    return this.get(GuestsService).authenticateGuest(ipKey);
  }

  /** The socket of a guest, subscribed. */
  async listen(): Promise<JsonSocket> {
    const socket = new JsonSocket(this.url, '/guests');
    this.sockets.push(socket);
    await socket.next('live');
    return socket;
  }

  async room(owner: User, settings: object = {}): Promise<string> {
    const body = { type: 'room', slug: `room-${++this.rooms}`, settings };
    const { id } = (await owner.call('POST', '/conversations', body)).body;
    await this.get(GuestSubscriptions).refresh();
    return id as string;
  }

  override async stop(): Promise<void> {
    for (const socket of this.sockets) socket.close();
    await super.stop();
  }
}

const hasContent =
  (content: string) =>
  (frame: AnyJson): boolean =>
    frame.type === 'message.created' && frame.data.message.content === content;

describe('a guest with GUEST_ACCESS=write', () => {
  let world: GuestWorld;
  let owner: User;
  beforeAll(async () => {
    world = await GuestWorld.start({ GUEST_ACCESS: 'write' });
    owner = await world.user();
  });
  afterAll(() => world.stop());

  it('receives messages of public rooms only', async () => {
    const [open, closed] = [await world.room(owner), await world.room(owner, { is_private: true })];
    const group = await world.group(owner);
    const socket = await world.listen();
    for (const id of [closed, group, open]) await world.messages.send(owner, id, { content: `in ${id}` });
    await socket.next(hasContent(`in ${open}`));
    expect(JSON.stringify(socket.frames)).not.toMatch(new RegExp(`in ${closed}|in ${group}`));
  });

  it('receives messages of a room that is created while they are connected', async () => {
    const socket = await world.listen();
    const body = { type: 'room', slug: 'made-meanwhile' };
    const open = (await owner.call('POST', '/conversations', body)).body.id as string;
    let isHeard = false;
    const heard = socket.next(({ conversation_id }) => conversation_id === open).then(() => (isHeard = true));
    for (let i = 0; !isHeard && i < 200; i++) {
      await world.messages.send(owner, open, { content: `try ${i}` });
      await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 50))]);
    }
    expect(isHeard).toBe(true);
  });

  it('receives nothing of a room after the event that makes it private, even with a stale list of rooms', async () => {
    const [open, other] = [await world.room(owner), await world.room(owner)];
    const owners = await owner.webSocket();
    const socket = await world.listen();
    await world.messages.send(owner, open, { content: 'still public' });
    await socket.next(hasContent('still public'));
    const streamAccess = world.get(StreamAccessReader);
    const read = streamAccess.current.bind(streamAccess);
    let release = (): void => undefined;
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    // A read from before the change that returns after it.
    const isRead = new Promise<void>((resolve) => {
      jest.spyOn(streamAccess, 'current').mockImplementationOnce(async (...asked) => {
        const rooms = await read(...asked);
        resolve();
        await isReleased;
        return rooms;
      });
    });
    const subscribers = world.get(GuestSubscriptions);
    const reading = subscribers.refresh();
    await isRead;
    await owner.call('PATCH', `/conversations/${open}`, { settings: { is_private: true } });
    await world.messages.send(owner, open, { content: 'a secret' });
    await world.messages.send(owner, other, { content: 'meanwhile' });
    await socket.next(hasContent('meanwhile'));
    release();
    await reading;
    await world.messages.send(owner, open, { content: 'another secret' });
    await world.messages.send(owner, other, { content: 'the end' });
    await socket.next(hasContent('the end'));
    const events = socket.frames.filter(({ conversation_id }) => conversation_id === open);
    expect(JSON.stringify(events)).not.toContain('secret');
    expect(events.at(-1)!.type).toBe('conversation.updated');
    owners.close();
  });

  it('continues to receive messages of a renamed room', async () => {
    const open = await world.room(owner);
    const socket = await world.listen();
    await owner.call('PATCH', `/conversations/${open}`, { title: 'Another name' });
    await socket.next(({ type, conversation_id }) => type === 'conversation.updated' && conversation_id === open);
    let isHeard = false;
    const heard = socket
      .next(({ type, conversation_id }) => type === 'message.created' && conversation_id === open)
      .then(() => (isHeard = true));
    for (let i = 0; !isHeard && i < 200; i++) {
      await world.messages.send(owner, open, { content: `again ${i}` });
      await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    expect(isHeard).toBe(true);
  });

  it('sends to public rooms as Guest', async () => {
    const open = await world.room(owner);
    const { message } = await world.messages.send(await world.guest(), open, { content: 'hello' });
    expect(message).toMatchObject({ sender_id: GUEST_USER_ID, sender_name: 'Guest', sequence_number: 1 });
    const { body } = await owner.call('GET', `/conversations/${open}`);
    expect(body.participants.map(({ user_id }: { user_id: string }) => user_id)).toEqual([owner.userId]);
  });

  it('sends to no other conversation, even as a participant in the database', async () => {
    const guest = await world.guest();
    const refused = { code: 'PERMISSION_DENIED' };
    const closed = await world.room(owner, { is_private: true });
    const group = await world.group(owner);
    for (const id of [closed, group]) {
      // No API adds this row; even with it, access must be denied.
      await world.database.query(
        `insert into participants (conversation_id, user_id, role, joined_seq) values ($1, $2, 'participant', 0)`,
        [id, GUEST_USER_ID],
      );
      await expect(world.messages.send(guest, id, { content: 'x' })).rejects.toMatchObject(refused);
    }
    const slow = await world.room(owner, { slow_mode_seconds: 30 });
    await expect(world.messages.send(guest, slow, { content: 'x' })).rejects.toMatchObject(refused);
    const frozen = await world.room(owner, { is_frozen: true });
    await expect(world.messages.send(guest, frozen, { content: 'x' })).rejects.toMatchObject({
      code: 'CONVERSATION_FROZEN',
    });
    const deleted = await world.room(owner);
    await owner.call('DELETE', `/conversations/${deleted}`);
    await expect(world.messages.send(guest, deleted, { content: 'x' })).rejects.toMatchObject({
      code: 'CONVERSATION_NOT_FOUND',
    });
  });

  it('cannot be added to a conversation, which would open it to all guests', async () => {
    const [open, group] = [await world.room(owner), await world.group(owner)];
    const socket = await world.listen();
    for (const id of [open, group]) {
      const body = { user_ids: [GUEST_USER_ID] };
      expect((await owner.call('POST', `/conversations/${id}/participants`, body)).status).toBe(404);
    }
    for (const type of ['direct', 'group']) {
      const body = { type, participant_ids: [GUEST_USER_ID] };
      expect((await owner.call('POST', '/conversations', body)).status).toBe(404);
    }
    await world.messages.send(owner, group, { content: 'among ourselves' });
    await world.messages.send(owner, open, { content: 'for all' });
    await socket.next(hasContent('for all'));
    expect(JSON.stringify(socket.frames)).not.toContain('among ourselves');
  });

  it('cannot log in, and the name cannot be registered', async () => {
    const [login, register] = [
      await owner.call('POST', '/auth/login', { login: 'guest', password: 'guest' }),
      await owner.call('POST', '/auth/register', {
        email: 'guest@example.com',
        username: 'guest',
        password: 'orbit-41-lamp-plum-river',
      }),
    ];
    expect([login.status, register.status]).toEqual([401, 400]);
  });

  it('is disconnected when the account of guests is banned', async () => {
    const socket = await world.listen();
    const admin = await world.user({ role: 'admin' });
    const path = `/admin/users/${GUEST_USER_ID}`;
    expect((await admin.call('POST', `${path}/ban`, { reason: 'spam' })).status).toBe(204);
    expect((await socket.closed).code).toBe(4403);
    await expect(world.guest()).rejects.toMatchObject({ code: 'ACCOUNT_BANNED' });
    await admin.call('POST', `${path}/unban`, { reason: 'over' });
    await world.listen();
  });

  it('cannot be changed by an admin, except by a ban', async () => {
    const admin = await world.user({ role: 'admin' });
    const path = `/admin/users/${GUEST_USER_ID}`;
    const reason = 'tidying up';
    for (const [method, address, body] of [
      ['POST', `${path}/logout`, { reason }],
      ['DELETE', path, { reason, messages: 'keep' }],
      ['PATCH', path, { reason, role: 'admin' }],
    ] as const) {
      expect((await admin.call(method, address, body)).status).toBe(403);
    }
    expect((await world.guest()).role).toBe('user');
  });
});

describe('a guest with GUEST_ACCESS=read', () => {
  it('cannot send, and is limited by IP address', async () => {
    const world = await GuestWorld.start({ GUEST_ACCESS: 'read', RATE_LIMIT_MULTIPLIER: '1' });
    const open = await world.room(await world.user());
    const [guest, other] = [await world.guest('ip:192.0.2.1'), await world.guest('ip:192.0.2.2')];
    await expect(world.messages.send(guest, open, { content: 'x' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const handshake = world.get(Handshake);
    for (let i = 0; i < 10; i++) await handshake.consumeConnectLimit(guest);
    await expect(handshake.consumeConnectLimit(guest)).rejects.toMatchObject({ code: 'RATE_LIMIT_EXCEEDED' });
    await handshake.consumeConnectLimit(other);
    // One user may have at most twenty sockets.
    for (let i = 0; i < 25; i++) await world.listen();
    await world.stop();
  });
});

describe('a guest with GUEST_ACCESS=off', () => {
  it('is refused', async () => {
    const world = await GuestWorld.start({ GUEST_ACCESS: 'off' });
    await expect(world.guest()).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    const socket = new JsonSocket(world.url, '/guests');
    expect((await socket.closed).code).toBe(4401);
    await world.stop();
  });
});
