import { pdf } from '../fixtures/sample-files.js';
import { type HttpOptions, type HttpResponse, request, send } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser } from '../support/users.js';

const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/) as string;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const TEXT = expect.any(String) as string;
const MISSING_ID = '01930000-0000-7000-8000-000000000000';

/** As the documentation prints it. */
const JOHNDOE = {
  username: 'johndoe',
  email: 'john@example.com',
  password: 'securepassword123',
  display_name: 'John Doe',
};

describe('the chat dialect', () => {
  let world: FileWorld;
  let jonas: RegisteredUser;
  let mary: RegisteredUser;
  const at = (method: string, path: string, more: HttpOptions = {}): Promise<HttpResponse> =>
    request(method, world.url + path, more);
  const ask = (user: RegisteredUser, method: string, path: string, body?: object): Promise<HttpResponse> =>
    at(method, path, { token: user.token, body });
  const contents = ({ body }: HttpResponse): string[] =>
    (body.messages as AnyJson[]).map(({ content }) => content as string);

  beforeAll(async () => {
    world = await FileWorld.start();
    [jonas, mary] = [await world.register('jonas'), await world.register('mary')];
  });
  afterAll(() => world.stop());

  /** A room with the slug the documentation uses. */
  const room = async (slug: string, settings: object = {}): Promise<string> => {
    const { body } = await mary.call('POST', '/conversations', { type: 'room', slug, title: slug, settings });
    return body.id as string;
  };

  describe('accounts', () => {
    it('registers, logs in, returns and changes an account with the documented bodies', async () => {
      const registered = await at('POST', '/users/register', { body: JOHNDOE });
      expect([registered.status, registered.body]).toEqual([
        201,
        {
          id: UUID,
          username: 'johndoe',
          email: 'john@example.com',
          display_name: 'John Doe',
          bio: '',
          avatar_url: null,
          location: '',
          role: 'user',
          status: 'offline',
          last_seen: null,
          created_at: TIME,
        },
      ]);
      for (const username_or_email of ['johndoe', 'john@example.com']) {
        const login = await at('POST', '/users/login', { body: { username_or_email, password: 'securepassword123' } });
        expect([login.status, login.body]).toEqual([
          200,
          {
            access_token: TEXT,
            refresh_token: TEXT,
            token_type: 'Bearer',
            expires_in: expect.any(Number),
            device_token: TEXT,
            user: registered.body,
          },
        ]);
        const token = login.body.access_token as string;
        expect((await at('GET', '/users/me', { token })).body).toEqual(registered.body);
      }
      const { body: login } = await at('POST', '/users/login', {
        body: { username_or_email: 'johndoe', password: 'securepassword123' },
      });
      const changes = {
        display_name: 'John Smith',
        bio: 'Software developer',
        avatar_url: 'https://example.com/avatar.jpg',
      };
      const changed = await at('PUT', '/users/me', { token: login.access_token as string, body: changes });
      expect([changed.status, changed.body]).toEqual([200, { ...registered.body, ...changes }]);
    });

    it('rejects a taken name and a wrong password', async () => {
      const dora = { ...JOHNDOE, username: 'dora', email: 'dora@example.com' };
      expect((await at('POST', '/users/register', { body: dora })).status).toBe(201);
      const twice = await at('POST', '/users/register', { body: dora });
      expect([twice.status, twice.body.code]).toEqual([409, 'ALREADY_EXISTS']);
      const wrong = await at('POST', '/users/login', { body: { username_or_email: 'dora', password: 'not this one' } });
      expect([wrong.status, wrong.body.code]).toEqual([401, 'AUTHENTICATION_ERROR']);
    });

    it.each(['short12', 'password'])('rejects the password %p', async (password) => {
      const { status, body } = await at('POST', '/users/register', {
        body: { ...JOHNDOE, username: 'weak', email: 'weak@example.com', password },
      });
      expect([status, body.code, body.details.errors[0].field]).toEqual([400, 'VALIDATION_ERROR', 'password']);
    });
  });

  describe('messages', () => {
    it('sends to a room by its slug or its id, and lists it as documented', async () => {
      const id = await room('room_123');
      const sent = await ask(jonas, 'POST', '/messages/', {
        chat_id: 'room_123',
        content: 'Hello everyone!',
        message_type: 'text',
      });
      expect([sent.status, sent.body]).toEqual([
        201,
        {
          id: UUID,
          chat_id: 'room_123',
          sender_id: jonas.id,
          sender_name: 'jonas',
          content: 'Hello everyone!',
          message_type: 'text',
          created_at: TIME,
          updated_at: TIME,
          status: 'sent',
          attachments: [],
          is_edited: false,
          is_deleted: false,
        },
      ]);
      const byId = await ask(mary, 'POST', '/messages', { chat_id: id, content: 'By the id' });
      expect([byId.status, byId.body.chat_id]).toEqual([201, 'room_123']);
      const { body } = await ask(jonas, 'GET', '/messages/?chat_id=room_123');
      expect(Object.keys(body).sort()).toEqual(['limit', 'messages', 'skip', 'total']);
      expect(body).toMatchObject({ total: 2, skip: 0, limit: 50, messages: [byId.body, sent.body] });
      const edited = await ask(jonas, 'PUT', `/messages/${sent.body.id}`, { content: 'Edited', is_edited: true });
      expect(edited.body.chat_id).toBe('room_123');
      const everywhere = (await ask(jonas, 'GET', '/messages/')).body.messages as AnyJson[];
      expect(everywhere.find((message) => message.id === sent.body.id)).toMatchObject({ chat_id: 'room_123' });
    });

    it('sends to the room that exists from the first start, without a call to join', async () => {
      const fresh = await world.register('fresh');
      expect((await ask(fresh, 'GET', '/messages/?chat_id=general')).status).toBe(200);
      expect((await ask(fresh, 'POST', '/messages/', { chat_id: 'general', content: 'Hello!' })).status).toBe(201);
    });

    it('sends to another user, whichever of the two sends first', async () => {
      const emil = await world.register('emil');
      const none = await ask(jonas, 'GET', `/messages/?recipient_id=${emil.id}`);
      expect(none.body).toEqual({ messages: [], total: 0, skip: 0, limit: 50 });
      expect((await jonas.call('GET', '/conversations?type=direct')).body.data).toEqual([]);
      const first = await ask(jonas, 'POST', '/messages/', { recipient_id: emil.id, content: 'Hello Emil' });
      const second = await ask(emil, 'POST', '/messages/', { recipient_id: jonas.id, content: 'Hello John' });
      expect([first.status, second.status, second.body.chat_id]).toEqual([201, 201, first.body.chat_id]);
      expect(contents(await ask(jonas, 'GET', `/messages/?recipient_id=${emil.id}`))).toEqual([
        'Hello John',
        'Hello Emil',
      ]);
    });

    it('lists messages in pages by the number to skip', async () => {
      await room('paged');
      for (const content of ['one', 'two', 'three', 'four']) {
        await ask(jonas, 'POST', '/messages/', { chat_id: 'paged', content });
      }
      const page = await ask(jonas, 'GET', '/messages/?chat_id=paged&limit=2&skip=1');
      expect([contents(page), page.body.total, page.body.skip, page.body.limit]).toEqual([['three', 'two'], 4, 1, 2]);
      expect(contents(await ask(jonas, 'GET', '/messages/?chat_id=paged&skip=4'))).toEqual([]);
      for (const query of ['limit=101', 'limit=0', 'skip=-1', 'skip=x', 'skip=10001']) {
        const { status, body } = await ask(jonas, 'GET', `/messages/?chat_id=paged&${query}`);
        expect([query, status, body.code]).toEqual([query, 400, 'VALIDATION_ERROR']);
      }
    });

    it('lists messages of all conversations if none is named', async () => {
      const [frida, gustav] = [await world.register('frida'), await world.register('gustav')];
      await room('lobby');
      for (const [target, content] of [
        [{ chat_id: 'lobby' }, 'in the lobby'],
        [{ recipient_id: gustav.id }, 'to gustav'],
        [{ chat_id: 'lobby' }, 'in the lobby again'],
      ] as const) {
        await ask(frida, 'POST', '/messages/', { ...target, content });
      }
      const all = await ask(frida, 'GET', '/messages/');
      expect([contents(all), all.body.total]).toEqual([['in the lobby again', 'to gustav', 'in the lobby'], 3]);
      expect(contents(await ask(frida, 'GET', '/messages/?skip=1&limit=1'))).toEqual(['to gustav']);
      expect((await ask(frida, 'GET', '/messages/?skip=1001')).body.code).toBe('VALIDATION_ERROR');
    });

    it('marks messages as read when the newest page is fetched', async () => {
      const [hugo, ida] = [await world.register('hugo'), await world.register('ida')];
      const { body: sent } = await ask(hugo, 'POST', '/messages/', { recipient_id: ida.id, content: 'Seen?' });
      const unread = async (): Promise<number> =>
        (await ida.call('GET', `/conversations/${sent.chat_id}`)).body.unread_count as number;
      await ask(ida, 'GET', `/messages/?recipient_id=${hugo.id}&skip=1`);
      expect(await unread()).toBe(1);
      await ask(ida, 'GET', `/messages/?recipient_id=${hugo.id}`);
      expect(await unread()).toBe(0);
    });

    it('edits and deletes messages only for their sender', async () => {
      const { body: sent } = await ask(jonas, 'POST', '/messages/', { recipient_id: mary.id, content: 'First' });
      const body = { content: 'Updated message content', is_edited: true };
      const edited = await ask(jonas, 'PUT', `/messages/${sent.id}`, body);
      expect([edited.status, edited.body]).toEqual([
        200,
        { ...sent, content: 'Updated message content', is_edited: true, updated_at: TIME },
      ]);
      for (const refused of [
        await ask(mary, 'PUT', `/messages/${sent.id}`, body),
        await ask(mary, 'DELETE', `/messages/${sent.id}`),
      ]) {
        expect([refused.status, refused.body.code]).toEqual([403, 'AUTHORIZATION_ERROR']);
      }
      const deleted = await ask(jonas, 'DELETE', `/messages/${sent.id}`);
      expect([deleted.status, deleted.body]).toEqual([200, { message: 'Message deleted' }]);
      const { body: page } = await ask(mary, 'GET', `/messages/?recipient_id=${jonas.id}&limit=1`);
      expect(page.messages[0]).toMatchObject({ id: sent.id, content: '', is_deleted: true });
    });

    it('stores a repeated send with the same key once', async () => {
      const send = (): Promise<HttpResponse> =>
        at('POST', '/messages/', {
          token: jonas.token,
          body: { recipient_id: mary.id, content: 'once' },
          headers: { 'idempotency-key': 'once' },
        });
      const [first, second] = [await send(), await send()];
      expect([second.body.id, second.headers.get('idempotency-replayed')]).toEqual([first.body.id, 'true']);
    });

    it('removes markup', async () => {
      const { body } = await ask(jonas, 'POST', '/messages/', {
        recipient_id: mary.id,
        content: '<b>a</b> < b<script>alert(1)</script>',
      });
      expect(body.content).toBe('a < b');
    });

    it.each([
      ['no target', {}],
      ['two targets', { chat_id: 'general', recipient_id: MISSING_ID }],
      ['a target that is no text', { chat_id: 7 }],
      ['a type of the server', { chat_id: 'general', message_type: 'system' }],
      ['an unknown type', { chat_id: 'general', message_type: 'video' }],
      ['too long a text', { chat_id: 'general', content: 'x'.repeat(5001) }],
      ['nothing in it', { chat_id: 'general', content: ' ' }],
    ])('rejects a message with %s', async (_name, part) => {
      const { status, body } = await ask(jonas, 'POST', '/messages/', { content: 'x', ...part });
      expect([status, body.code]).toEqual([400, 'VALIDATION_ERROR']);
    });

    it('rejects a message to oneself', async () => {
      const { status, body } = await ask(jonas, 'POST', '/messages/', { recipient_id: jonas.id, content: 'x' });
      expect([status, body.code]).toEqual([400, 'VALIDATION_ERROR']);
    });

    it('hides a private room from users outside it', async () => {
      await room('private', { is_private: true });
      for (const refused of [
        await ask(jonas, 'POST', '/messages/', { chat_id: 'private', content: 'x' }),
        await ask(jonas, 'GET', '/messages/?chat_id=private'),
      ]) {
        expect([refused.status, refused.body.code]).toEqual([404, 'RESOURCE_NOT_FOUND']);
      }
    });

    it.each([
      ['a room', { chat_id: 'no_such_room' }],
      ['a conversation', { chat_id: MISSING_ID }],
      ['a user', { recipient_id: MISSING_ID }],
    ])('rejects a message to %s that does not exist', async (_name, target) => {
      const query = new URLSearchParams(target as unknown as Record<string, string>);
      for (const refused of [
        await ask(jonas, 'POST', '/messages/', { ...target, content: 'x' }),
        await ask(jonas, 'GET', `/messages/?${query}`),
      ]) {
        expect([refused.status, refused.body.code]).toEqual([404, 'RESOURCE_NOT_FOUND']);
      }
    });
  });

  describe('files', () => {
    const upload = (name: string, bytes: Buffer, type: string): Promise<HttpResponse> => {
      const form = new FormData();
      form.set('file', new Blob([new Uint8Array(bytes)], { type }), name);
      form.set('description', 'What it is');
      return at('POST', '/files/upload', { token: jonas.token, body: form });
    };

    it('uploads a file, sends it, and serves it at its URL with the token', async () => {
      const bytes = pdf();
      const { status, body: file } = await upload('document.pdf', bytes, 'application/pdf');
      expect([status, file]).toEqual([
        201,
        expect.objectContaining({
          id: UUID,
          filename: 'document.pdf',
          file_name: 'document.pdf',
          file_type: 'application/pdf',
          file_size: bytes.length,
          file_url: `${world.url}/api/v1/files/${file.id}/content`,
          description: 'What it is',
          uploaded_at: TIME,
        }),
      ]);
      await world.scanned(jonas, file.id as string);
      const { body: sent } = await ask(jonas, 'POST', '/messages/', {
        recipient_id: mary.id,
        content: 'Look',
        attachments: [file.id],
      });
      // As in the response to the upload, after the scan.
      expect(sent.attachments).toEqual([{ ...file, status: 'ready' }]);
      const fetched = await send('GET', file.file_url as string, { token: mary.token });
      expect(Buffer.from(await fetched.arrayBuffer()).equals(bytes)).toBe(true);
    });

    it('rejects a forbidden file type, and a form without a file', async () => {
      const wrong = await upload('program.exe', Buffer.from('MZ'), 'application/pdf');
      expect([wrong.status, wrong.body.code, wrong.body.error]).toEqual([415, 'INVALID_FILE_TYPE', true]);
      const none = await at('POST', '/files/upload', { token: jonas.token, body: new FormData() });
      expect([none.status, none.body.code]).toEqual([400, 'VALIDATION_ERROR']);
    });
  });

  describe('health', () => {
    it('reports the health to every client, and counts as a call', async () => {
      for (const [path, status] of [
        ['/', 'healthy'],
        ['/test-db', 'connected'],
      ] as const) {
        const answer = await at('GET', path);
        expect([answer.status, answer.body]).toEqual([200, { status, message: TEXT, timestamp: TIME }]);
        expect(answer.headers.get('x-ratelimit-limit')).not.toBeNull();
      }
    });

    it('serves its documentation at the documented path', async () => {
      const { status, body } = await at('GET', '/docs');
      expect([status, body]).toEqual([200, expect.stringContaining('swagger')]);
    });
  });

  describe('an error', () => {
    const form = (code: string): object => ({
      error: true,
      message: TEXT,
      code,
      details: expect.any(Object),
      timestamp: TIME,
      request_id: TEXT,
    });

    it.each([
      ['without a token', 'GET', '/users/me', 401, 'AUTHENTICATION_ERROR'],
      ['without a token', 'POST', '/messages/', 401, 'AUTHENTICATION_ERROR'],
      ['of an unknown path', 'GET', '/users/nothing/here', 404, 'RESOURCE_NOT_FOUND'],
      ['of an unknown path', 'GET', '/admin/nothing', 404, 'RESOURCE_NOT_FOUND'],
      ['of an unknown path', 'DELETE', '/files/upload', 404, 'RESOURCE_NOT_FOUND'],
      ['of an unknown method', 'POST', '/', 404, 'RESOURCE_NOT_FOUND'],
    ])('is returned in the documented form: %s (%s %s)', async (_name, method, path, expected, code) => {
      const { status, body, headers } = await at(method, path);
      expect([status, body]).toEqual([expected, form(code)]);
      expect(body.request_id).toBe(headers.get('x-request-id'));
    });

    it('is returned in the documented form for a body that cannot be parsed', async () => {
      const headers = { 'content-type': 'application/json' };
      const { status, body } = await at('POST', '/users/login', { headers, body: '{' });
      expect([status, body]).toEqual([400, form('VALIDATION_ERROR')]);
    });

    it('names what is wrong with each field', async () => {
      const { body } = await at('POST', '/users/login', { body: { password: 7 } });
      expect((body.details.errors as AnyJson[]).map(({ field }) => field as string)).toEqual(
        expect.arrayContaining(['username_or_email', 'password']),
      );
    });

    it('has the canonical form at canonical paths', async () => {
      const { body } = await at('GET', '/api/v1/users/me');
      expect(body).toEqual({ error: expect.objectContaining({ code: 'AUTHENTICATION_REQUIRED' }) });
    });
  });
});
