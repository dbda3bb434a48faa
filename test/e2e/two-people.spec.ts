import { randomUUID } from 'node:crypto';
import type { Frame } from '../support/client/inbox.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

describe('a conversation of two users', () => {
  let world: World;
  let ana: RegisteredUser;
  let bea: RegisteredUser;
  let conversationId: string;

  beforeAll(async () => {
    world = await World.start();
    [ana, bea] = [await world.register('ana'), await world.register('bea')];
  });
  beforeEach(async () => {
    conversationId = await world.group(ana, [bea]);
  });
  afterAll(() => world.stop());

  const send = (user: RegisteredUser, dto: object) =>
    user.call('POST', `/conversations/${conversationId}/messages`, dto);

  it('receives messages over REST, Socket.IO and plain WebSocket at the same time, in one order', async () => {
    const [plain, socketIo] = [await ana.webSocket(), await bea.socketIo()];

    const first = await send(ana, { content: 'over REST' });
    const second = await socketIo.request('message.send', {
      conversation_id: conversationId,
      content: 'over Socket.IO',
    });
    const third = await plain.request('message.send', { conversation_id: conversationId, content: 'over WebSocket' });

    expect(first.status).toBe(201);
    const numbers = [first.body, second.data.message, third.data.message].map(
      (message: { sequence_number: number }) => message.sequence_number,
    );
    expect(numbers).toEqual([1, 2, 3]);
    for (const socket of [plain, socketIo]) {
      const contents = [];
      for (let i = 0; i < 3; i++) contents.push((await socket.next('message.created')).data.message.content);
      expect(contents).toEqual(['over REST', 'over Socket.IO', 'over WebSocket']);
      const chain = socket.frames.filter(({ type }) => type === 'message.created');
      expect(chain.slice(1).every((frame, i) => frame.prev === chain[i]!.seq)).toBe(true);
    }
    const page = await bea.call('GET', `/conversations/${conversationId}/messages`);
    expect(page.body.data.map(({ content }: { content: string }) => content)).toEqual([
      'over WebSocket',
      'over Socket.IO',
      'over REST',
    ]);
  });

  it('contains one message for one key over all transports, and returns the key to the sender only', async () => {
    const [plain, socketIo, other] = [await ana.webSocket(), await ana.socketIo(), await bea.webSocket()];
    const dto = { content: 'once', client_message_id: randomUUID() };

    const answers = await Promise.all([
      send(ana, dto).then(({ body }) => body),
      plain.request('message.send', { conversation_id: conversationId, ...dto }).then(({ data }) => data.message),
      socketIo.request('message.send', { conversation_id: conversationId, ...dto }).then(({ data }) => data.message),
    ]);
    const again = await send(ana, dto);

    expect(new Set(answers.map((message) => JSON.stringify(message))).size).toBe(1);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(answers[0]);
    expect((await plain.next('message.created')).data.message.client_message_id).toBe(dto.client_message_id);
    const seen = await other.next('message.created');
    expect(seen.data.message).not.toHaveProperty('client_message_id');
    await send(ana, { content: 'the end' });
    expect((await other.next('message.created')).data.message.content).toBe('the end');
  });

  it('accepts the Idempotency-Key header as the key of a send', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const path = `/conversations/${conversationId}/messages`;
    const first = await ana.call('POST', path, { content: 'by header' }, headers);
    const again = await ana.call('POST', path, { content: 'by header' }, headers);
    const other = await ana.call('POST', path, { content: 'something else' }, headers);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(other.body.error.code).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('sends edits, reactions, pins and deletions to the other user', async () => {
    const socket = await bea.webSocket();
    const { body: message } = await send(ana, { content: 'frist' });
    await ana.call('PATCH', `/messages/${message.id}`, { content: 'first' });
    await bea.call('PUT', `/messages/${message.id}/reactions/${encodeURIComponent('👍')}`);
    await bea.call('PUT', `/messages/${message.id}/reactions/${encodeURIComponent('👍')}`);
    await ana.call('PUT', `/messages/${message.id}/pin`);

    expect((await socket.next('message.updated')).data.message).toMatchObject({ content: 'first', is_edited: true });
    expect((await socket.next('reaction.added')).data.reactions).toEqual([
      { emoji: '👍', count: 1, user_ids: [bea.id] },
    ]);
    expect((await socket.next('message.pinned')).data.message.is_pinned).toBe(true);
    const history = await bea.call('GET', `/messages/${message.id}/history`);
    expect(history.body.data).toMatchObject([{ version: 1, content: 'frist', edited_by: ana.id }]);
    const pins = await bea.call('GET', `/conversations/${conversationId}/pins`);
    expect(pins.body.data).toHaveLength(1);

    const denied = await bea.call('DELETE', `/messages/${message.id}`);
    expect(denied.status).toBe(403);
    await ana.call('DELETE', `/messages/${message.id}`);
    const deleted = (await socket.next('message.deleted')).data.message;
    expect(deleted).toMatchObject({ content: '', is_deleted: true, reactions: [], is_pinned: false });
    expect((await bea.call('PATCH', `/messages/${message.id}`, { content: 'x' })).status).toBe(409);
    const chain = socket.frames.filter(({ conversation_id: id, seq }) => id === conversationId && seq !== undefined);
    expect(chain.slice(1).every(({ prev }, i) => prev === chain[i]!.seq)).toBe(true);
  });

  it('supports replies, mentions and search, and removes a deleted parent from its reply', async () => {
    const { body: parent } = await send(ana, { content: 'the pelican flies at dawn' });
    const outsider = await world.register(`out${randomUUID().slice(0, 6)}`);
    const { body: reply } = await send(bea, {
      content: 'does it?',
      reply_to_id: parent.id,
      mentions: [ana.id, outsider.id],
    });

    expect(reply).toMatchObject({ reply_to_content: 'the pelican flies at dawn', mentions: [ana.id] });
    expect((await ana.call('GET', `/messages/${parent.id}/replies`)).body.data).toMatchObject([{ id: reply.id }]);
    const hits = await bea.call('GET', '/search/messages?q=pelican');
    expect(hits.body.data).toMatchObject([
      { id: parent.id, highlight: 'the pelican flies at dawn', matches: [{ start: 4, end: 11 }] },
    ]);
    expect((await outsider.call('GET', '/search/messages?q=pelican')).body.data).toEqual([]);

    await ana.call('DELETE', `/messages/${parent.id}`);
    expect((await bea.call('GET', `/messages/${reply.id}`)).body.reply_to_content).toBeNull();
    expect((await bea.call('GET', '/search/messages?q=pelican')).body.data).toEqual([]);
  });

  it('returns pages of messages in both directions and around one, without gaps or repetitions', async () => {
    const ids: string[] = [];
    for (let i = 1; i <= 25; i++) ids.push((await send(i % 2 ? ana : bea, { content: `number ${i}` })).body.id);
    const numbersOf = (body: { data: { sequence_number: number }[] }) => body.data.map((m) => m.sequence_number);
    const path = `/conversations/${conversationId}/messages`;

    const newest = await bea.call('GET', `${path}?limit=10`);
    const older = await bea.call('GET', `${path}?limit=10&cursor=${newest.body.next_cursor}`);
    const oldest = await bea.call('GET', `${path}?limit=10&cursor=${older.body.next_cursor}`);
    expect([...numbersOf(newest.body), ...numbersOf(older.body), ...numbersOf(oldest.body)]).toEqual(
      Array.from({ length: 25 }, (_, i) => 25 - i),
    );
    expect([newest, older, oldest].map(({ body }) => body.has_more)).toEqual([true, true, false]);

    const forward = await bea.call('GET', `${path}?limit=10&after_number=3`);
    expect(numbersOf(forward.body)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    const further = await bea.call('GET', `${path}?limit=10&cursor=${forward.body.next_cursor}`);
    expect(numbersOf(further.body)[0]).toBe(14);
    const around = await bea.call('GET', `${path}?limit=6&around=${ids[9]}`);
    expect(numbersOf(around.body)).toEqual([13, 12, 11, 10, 9, 8]);
    const bySender = await bea.call('GET', `${path}?limit=3&sender_id=${ana.id}`);
    expect(numbersOf(bySender.body)).toEqual([25, 23, 21]);
  });

  it('replays missed events in order after reconnecting, or from the log over REST', async () => {
    const away = await bea.webSocket();
    const { cursor } = away.frames.find(({ type }) => type === 'live')!.data as { cursor: string };
    const reader = await bea.call('GET', '/sync');
    away.close();
    await away.closed;

    const { body: first } = await send(ana, { content: 'while you were out' });
    await send(ana, { content: 'and another' });
    await ana.call('PATCH', `/messages/${first.id}`, { content: 'while you were away' });

    const back = await bea.webSocket(cursor);
    // A cursor may be a moment old and repeat known events: the client drops them by their seq.
    const isNew = ({ seq, conversation_id: id }: Frame): boolean => id === conversationId && seq! > 2;
    const missed = back.frames.filter((frame) => frame.replay && isNew(frame));
    expect(missed.map(({ type }) => type)).toEqual(['message.created', 'message.created', 'message.updated']);
    expect(missed.map(({ data }) => data.message.content)).toEqual([
      'while you were away',
      'and another',
      'while you were away',
    ]);
    const sync = await bea.call('GET', `/sync?cursor=${reader.body.cursor}`);
    expect(sync.body.resync).toEqual([]);
    expect(sync.body.events.filter(isNew).map(({ type }: { type: string }) => type)).toEqual(
      missed.map(({ type }) => type),
    );
    const log = await bea.call('GET', `/conversations/${conversationId}/events?after_seq=2`);
    expect(log.body.data.map(({ seq }: { seq: number }) => seq)).toEqual([3, 4, 5]);
    expect(log.body).toMatchObject({ at_seq: 5, has_more: false });
  });

  it('marks a message as read once the other user has answered', async () => {
    const socket = await ana.webSocket();
    const { body: question } = await send(ana, { content: 'coffee?' });
    expect(question.status).toBe('sent');
    await send(bea, { content: 'yes' });
    await socket.first(({ type, data }) => type === 'receipt.updated' && data.conversation_id === conversationId);
    expect((await ana.call('GET', `/messages/${question.id}`)).body.status).toBe('read');
  });

  it('stops delivery after unsubscribe, and continues it from a position', async () => {
    const socket = await bea.webSocket();
    await socket.request('unsubscribe', { conversation_id: conversationId });
    await send(ana, { content: 'unheard' });
    await send(ana, { content: 'unheard too' });
    expect((await socket.request('subscribe', { conversation_id: conversationId, from_seq: 3 })).ok).toBe(true);
    await send(ana, { content: 'heard' });
    const heard = [await socket.next('message.created'), await socket.next('message.created')];
    expect(heard.map(({ data }) => data.message.content)).toEqual(['unheard too', 'heard']);
  });
});
