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
import { type AnyJson, JsonSocket } from '../support/dialect-client.js';
import { People } from '../support/people.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

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

interface GuestWorld {
  readonly test: TestApp;
  readonly people: People;
  readonly messages: MessagesService;
  guest(address?: string): Promise<Actor>;
  /** The socket of a guest, subscribed. */
  listen(): Promise<JsonSocket>;
  room(owner: Actor, settings?: object): Promise<string>;
  stop(): Promise<void>;
}

async function start(overrides: Environment = {}): Promise<GuestWorld> {
  const test = await startTestApp({ DIALECTS: 'none', ...overrides });
  const people = new People(test);
  const guests = test.app.get(GuestsService, { strict: false });
  const sockets: JsonSocket[] = [];
  test.app.get(CodecSockets).register({
    takes: (path) => path === '/guests',
    handler: {
      identify: async ({ ipKey }) => ({ actor: await guests.enter(ipKey), context: undefined }),
      codec: () => new ListeningCodec(),
    },
  });
  let rooms = 0;
  return {
    test,
    people,
    messages: test.app.get(MessagesService, { strict: false }),
    guest: (address = 'ip:192.0.2.1') => guests.enter(address),
    listen: async () => {
      const socket = new JsonSocket(test.url, '/guests');
      sockets.push(socket);
      await socket.next('live');
      return socket;
    },
    room: async (owner, settings = {}) => {
      const body = { type: 'room', slug: `room-${++rooms}`, settings };
      const { id } = (await people.call(owner, 'POST', '/conversations', body)).body;
      await test.app.get(GuestSubscriptions, { strict: false }).refresh();
      return id as string;
    },
    stop: async () => {
      for (const socket of sockets) socket.close();
      await test.close();
    },
  };
}

const hasContent =
  (content: string) =>
  (frame: AnyJson): boolean =>
    frame.type === 'message.created' && frame.data.message.content === content;

describe('a guest with GUEST_ACCESS=write', () => {
  let world: GuestWorld;
  let owner: Actor;
  beforeAll(async () => {
    world = await start({ GUEST_ACCESS: 'write' });
    owner = await world.people.one();
  });
  afterAll(() => world.stop());

  it('receives messages of public rooms only', async () => {
    const [open, closed] = [await world.room(owner), await world.room(owner, { is_private: true })];
    const group = await world.people.group(owner);
    const socket = await world.listen();
    for (const id of [closed, group, open]) await world.messages.send(owner, id, { content: `in ${id}` });
    await socket.next(hasContent(`in ${open}`));
    expect(JSON.stringify(socket.frames)).not.toMatch(new RegExp(`in ${closed}|in ${group}`));
  });

  it('receives messages of a room that is created while they are connected', async () => {
    const socket = await world.listen();
    const body = { type: 'room', slug: 'made-meanwhile' };
    const open = (await world.people.call(owner, 'POST', '/conversations', body)).body.id as string;
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
    const owners = await world.people.connect(owner);
    const socket = await world.listen();
    await world.messages.send(owner, open, { content: 'still public' });
    await socket.next(hasContent('still public'));
    const streamAccess = world.test.app.get(StreamAccessReader, { strict: false });
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
    const subscribers = world.test.app.get(GuestSubscriptions, { strict: false });
    const reading = subscribers.refresh();
    await isRead;
    await world.people.call(owner, 'PATCH', `/conversations/${open}`, { settings: { is_private: true } });
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
    await world.people.call(owner, 'PATCH', `/conversations/${open}`, { title: 'Another name' });
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
    const { body } = await world.people.call(owner, 'GET', `/conversations/${open}`);
    expect(body.participants.map(({ user_id }: { user_id: string }) => user_id)).toEqual([owner.userId]);
  });

  it('sends to no other conversation, even as a participant in the database', async () => {
    const guest = await world.guest();
    const refused = { code: 'PERMISSION_DENIED' };
    const closed = await world.room(owner, { is_private: true });
    const group = await world.people.group(owner);
    for (const id of [closed, group]) {
      // No API adds this row; even with it, access must be denied.
      await world.test.database.query(
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
    await world.people.call(owner, 'DELETE', `/conversations/${deleted}`);
    await expect(world.messages.send(guest, deleted, { content: 'x' })).rejects.toMatchObject({
      code: 'CONVERSATION_NOT_FOUND',
    });
  });

  it('cannot be added to a conversation, which would open it to all guests', async () => {
    const [open, group] = [await world.room(owner), await world.people.group(owner)];
    const socket = await world.listen();
    for (const id of [open, group]) {
      const body = { user_ids: [GUEST_USER_ID] };
      expect((await world.people.call(owner, 'POST', `/conversations/${id}/participants`, body)).status).toBe(404);
    }
    for (const type of ['direct', 'group']) {
      const body = { type, participant_ids: [GUEST_USER_ID] };
      expect((await world.people.call(owner, 'POST', '/conversations', body)).status).toBe(404);
    }
    await world.messages.send(owner, group, { content: 'among ourselves' });
    await world.messages.send(owner, open, { content: 'for all' });
    await socket.next(hasContent('for all'));
    expect(JSON.stringify(socket.frames)).not.toContain('among ourselves');
  });

  it('cannot log in, and the name cannot be registered', async () => {
    const [login, register] = [
      await world.people.call(owner, 'POST', '/auth/login', { login: 'guest', password: 'guest' }),
      await world.people.call(owner, 'POST', '/auth/register', {
        email: 'guest@example.com',
        username: 'guest',
        password: 'orbit-41-lamp-plum-river',
      }),
    ];
    expect([login.status, register.status]).toEqual([401, 400]);
  });

  it('is disconnected when the account of guests is banned', async () => {
    const socket = await world.listen();
    const admin = await world.people.one('admin');
    const path = `/admin/users/${GUEST_USER_ID}`;
    expect((await world.people.call(admin, 'POST', `${path}/ban`, { reason: 'spam' })).status).toBe(204);
    expect((await socket.closed).code).toBe(4403);
    await expect(world.guest()).rejects.toMatchObject({ code: 'ACCOUNT_BANNED' });
    await world.people.call(admin, 'POST', `${path}/unban`, { reason: 'over' });
    await world.listen();
  });

  it('cannot be changed by an admin, except by a ban', async () => {
    const admin = await world.people.one('admin');
    const path = `/admin/users/${GUEST_USER_ID}`;
    const reason = 'tidying up';
    for (const [method, address, body] of [
      ['POST', `${path}/logout`, { reason }],
      ['DELETE', path, { reason, messages: 'keep' }],
      ['PATCH', path, { reason, role: 'admin' }],
    ] as const) {
      expect((await world.people.call(admin, method, address, body)).status).toBe(403);
    }
    expect((await world.guest()).role).toBe('user');
  });
});

describe('a guest with GUEST_ACCESS=read', () => {
  it('cannot send, and is limited by IP address', async () => {
    const world = await start({ GUEST_ACCESS: 'read', RATE_LIMIT_MULTIPLIER: '1' });
    const open = await world.room(await world.people.one());
    const [guest, other] = [await world.guest('ip:192.0.2.1'), await world.guest('ip:192.0.2.2')];
    await expect(world.messages.send(guest, open, { content: 'x' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const handshake = world.test.app.get(Handshake, { strict: false });
    for (let i = 0; i < 10; i++) await handshake.count(guest);
    await expect(handshake.count(guest)).rejects.toMatchObject({ code: 'RATE_LIMIT_EXCEEDED' });
    await handshake.count(other);
    // One user may have at most twenty sockets.
    for (let i = 0; i < 25; i++) await world.listen();
    await world.stop();
  });
});

describe('a guest with GUEST_ACCESS=off', () => {
  it('is refused', async () => {
    const world = await start({ GUEST_ACCESS: 'off' });
    await expect(world.guest()).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    const socket = new JsonSocket(world.test.url, '/guests');
    expect((await socket.closed).code).toBe(4401);
    await world.stop();
  });
});
