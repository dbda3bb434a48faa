import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { JsonSocket } from '../support/client/web-socket.js';
import { fileForm, type LiteralCall, literalCalls } from '../support/literal-calls.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TIME = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/) as string;
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the classroom dialect', () => {
  let world: World;
  let john: RegisteredUser;
  let mary: RegisteredUser;
  let paul: RegisteredUser;
  let johns: LiteralCall;
  let marys: LiteralCall;
  let pauls: LiteralCall;
  const sockets: JsonSocket[] = [];

  beforeAll(async () => {
    world = await World.start();
    [john, mary, paul] = [await world.register('john'), await world.register('mary'), await world.register('paul')];
    [johns, marys, pauls] = [john, mary, paul].map(({ token }) => literalCalls(world.url, token)) as [
      LiteralCall,
      LiteralCall,
      LiteralCall,
    ];
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await world.stop();
  });

  const group = async (...others: RegisteredUser[]): Promise<string> => {
    const participant_ids = [john, ...others].map(({ id }) => id);
    const { body } = await johns('POST', '/api/conversations', {
      title: 'Study Group',
      type: 'group',
      participant_ids,
    });
    return body.id as string;
  };
  const say = async (call: LiteralCall, id: string, content: string) =>
    (await call('POST', `/api/conversations/${id}/messages`, { content, message_type: 'text' })).body;
  const listen = async (address: string, headers?: Record<string, string>): Promise<JsonSocket> => {
    const socket = new JsonSocket(world.url, address, { headers });
    sockets.push(socket);
    await socket.opened;
    return socket;
  };

  describe('conversations', () => {
    it('creates a conversation with all participants, as documented', async () => {
      const { status, body } = await johns('POST', '/api/conversations', {
        title: 'Study Group',
        type: 'group',
        participant_ids: [john.id, mary.id, paul.id],
      });
      expect(status).toBe(201);
      expect(body).toEqual({
        id: ID,
        title: 'Study Group',
        type: 'group',
        created_by: john.id,
        created_at: TIME,
        updated_at: TIME,
        last_message_at: body.created_at,
        is_archived: false,
        is_deleted: false,
        participants: expect.arrayContaining([
          {
            user_id: john.id,
            username: 'john',
            user_name: 'john',
            avatar_url: null,
            role: 'admin',
            is_muted: false,
            is_banned: false,
            joined_at: TIME,
          },
          expect.objectContaining({ user_id: mary.id, role: 'participant' }),
          expect.objectContaining({ user_id: paul.id, role: 'participant' }),
        ]),
        participant_count: 3,
        unread_count: 0,
      });
    });

    it('admits an admin by system role only with a reason, which the participants receive', async () => {
      const id = await group(mary);
      await world.database.query(`update users set role = 'admin' where id = $1`, [paul.id]);
      const enter = (headers?: Record<string, string>) =>
        pauls('POST', `/api/conversations/${id}/participants`, { user_id: paul.id, role: 'participant' }, headers);
      expect(await enter()).toMatchObject({ status: 403, body: { detail: expect.stringContaining('reason') } });
      expect((await enter({ 'x-audit-log-reason': 'A%20report' })).status).toBe(201);
      await world.database.query(`update users set role = 'user' where id = $1`, [paul.id]);
      const { body } = await marys('GET', `/api/conversations/${id}/messages`);
      expect(body.messages).toEqual([
        expect.objectContaining({
          message_type: 'system',
          content: 'An admin of the system joined to moderate: A report',
          sender_id: paul.id,
        }),
      ]);
      const forged = { content: 'An admin of the system joined', message_type: 'system' };
      expect((await marys('POST', `/api/conversations/${id}/messages`, forged)).status).toBe(400);
    });

    it('returns the existing direct conversation to either user', async () => {
      const direct = { title: null, type: 'direct', participant_ids: [john.id, mary.id] };
      const [johnsAnswer, marysAnswer] = [
        await johns('POST', '/api/conversations', direct),
        await marys('POST', '/api/conversations', direct),
      ];
      expect(johnsAnswer.body).toMatchObject({ type: 'direct', title: null, participants: expect.any(Array) });
      expect(marysAnswer.body.id).toBe(johnsAnswer.body.id);
    });

    it('lists conversations in pages that add up', async () => {
      const anna = await world.register('anna');
      const annas = literalCalls(world.url, anna.token);
      const before = (await annas('GET', '/api/conversations?page=1&limit=50')).body;
      expect(before).toEqual({
        conversations: expect.any(Array),
        page: 1,
        limit: 50,
        total: before.conversations.length,
        has_more: false,
      });
      const ids: string[] = [];
      for (const title of ['a', 'b', 'c', 'd', 'e']) {
        ids.unshift((await annas('POST', '/api/conversations', { title, type: 'group', participant_ids: [] })).body.id);
      }
      const seen: string[] = [];
      for (let page = 1, more = true; more; page++) {
        const { body } = await annas('GET', `/api/conversations?page=${page}&limit=2`);
        expect(body).toMatchObject({ page, limit: 2, total: before.total + 5 });
        seen.push(...body.conversations.map(({ id }: { id: string }) => id));
        more = body.has_more;
      }
      expect(seen.slice(0, 5)).toEqual(ids);
      expect(new Set(seen).size).toBe(before.total + 5);
      expect((await annas('GET', '/api/conversations?page=9000&limit=100')).status).toBe(422);
    });

    it('changes the title for all participants and the archive flag for one', async () => {
      const id = await group(mary);
      const update = { title: 'Updated Title', is_archived: false };
      const renamed = await johns('PUT', `/api/conversations/${id}`, update);
      expect([renamed.status, renamed.body.title]).toEqual([200, 'Updated Title']);
      const archived = await marys('PATCH', `/api/conversations/${id}/`, { ...update, is_archived: true });
      expect([archived.status, archived.body.is_archived]).toEqual([200, true]);
      expect((await johns('GET', `/api/conversations/${id}`)).body).toMatchObject({ is_archived: false });
      const refused = await marys('PUT', `/api/conversations/${id}`, { title: 'Mine' });
      expect(refused).toMatchObject({ status: 403, body: { detail: expect.any(String) } });
    });

    it('deletes a conversation for all participants', async () => {
      const id = await group(mary);
      expect((await marys('DELETE', `/api/conversations/${id}`)).status).toBe(403);
      const deleted = await johns('DELETE', `/api/conversations/${id}`);
      expect(deleted).toMatchObject({ status: 200, body: { message: 'Conversation deleted' } });
      const gone = await marys('GET', `/api/conversations/${id}`);
      expect(gone).toMatchObject({ status: 404, body: { detail: 'Conversation not found' } });
    });
  });

  describe('messages', () => {
    it('sends a message and a reply, as documented', async () => {
      const id = await group(mary);
      const first = await say(marys, id, 'Previous message');
      const sent = await johns('POST', `/api/conversations/${id}/messages`, {
        content: 'Hello, everyone!',
        message_type: 'text',
        reply_to_id: first.id,
        metadata: { emoji: '👋' },
      });
      expect(sent.status).toBe(201);
      expect(sent.body).toEqual({
        id: ID,
        conversation_id: id,
        sender_id: john.id,
        sender_name: 'john',
        content: 'Hello, everyone!',
        message_type: 'text',
        reply_to_id: first.id,
        reply_to_content: 'Previous message',
        created_at: TIME,
        updated_at: TIME,
        is_edited: false,
        is_deleted: false,
        metadata: { emoji: '👋' },
        attachments: [],
        status: 'sent',
      });
      expect((await marys('GET', `/api/conversations/${id}`)).body).toMatchObject({
        unread_count: 1,
        last_message_at: sent.body.created_at,
      });
    });

    it('lists messages in pages, newest first', async () => {
      const id = await group(mary);
      for (let number = 1; number <= 5; number++) await say(johns, id, `message ${number}`);
      const page = async (number: number) =>
        (await marys('GET', `/api/conversations/${id}/messages?page=${number}&limit=2`)).body;
      const contents = ({ messages }: { messages: { content: string }[] }) => messages.map(({ content }) => content);
      const pages = [await page(1), await page(2), await page(3), await page(4)];
      expect(pages.map(contents)).toEqual([['message 5', 'message 4'], ['message 3', 'message 2'], ['message 1'], []]);
      expect(pages.map(({ has_more, total, page: number, limit }) => [has_more, total, number, limit])).toEqual([
        [true, 5, 1, 2],
        [true, 5, 2, 2],
        [false, 5, 3, 2],
        [false, 5, 4, 2],
      ]);
      const whole = await marys('GET', `/api/conversations/${id}/messages`);
      expect(whole.body).toMatchObject({ page: 1, limit: 50, total: 5, has_more: false });
    });

    it('edits a message by form and by JSON, with PUT and PATCH, and only for its sender', async () => {
      const id = await group(mary);
      const { id: messageId } = await say(johns, id, 'Hello');
      const address = `/api/messages/${messageId}`;
      const form = await johns('PUT', address, 'content=Updated+message%20content', FORM);
      expect(form.status).toBe(200);
      expect(form.body).toMatchObject({ id: messageId, content: 'Updated message content', is_edited: true });
      const patched = await johns('PATCH', address, 'content=%C3%A4%20%F0%9F%91%8B', {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      });
      expect(patched.body.content).toBe('ä 👋');
      expect((await johns('PUT', address, { content: 'as JSON' })).body.content).toBe('as JSON');
      expect((await johns('PATCH', `${address}/`, { content: 'again' })).body.content).toBe('again');
      expect((await marys('PUT', address, 'content=hers', FORM)).status).toBe(403);
    });

    it('accepts forms on no other route, and no form with a repeated field', async () => {
      const id = await group(mary);
      const { id: messageId } = await say(johns, id, 'Hello');
      expect((await johns('POST', `/api/conversations/${id}/messages`, 'content=x', FORM)).status).toBe(415);
      expect((await johns('PUT', `/api/conversations/${id}`, 'title=x', FORM)).status).toBe(415);
      expect((await johns('PATCH', `/api/v1/messages/${messageId}`, 'content=x', FORM)).status).toBe(415);
      for (const bad of ['content=a&content=b', 'content=%00', '__proto__=1', 'other=1', '']) {
        const { status, body } = await johns('PUT', `/api/messages/${messageId}`, bad, FORM);
        expect([bad, status, Array.isArray(body.detail)]).toEqual([bad, 422, true]);
      }
      const stranger = literalCalls(world.url);
      expect((await stranger('PUT', `/api/messages/${messageId}`, 'content=x', FORM)).status).toBe(401);
    });

    it('stores a repeated send with the same key once, and returns the message as it is now', async () => {
      const id = await group(mary);
      const send = (content: string) =>
        johns('POST', `/api/conversations/${id}/messages`, { content }, { 'idempotency-key': 'classroom-once' });
      const [first, second] = [await send('a secret'), await send('a secret')];
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(second.body).toEqual(first.body);
      expect(await send('another')).toMatchObject({ status: 422 });
      await johns('DELETE', `/api/messages/${first.body.id}`);
      expect((await send('a secret')).body).toMatchObject({ id: first.body.id, content: '', is_deleted: true });
    });

    it('deletes a message and leaves a tombstone', async () => {
      const id = await group(mary);
      const { id: messageId } = await say(johns, id, 'Hello');
      expect((await marys('DELETE', `/api/messages/${messageId}`)).status).toBe(403);
      const { status, body } = await johns('DELETE', `/api/messages/${messageId}`);
      expect([status, body]).toEqual([200, { message: 'Message deleted' }]);
      const { messages } = (await marys('GET', `/api/conversations/${id}/messages`)).body;
      expect(messages).toMatchObject([{ id: messageId, content: '', is_deleted: true }]);
    });

    it('marks a message as read', async () => {
      const id = await group(mary);
      const { id: messageId } = await say(johns, id, 'Hello');
      const read = await marys('POST', `/api/messages/${messageId}/read`);
      expect(read).toMatchObject({ status: 200, body: { message: 'Message marked as read' } });
      expect((await marys('GET', `/api/conversations/${id}`)).body.unread_count).toBe(0);
    });

    it('sends a file that was uploaded to the conversation', async () => {
      const id = await group(mary);
      const { text, type } = fileForm('notes.txt', 'text/plain', 'what we learnt');
      const uploaded = await johns('POST', `/api/conversations/${id}/upload`, text, { 'content-type': type });
      expect(uploaded.status).toBe(201);
      expect(uploaded.body).toEqual({
        id: ID,
        conversation_id: id,
        file_name: 'notes.txt',
        file_type: 'text/plain',
        file_size: 14,
        file_url: `/api/v1/files/${uploaded.body.id}/content`,
        status: expect.any(String),
        uploaded_at: TIME,
      });
      const sent = await johns('POST', `/api/conversations/${id}/messages`, {
        content: 'notes.txt',
        message_type: 'file',
        attachment_ids: [uploaded.body.id],
      });
      expect(sent.body).toMatchObject({ message_type: 'file', attachments: [{ id: uploaded.body.id }] });
      const outside = await pauls('POST', `/api/conversations/${id}/upload`, text, { 'content-type': type });
      expect(outside.status).toBe(403);
    });
  });

  describe('participants', () => {
    it('adds, promotes by form, mutes and removes a participant', async () => {
      const id = await group(mary);
      const added = await johns('POST', `/api/conversations/${id}/participants`, {
        user_id: paul.id,
        role: 'participant',
      });
      expect(added).toMatchObject({ status: 201, body: { user_id: paul.id, role: 'participant', is_muted: false } });
      const address = `/api/conversations/${id}/participants/${paul.id}`;
      const made = await johns('PUT', address, 'role=moderator&is_muted=false', FORM);
      expect(made).toMatchObject({ status: 200, body: { user_id: paul.id, role: 'moderator', is_muted: false } });
      expect((await johns('PATCH', address, { role: 'participant', is_muted: true })).body).toMatchObject({
        role: 'participant',
        is_muted: true,
      });
      expect((await pauls('POST', `/api/conversations/${id}/messages`, { content: 'x' })).status).toBe(403);
      expect((await marys('DELETE', address)).status).toBe(403);
      const removed = await johns('DELETE', address);
      expect(removed).toMatchObject({ status: 200, body: { message: 'Participant removed' } });
      expect((await johns('DELETE', address)).body).toMatchObject({ detail: 'Participant not found' });
      expect((await pauls('GET', `/api/conversations/${id}`)).body).toMatchObject({
        detail: 'Not a participant in this conversation',
      });
    });
  });

  describe('statuses', () => {
    it('sets a status and presents it to users who share a conversation', async () => {
      const stranger = await world.register('stranger');
      const id = await group(mary);
      const set = await johns('PUT', '/api/users/status', {
        status: 'busy',
        is_typing: true,
        typing_in_conversation: id,
      });
      expect(set.status).toBe(200);
      expect(set.body).toMatchObject({ user_id: john.id, is_typing: true, typing_in_conversation: id });
      const typing = (await marys('GET', `/api/users/status?user_ids=${john.id}`)).body[0];
      expect(typing).toMatchObject({ user_id: john.id, is_typing: true, typing_in_conversation: id });
      await johns('POST', '/api/conversations', { type: 'direct', participant_ids: [paul.id] });
      const unseen = (await pauls('GET', `/api/users/status?user_ids=${john.id}`)).body[0];
      expect(unseen).toMatchObject({ user_id: john.id, is_typing: false, typing_in_conversation: null });
      await johns('PUT', '/api/users/status', { is_typing: false, typing_in_conversation: id });
      const back = { status: 'online', is_typing: false, typing_in_conversation: null };
      expect((await johns('PUT', '/api/users/status', back)).body).toMatchObject({ is_typing: false });
      const shown = await marys('GET', `/api/users/status?user_ids=${john.id}&user_ids=${mary.id}`);
      expect(shown.body).toEqual(
        [john.id, mary.id].map((user_id) => ({
          user_id,
          status: expect.stringMatching(/^(online|offline)$/),
          last_seen: shown.body.find((one: { user_id: string }) => one.user_id === user_id).last_seen,
          is_typing: false,
          typing_in_conversation: null,
        })),
      );
      expect((await marys('GET', `/api/users/status?user_ids=${john.id}`)).body).toHaveLength(1);
      const outside = await literalCalls(world.url, stranger.token)('PUT', '/api/users/status', {
        is_typing: true,
        typing_in_conversation: id,
      });
      expect(outside).toMatchObject({ status: 403, body: { detail: 'Not a participant in this conversation' } });
    });
  });

  describe('the typing status', () => {
    const status = { status: 'online', is_typing: false, typing_in_conversation: null };

    it('ends typing in every conversation when the status says so', async () => {
      const ids = [await group(mary), await group(mary)];
      const marySocket = await listen(`/api/ws/${mary.token}?ext=1`);
      await marySocket.next('live');
      for (const id of ids) {
        await johns('PUT', '/api/users/status', { is_typing: true, typing_in_conversation: id });
        await marySocket.next({ type: 'typing_start', conversation_id: id });
      }
      expect((await johns('PUT', '/api/users/status', status)).body).toMatchObject({
        is_typing: false,
        typing_in_conversation: null,
      });
      for (const id of ids) {
        expect(await marySocket.next({ type: 'typing_stop', conversation_id: id })).toEqual({
          type: 'typing_stop',
          user_id: john.id,
          conversation_id: id,
        });
      }
      const shown = (await marys('GET', `/api/users/status?user_ids=${john.id}`)).body[0];
      expect(shown).toMatchObject({ is_typing: false, typing_in_conversation: null });
      await johns('PUT', '/api/users/status', status);
      const { id: last } = await say(johns, ids[0]!, 'the last');
      await marySocket.next(({ message }) => message?.id === last);
      expect(marySocket.left.filter(({ type }) => type === 'typing_stop')).toEqual([]);
    });

    it('continues typing when the status changes something else', async () => {
      const id = await group(mary);
      await johns('PUT', '/api/users/status', { is_typing: true, typing_in_conversation: id });
      const busy = await johns('PUT', '/api/users/status', { status: 'busy' });
      expect(busy.body).toMatchObject({ is_typing: true, typing_in_conversation: id });
      await johns('PUT', '/api/users/status', status);
    });
  });

  describe('errors', () => {
    it.each([
      ['no token', undefined],
      ['a wrong one', 'not-a-token'],
    ])('returns 401 as documented with %s', async (_what, token) => {
      const { status, body } = await literalCalls(world.url, token)('GET', '/api/conversations');
      expect([status, body]).toEqual([401, { detail: 'Invalid token', code: 'AUTHENTICATION_REQUIRED' }]);
    });

    it('reports invalid fields as FastAPI does, with their location', async () => {
      const id = await group(mary);
      const { status, body } = await johns('POST', `/api/conversations/${id}/messages`, { content: '' });
      expect(status).toBe(422);
      expect(body).toEqual({
        detail: [{ type: 'value_error', loc: ['body', 'content'], msg: expect.any(String) }],
        code: 'VALIDATION_ERROR',
      });
      const long = await johns('POST', `/api/conversations/${id}/messages`, { content: 'x'.repeat(5001) });
      expect(long).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'content'] }] } });
      expect((await johns('POST', `/api/conversations/${id}/messages`, { content: 'x'.repeat(5000) })).status).toBe(
        201,
      );
      const query = await johns('GET', `/api/conversations?limit=1000`);
      expect(query).toMatchObject({ status: 422, body: { detail: [{ loc: ['query', 'limit'] }] } });
    });

    it('reports missing resources, forbidden files and system messages from clients', async () => {
      const id = await group(mary);
      const missingId = '01930000-0000-7000-8000-000000000000';
      expect((await johns('GET', `/api/conversations/${missingId}`)).body).toMatchObject({
        detail: 'Conversation not found',
      });
      expect((await johns('GET', '/api/conversations/conv-123')).body).toMatchObject({
        detail: 'Conversation not found',
      });
      const message = await johns('DELETE', `/api/messages/${missingId}`);
      expect(message).toMatchObject({ status: 404, body: { detail: 'Message not found' } });
      expect((await johns('GET', '/api/conversations/a/b/c')).body).toMatchObject({ detail: 'Not Found' });
      const { text, type } = fileForm('run.exe', 'application/x-msdownload', 'MZ');
      const file = await johns('POST', `/api/conversations/${id}/upload`, text, { 'content-type': type });
      expect(file).toMatchObject({ status: 400, body: { detail: 'File type not allowed' } });
      const system = await johns('POST', `/api/conversations/${id}/messages`, { content: 'x', message_type: 'system' });
      expect(system).toMatchObject({ status: 400, body: { detail: expect.any(String) } });
    });
  });

  describe('errors of the server', () => {
    afterEach(() => jest.restoreAllMocks());

    it('reports a failure without its cause', async () => {
      const id = await group(mary);
      const messages = world.get(MessagesService);
      jest.spyOn(messages, 'send').mockRejectedValue(new Error('planted'));
      const sent = await johns('POST', `/api/conversations/${id}/messages`, { content: 'x' });
      expect(sent).toMatchObject({ status: 500, body: { detail: 'Failed to send message', code: 'INTERNAL_ERROR' } });
      jest.spyOn(messages, 'edit').mockRejectedValue(new Error('planted'));
      const edited = await johns('PUT', `/api/messages/01930000-0000-7000-8000-000000000000`, { content: 'x' });
      expect(edited).toMatchObject({ status: 500, body: { detail: 'Internal server error' } });
    });
  });

  describe('the socket', () => {
    it('opens at three paths', async () => {
      const id = await group(mary);
      const ways = [
        await listen('/api/ws', { Authorization: `Bearer ${mary.token}` }),
        await listen(`/api/ws?token=${mary.token}`),
        await listen(`/api/ws/${mary.token}`),
      ];
      const sent = await say(johns, id, 'Hello!');
      for (const socket of ways) {
        const { message } = await socket.next(({ message }) => message?.id === sent.id);
        expect(message).toEqual(sent);
      }
    });

    it('sends the reason before it closes a connection without a valid token', async () => {
      for (const address of ['/api/ws', '/api/ws/', '/api/ws?token=wrong', '/api/ws/wrong']) {
        const socket = await listen(address);
        expect(await socket.next('error')).toEqual({ type: 'error', message: 'Invalid token' });
        expect((await socket.closed).code).toBe(4401);
      }
    });

    it('sends both frames for typing', async () => {
      const id = await group(mary);
      const [johnSocket, marySocket] = [await listen(`/api/ws/${john.token}`), await listen(`/api/ws/${mary.token}`)];
      johnSocket.send({ type: 'typing_start', conversation_id: id });
      expect(await marySocket.next({ type: 'typing_start', conversation_id: id })).toEqual({
        type: 'typing_start',
        user_id: john.id,
        conversation_id: id,
      });
      expect(await marySocket.next({ type: 'user_status_change', is_typing: true, conversation_id: id })).toEqual({
        type: 'user_status_change',
        user_id: john.id,
        status: 'online',
        is_typing: true,
        conversation_id: id,
      });
      johnSocket.send({ type: 'typing_stop', conversation_id: id });
      expect(await marySocket.next({ type: 'typing_stop', conversation_id: id })).toEqual({
        type: 'typing_stop',
        user_id: john.id,
        conversation_id: id,
      });
    });

    it('sends a status change of a user who types', async () => {
      const marySocket = await listen(`/api/ws/${mary.token}`);
      const tom = await world.register('tom');
      const toms = literalCalls(world.url, tom.token);
      const { id } = (await toms('POST', '/api/conversations', { type: 'direct', participant_ids: [mary.id] })).body;
      const change = { type: 'user_status_change', user_id: tom.id };
      const tomSocket = await listen(`/api/ws/${tom.token}`);
      await marySocket.next({ ...change, status: 'online' });
      tomSocket.send({ type: 'typing_start', conversation_id: id });
      await marySocket.next({ ...change, is_typing: true });
      await toms('PUT', '/api/users/status', { status: 'busy' });
      expect(await marySocket.next({ ...change, status: 'busy' })).toMatchObject({
        is_typing: true,
        conversation_id: id,
      });
      tomSocket.send({ type: 'typing_stop', conversation_id: id });
      await marySocket.next({ ...change, is_typing: false, conversation_id: id });
      await toms('PUT', '/api/users/status', { status: 'away' });
      expect(await marySocket.next({ ...change, status: 'away' })).toMatchObject({
        is_typing: false,
        conversation_id: null,
      });
    });

    it('sends each reader once for a message', async () => {
      const id = await group(mary, paul);
      const johnSocket = await listen(`/api/ws/${john.token}`);
      const marySocket = await listen(`/api/ws/${mary.token}`);
      const { id: first } = await say(johns, id, 'one');
      const { id: second } = await say(johns, id, 'two');
      marySocket.send({ type: 'message_read', message_id: first, conversation_id: id });
      expect(await johnSocket.next({ type: 'message_read', user_id: mary.id })).toEqual({
        type: 'message_read',
        message_id: first,
        user_id: mary.id,
      });
      await pauls('POST', `/api/messages/${second}/read`);
      expect(await johnSocket.next({ type: 'message_read', user_id: paul.id })).toMatchObject({
        message_id: second,
      });
      await marys('POST', `/api/messages/${second}/read`);
      expect(await johnSocket.next({ type: 'message_read', user_id: mary.id })).toMatchObject({
        message_id: second,
      });
      expect(johnSocket.left.filter(({ type }) => type === 'message_read')).toEqual([]);
    });

    it('sends who connects', async () => {
      await group(mary);
      const johnSocket = await listen(`/api/ws/${john.token}`);
      const zoe = await world.register('zoe');
      await johns('POST', '/api/conversations', { type: 'direct', participant_ids: [zoe.id] });
      await listen(`/api/ws/${zoe.token}`);
      expect(await johnSocket.next({ type: 'user_status_change', user_id: zoe.id })).toEqual({
        type: 'user_status_change',
        user_id: zoe.id,
        status: 'online',
        is_typing: false,
        conversation_id: null,
      });
    });

    it('sends nothing of a conversation that the client left, until it joins again', async () => {
      const [left, kept] = [await group(mary), await group(mary)];
      const marySocket = await listen(`/api/ws/${mary.token}`);
      const heard = async (content: string) =>
        (await marySocket.next(({ message }) => message?.content === content)).message;
      marySocket.send({ type: 'leave_conversation', conversation_id: left });
      // An error confirms that the frame before it was processed.
      marySocket.send({ type: 'join_conversation', conversation_id: 'no-such-room' });
      await marySocket.next({ type: 'error', message: 'Conversation not found' });
      await say(johns, left, 'unheard');
      await say(johns, kept, 'heard');
      await heard('heard');
      expect(marySocket.frames.filter(({ message }) => message?.content === 'unheard')).toEqual([]);
      marySocket.send({ type: 'join_conversation', conversation_id: left });
      marySocket.send({ type: 'join_conversation', conversation_id: 'no-such-room' });
      await marySocket.next('error');
      await say(johns, left, 'heard again');
      expect(await heard('heard again')).toMatchObject({ conversation_id: left });
    });

    it('answers an invalid frame with an error, without closing', async () => {
      const id = await group(mary);
      const outside = await listen(`/api/ws/${paul.token}`);
      const malformed = { type: 'error', message: 'Invalid message format' };
      for (const bad of ['nonsense', '[]', 'null', '{"type":1}', { type: 'no_such_frame' }, { type: 'typing_start' }]) {
        outside.send(bad);
        expect([bad, await outside.next('error')]).toEqual([bad, malformed]);
      }
      for (const type of ['join_conversation', 'typing_start', 'typing_stop', 'message_read']) {
        const message_id = '01930000-0000-7000-8000-000000000000';
        outside.send({ type, conversation_id: id, ...(type === 'message_read' && { message_id }) });
        const refusal = 'Not a participant in this conversation';
        expect([type, await outside.next('error')]).toEqual([type, { type: 'error', message: refusal }]);
      }
      expect(outside.socket.readyState).toBe(1);
    });

    it('sends frames outside the dialect only to clients that connect with ext=1', async () => {
      const id = await group(mary);
      const [plain, extended] = [await listen(`/api/ws/${mary.token}`), await listen(`/api/ws/${mary.token}?ext=1`)];
      const { id: messageId } = await say(johns, id, 'Hello');
      await johns('PUT', `/api/messages/${messageId}`, { content: 'Hello again' });
      const edited = await extended.next('message.updated');
      expect(edited.data.message).toMatchObject({ id: messageId, content: 'Hello again' });
      const { id: last } = await say(johns, id, 'the last');
      await plain.next(({ message }) => message?.id === last);
      const known = ['new_message', 'user_status_change', 'typing_start', 'typing_stop', 'message_read', 'error'];
      expect(plain.frames.filter(({ type }) => !known.includes(type as string))).toEqual([]);
    });
  });
});
