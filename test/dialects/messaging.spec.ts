import { pdf } from '../fixtures/sample-files.js';

import { type HttpOptions, type HttpResponse, request, send } from '../support/client/http.js';
import { JsonSocket } from '../support/client/web-socket.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser, User } from '../support/users.js';

const SAMPLE_PDF = pdf();
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/) as string;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

describe('the messaging dialect', () => {
  let world: FileWorld;
  let john: RegisteredUser;
  let mary: RegisteredUser;
  let carl: RegisteredUser;
  let conversationId: string;
  const ask = (
    user: Pick<User, 'token'> | undefined,
    method: string,
    path: string,
    more: HttpOptions = {},
  ): Promise<HttpResponse> => request(method, `${world.url}/api/messaging${path}`, { token: user?.token, ...more });

  beforeAll(async () => {
    world = await FileWorld.start();
    [john, mary, carl] = [await world.register('john'), await world.register('mary'), await world.register('carl')];
    const body = { participant_ids: [mary.id, carl.id] };
    conversationId = (await ask(john, 'POST', '/conversations/', { body })).body.conversation_id as string;
  });
  afterAll(() => world.stop());

  describe('conversations', () => {
    it('creates a conversation with the named users, and lists it', async () => {
      const created = await ask(john, 'POST', '/conversations/', { body: { participant_ids: [mary.id, carl.id] } });
      expect(created.status).toBe(201);
      expect(created.body).toMatchObject({
        conversation_id: UUID,
        created_at: TIME,
        updated_at: TIME,
        participants: expect.arrayContaining([john.id, mary.id, carl.id]),
        last_message: null,
      });
      const sent = await ask(mary, 'POST', `/conversations/${created.body.conversation_id}/messages/`, {
        body: { content: 'Hello!', message_type: 'text' },
      });
      const { status, body } = await ask(john, 'GET', '/conversations/');
      expect(status).toBe(200);
      expect(Array.isArray(body)).toBe(true);
      expect(body[0]).toMatchObject({
        conversation_id: created.body.conversation_id,
        created_at: TIME,
        updated_at: sent.body.created_at,
        last_message: {
          message_id: sent.body.message_id,
          content: 'Hello!',
          sender_id: mary.id,
          created_at: sent.body.created_at,
        },
      });
    });

    it('returns the existing direct conversation of two users', async () => {
      const [first, second] = [
        await ask(john, 'POST', '/conversations/', { body: { participant_ids: [mary.id] } }),
        await ask(mary, 'POST', '/conversations/', { body: { participant_ids: [john.id] } }),
      ];
      expect([first.status, second.status]).toEqual([201, 200]);
      expect(second.body.conversation_id).toBe(first.body.conversation_id);
    });

    it('rejects a conversation with no other user', async () => {
      for (const participant_ids of [[], [john.id]]) {
        const { status, body } = await ask(john, 'POST', '/conversations/', { body: { participant_ids } });
        expect([status, body.code, body.details]).toEqual([
          400,
          'VALIDATION_ERROR',
          { participant_ids: 'must name another user' },
        ]);
      }
    });
  });

  describe('messages', () => {
    it('sends a message, as documented', async () => {
      const { status, body, headers } = await ask(john, 'POST', `/conversations/${conversationId}/messages/`, {
        body: { content: 'Hello, world!', message_type: 'text' },
      });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        message_id: UUID,
        content: 'Hello, world!',
        sender_id: john.id,
        sender_name: 'john',
        message_type: 'text',
        created_at: TIME,
        is_read: false,
        attachments: [],
      });
      expect(headers.get('x-ratelimit-limit')).toMatch(/^\d+$/);
      expect(headers.get('x-ratelimit-remaining')).toMatch(/^\d+$/);
      expect(headers.get('x-ratelimit-reset')).toMatch(/^\d{10}$/);
    });

    it('lists messages in pages, newest first, to the end', async () => {
      const { body: room } = await ask(john, 'POST', '/conversations/', {
        body: { participant_ids: [mary.id, carl.id] },
      });
      const path = `/conversations/${room.conversation_id}/messages/`;
      for (const content of ['one', 'two', 'three']) await ask(john, 'POST', path, { body: { content } });
      const first = await ask(mary, 'GET', `${path}?limit=2`);
      expect(Object.keys(first.body).sort()).toEqual(['has_more', 'next_cursor', 'results']);
      expect(first.body.results.map(({ content }: { content: string }) => content)).toEqual(['three', 'two']);
      expect([first.body.has_more, typeof first.body.next_cursor]).toEqual([true, 'string']);
      const rest = await ask(mary, 'GET', `${path}?limit=2&cursor=${encodeURIComponent(first.body.next_cursor)}`);
      expect(rest.body).toMatchObject({ has_more: false, next_cursor: null, results: [{ content: 'one' }] });
      expect((await ask(mary, 'GET', `${path}?limit=101`)).status).toBe(400);
    });

    it('marks messages as read when the newest page is fetched, which presents them as unread once', async () => {
      const { body: direct } = await ask(john, 'POST', '/conversations/', { body: { participant_ids: [carl.id] } });
      const path = `/conversations/${direct.conversation_id}/messages/`;
      await ask(john, 'POST', path, { body: { content: 'Hello!' } });
      const isRead = async (user: RegisteredUser): Promise<boolean> =>
        (await ask(user, 'GET', path)).body.results[0].is_read as boolean;
      expect([await isRead(carl), await isRead(carl)]).toEqual([false, true]);
    });

    it('presents deleted messages as deleted', async () => {
      const path = `/conversations/${conversationId}/messages/`;
      const { body: sent } = await ask(john, 'POST', path, { body: { content: 'Too much' } });
      expect(sent.is_deleted).toBe(false);
      await john.call('DELETE', `/messages/${sent.message_id}`);
      const { results } = (await ask(mary, 'GET', path)).body;
      expect(results[0]).toMatchObject({ message_id: sent.message_id, content: '', is_deleted: true });
    });

    it('stores a repeated send with the same key once', async () => {
      const path = `/conversations/${conversationId}/messages/`;
      const send = (): Promise<HttpResponse> =>
        ask(john, 'POST', path, { body: { content: 'once' }, headers: { 'idempotency-key': 'key-once' } });
      const [first, second] = [await send(), await send()];
      expect(second.body.message_id).toBe(first.body.message_id);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
    });

    it('removes markup and keeps the text', async () => {
      const { body } = await ask(john, 'POST', `/conversations/${conversationId}/messages/`, {
        body: { content: '<b>a</b> < b<script>alert(1)</script>' },
      });
      expect(body.content).toBe('a < b');
    });

    it.each(['system', 'video', 7])('rejects the message type %p', async (message_type) => {
      const { status, body } = await ask(john, 'POST', `/conversations/${conversationId}/messages/`, {
        body: { content: 'x', message_type },
      });
      expect([status, body.code, typeof body.error]).toEqual([400, 'INVALID_MESSAGE_TYPE', 'string']);
    });
  });

  describe('attachments', () => {
    const upload = (user: RegisteredUser, name: string, bytes: Buffer, type: string): Promise<HttpResponse> => {
      const form = new FormData();
      form.set('file', new Blob([new Uint8Array(bytes)], { type }), name);
      return ask(user, 'POST', `/conversations/${conversationId}/attachments/`, { body: form });
    };

    it('uploads, sends one or several, and serves them at a URL that needs no header', async () => {
      const uploads = await Promise.all(
        ['document.pdf', 'b.pdf'].map((name) => upload(john, name, SAMPLE_PDF, 'application/pdf')),
      );
      const [first, second] = uploads.map(({ body }) => body);
      expect(uploads[0]!.status).toBe(201);
      expect(first).toMatchObject({
        attachment_id: UUID,
        file_name: 'document.pdf',
        file_type: 'application/pdf',
        file_category: 'document',
        file_size: SAMPLE_PDF.length,
        file_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1\/files\//),
        uploaded_at: TIME,
      });
      await Promise.all([first, second].map((file) => world.scanned(john, file.attachment_id as string)));
      const marys = new JsonSocket(world.url, `/ws/chat/${conversationId}/?token=${mary.token}`);
      await marys.next('connection_established');
      const sent = await ask(john, 'POST', `/conversations/${conversationId}/messages/`, {
        body: {
          content: 'Hello, world!',
          message_type: 'text',
          attachment_id: first.attachment_id,
          attachment_ids: [second.attachment_id],
        },
      });
      expect(sent.status).toBe(201);
      // Over the socket the URL is signed for the receiver and can be used in a page.
      const { attachments } = await marys.next('chat_message');
      expect(attachments[0]).toEqual({
        ...first,
        file_url: expect.stringMatching(`^${world.url}/`),
        status: 'ready',
      });
      expect((await send('GET', attachments[0].file_url as string)).status).toBe(200);
      marys.close();
      const { body: page } = await ask(mary, 'GET', `/conversations/${conversationId}/messages/`);
      const shown = page.results[0].attachments as { attachment_id: string; file_url: string }[];
      expect(shown.map(({ attachment_id }) => attachment_id)).toEqual([first.attachment_id, second.attachment_id]);
      const fetched = await send('GET', shown[0]!.file_url);
      expect([fetched.status, fetched.headers.get('content-type')]).toEqual([200, 'application/pdf']);
      expect(Buffer.from(await fetched.arrayBuffer()).equals(SAMPLE_PDF)).toBe(true);
    });

    it('rejects a forbidden type and a file that is too large with 400', async () => {
      const wrong = await upload(john, 'program.exe', Buffer.from('MZ\x90\x00 not a document'), 'application/pdf');
      expect([wrong.status, wrong.body.code, typeof wrong.body.error]).toEqual([400, 'INVALID_FILE_TYPE', 'string']);
      const large = await upload(john, 'a.txt', Buffer.alloc(26 * 1024 * 1024, 'a'), 'text/plain');
      expect([large.status, large.body.code]).toEqual([400, 'FILE_TOO_LARGE']);
    });
  });

  it('counts messages and unread messages of the caller', async () => {
    const [dora, emil] = [await world.register('dora'), await world.register('emil')];
    const { body: direct } = await ask(dora, 'POST', '/conversations/', { body: { participant_ids: [emil.id] } });
    const path = `/conversations/${direct.conversation_id}/messages/`;
    await ask(dora, 'POST', path, { body: { content: 'one' } });
    const { body: last } = await ask(dora, 'POST', path, { body: { content: 'two' } });
    const { status, body } = await ask(emil, 'GET', '/stats/');
    expect([status, body]).toEqual([
      200,
      {
        total_conversations: 1,
        total_messages: 2,
        total_unread: 2,
        recent_activity: [
          { conversation_id: direct.conversation_id, last_message_at: last.created_at, unread_count: 2 },
        ],
      },
    ]);
    await ask(emil, 'GET', path);
    expect((await ask(emil, 'GET', '/stats/')).body.total_unread).toBe(0);
  });

  describe('an error', () => {
    it.each([
      ['without a token', () => ask(undefined, 'GET', '/conversations/'), 401, 'AUTHENTICATION_REQUIRED'],
      ['with a wrong token', () => ask({ ...john, token: 'no' }, 'GET', '/stats/'), 401, 'AUTHENTICATION_REQUIRED'],
      [
        'of an unknown conversation',
        () => ask(john, 'GET', '/conversations/01930000-0000-7000-8000-000000000000/messages/'),
        404,
        'CONVERSATION_NOT_FOUND',
      ],
      ['of an unknown path', () => ask(john, 'GET', '/nothing/'), 404, 'ROUTE_NOT_FOUND'],
      [
        'of too long a text',
        () => ask(john, 'POST', `/conversations/${conversationId}/messages/`, { body: { content: 'x'.repeat(5001) } }),
        400,
        'CONTENT_TOO_LONG',
      ],
      [
        'for a user who is not an admin',
        () => ask(john, 'GET', '/admin/performance-metrics/'),
        403,
        'PERMISSION_DENIED',
      ],
      ['for a user who is not an admin', () => ask(john, 'GET', '/admin/health-check/'), 403, 'PERMISSION_DENIED'],
    ])('has the documented form: %s', async (_name, request, expected, code) => {
      const { status, body } = await request();
      expect([status, body]).toEqual([expected, { error: expect.any(String), code, details: expect.any(Object) }]);
    });

    it('is 403 PERMISSION_DENIED for a user who is not a participant', async () => {
      const stranger = await world.register('stranger');
      const { status, body } = await ask(stranger, 'GET', `/conversations/${conversationId}/messages/`);
      expect([status, body.code]).toEqual([403, 'PERMISSION_DENIED']);
    });

    it('names what is wrong with each field', async () => {
      const { body } = await ask(john, 'POST', '/conversations/', { body: { participant_ids: [2, 3] } });
      expect(body).toMatchObject({ code: 'VALIDATION_ERROR', details: { participant_ids: expect.any(String) } });
      const headers = { 'content-type': 'application/json' };
      const broken = await ask(john, 'POST', '/conversations/', { headers, body: '{' });
      expect(broken.body).toMatchObject({ code: 'VALIDATION_ERROR', details: { request: expect.any(String) } });
    });
  });

  it('reports the health of the system to admins', async () => {
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = {
      ADMIN_EMAIL: 'admin@example.com',
      ADMIN_PASSWORD: 'correct horse battery staple',
    };
    const login = await world.call('POST', '/auth/login', { email, password });
    const admin = { ...john, token: login.body.access_token as string };
    for (const [path, canonical] of [
      ['/admin/performance-metrics/', '/admin/metrics'],
      ['/admin/health-check/', '/admin/health'],
    ] as const) {
      const { status, body } = await ask(admin, 'GET', path);
      const own = await world.call('GET', canonical, undefined, { authorization: `Bearer ${admin.token}` });
      expect([status, Object.keys(body).sort()]).toEqual([200, Object.keys(own.body).sort()]);
    }
  });
});
