import { type HttpResponse, request } from '../support/client/http.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

describe('invalid input', () => {
  let world: World;
  let ana: RegisteredUser;
  let bob: RegisteredUser;
  let messages: string;

  beforeAll(async () => {
    world = await World.start();
    [ana, bob] = [await world.register('ana'), await world.register('bob')];
    messages = `/conversations/${await world.group(ana)}/messages`;
  });
  afterAll(() => world.stop());

  const problems = ({ status, body }: HttpResponse): unknown => (status === 400 ? body.error.details.errors : status);

  it('has one reason a field, and "is required" for a missing one', async () => {
    const account = { username: 5, email: 'x'.repeat(400) };
    expect(problems(await world.call('POST', '/auth/register', account))).toEqual([
      { field: 'email', reason: expect.stringContaining('320') },
      { field: 'username', reason: expect.stringContaining('string') },
      { field: 'password', reason: 'is required' },
    ]);
  });

  it('has all fields of a registration reported at once, and then the strength of the password', async () => {
    const account = { username: 'a', email: 'none', password: 'short', display_name: ' ' };
    const fields = async (body: object): Promise<string[]> =>
      (problems(await world.call('POST', '/auth/register', body)) as { field: string }[])
        .map(({ field }) => field)
        .sort();
    expect(await fields(account)).toEqual(['display_name', 'email', 'password', 'username']);
    expect(await fields({ username: 'x', password: 'short' })).toEqual(['email', 'password', 'username']);
    // The estimate takes CPU time, and runs after all cheap checks.
    expect(await fields({ username: 'nora', email: 'nora@example.com', password: '12345678' })).toEqual(['password']);
  });

  it('has every invalid field of a profile, a conversation or an account reported, on every route', async () => {
    const fields = (answer: HttpResponse): string[] =>
      ((answer.body.error?.details?.errors ?? answer.body.details?.errors ?? []) as { field: string }[])
        .map(({ field }) => field)
        .sort();
    const profile = { display_name: ' ', bio: 'x'.repeat(501), location: 'x'.repeat(101), avatar_url: 'http://a.b/' };
    const ofProfile = ['avatar_url', 'bio', 'display_name', 'location'];
    expect(fields(await ana.call('PATCH', '/users/me', profile))).toEqual(ofProfile);
    for (const [method, path] of [
      ['PUT', '/users/me'],
      ['PATCH', `/api/users/${ana.id}`],
    ] as const) {
      expect([path, fields(await request(method, world.url + path, { token: ana.token, body: profile }))]).toEqual([
        path,
        ofProfile,
      ]);
    }
    const room = { type: 'room', title: '\u200b', slug: 'public', category: '-' };
    expect(fields(await ana.call('POST', '/conversations', room))).toEqual(['category', 'slug', 'title']);
    const account = { username: 'a', email: 'none' };
    expect(fields(await ana.call('PATCH', '/auth/account', account))).toEqual(['email', 'username']);
    const admin = await world.call('POST', '/auth/login', { login: 'admin', password: world.config.adminPassword });
    const headers = { authorization: `Bearer ${admin.body.access_token}` };
    const update = { ...profile, reason: '\u200b' };
    expect(fields(await world.call('PATCH', `/admin/users/${ana.id}`, update, headers))).toEqual([
      ...ofProfile,
      'reason',
    ]);
  });

  it('has every invalid field reported, also for rules over several fields or settings', async () => {
    const admin = await world.call('POST', '/auth/login', { login: 'admin', password: world.config.adminPassword });
    const asAdmin = { authorization: `Bearer ${admin.body.access_token}` };
    const asAna = { authorization: `Bearer ${ana.token}` };
    const group = messages.replace('/messages', '');
    const some = '01890a5d-ac96-774b-bcce-b302099a8057';
    const refused: [string, string, object | undefined, object, string[]][] = [
      [
        'POST',
        '/webhooks',
        { url: 'http://127.0.0.1/', events: [], secret: 'short' },
        asAna,
        ['events', 'secret', 'url'],
      ],
      ['POST', '/webhooks', { url: 'https://10.0.0.1/', events: 'x', secret: 5 }, asAna, ['events', 'secret', 'url']],
      ['POST', '/webhooks', { url: 'ftp://a.example/', events: ['user.banned'] }, asAna, ['events', 'url']],
      ['PATCH', `/webhooks/${some}`, { url: 'https://localhost/', events: [] }, asAna, ['events', 'url']],
      [
        'POST',
        messages,
        { content: '\u200b', metadata: [], mentions: 'x' },
        asAna,
        ['content', 'mentions', 'metadata'],
      ],
      [
        'POST',
        messages,
        { content: '<b></b>', attachment_ids: [], reply_to_id: 'x' },
        asAna,
        ['content', 'reply_to_id'],
      ],
      ['POST', messages, { attachment_ids: ['x'], metadata: 5 }, asAna, ['attachment_ids', 'metadata']],
      ['PATCH', `/messages/${some}`, { content: ' ', metadata: 5 }, asAna, ['content', 'metadata']],
      ['POST', '/conversations', { type: 'room', description: 5 }, asAna, ['description', 'title']],
      [
        'POST',
        '/conversations',
        { type: 'direct', slug: 'public', category: 'a' },
        asAna,
        ['participant_ids', 'slug', 'type'],
      ],
      ['POST', '/conversations', { type: 'direct', category: 'a' }, asAna, ['participant_ids', 'type']],
      ['POST', `${group}/participants`, { user_ids: [], role: 'king' }, asAna, ['role', 'user_ids']],
      ['POST', '/auth/login', { password: 5 }, {}, ['login', 'password']],
      ['POST', '/admin/content-rules', { kind: 'word', pattern: '!' }, asAdmin, ['action', 'pattern']],
      [
        'POST',
        '/admin/content-rules',
        { kind: 'link_allow', pattern: '*', action: 'mask', reason: 5 },
        asAdmin,
        ['action', 'pattern', 'reason'],
      ],
      ['POST', `/admin/users/${ana.id}/ban`, { until: '2020-01-01', reason: '' }, asAdmin, ['reason', 'until']],
      [
        'GET',
        `${messages}?limit=0&before=${some}&after=${some}&around=${some}`,
        undefined,
        asAna,
        ['after', 'around', 'limit'],
      ],
      ['GET', `${messages}?limit=0&cursor=zzz`, undefined, asAna, ['cursor', 'limit']],
    ];
    for (const [method, path, body, headers, fields] of refused) {
      const answer = await world.call(method, path, body, headers as Record<string, string>);
      const named = (answer.body.error?.details?.errors ?? []) as { field: string }[];
      expect([method, path, body, answer.status, named.map(({ field }) => field).sort()]).toEqual([
        method,
        path,
        body,
        400,
        fields,
      ]);
    }
  });

  it('includes a message without text; a file needs none', async () => {
    expect(problems(await ana.call('POST', messages, {}))).toEqual([{ field: 'content', reason: 'is required' }]);
    const form = new FormData();
    form.set('file', new File(['some text'], 'a.txt', { type: 'text/plain' }));
    const { id } = (await ana.call('POST', '/files', form)).body;
    const sent = await ana.call('POST', messages, { attachment_ids: [id] });
    expect([sent.status, sent.body.content, sent.body.attachments.length]).toEqual([201, '', 1]);
  });

  it('includes no empty query field, which is an omitted one', async () => {
    expect((await ana.call('GET', `${messages}?cursor=&before=&limit=&type=&from=`)).status).toBe(200);
    expect((await ana.call('GET', `${messages}?after_number=0&cursor=`)).status).toBe(200);
    expect(problems(await ana.call('GET', '/search/messages?q='))).toEqual([{ field: 'q', reason: 'is required' }]);
    expect(problems(await ana.call('GET', `${messages}?no_such_thing=`))).toEqual([
      { field: 'no_such_thing', reason: expect.stringContaining('should not exist') },
    ]);
  });

  it('is reported if a number is required', async () => {
    expect(problems(await ana.call('GET', `${messages}?limit=abc`))).toEqual([
      { field: 'limit', reason: 'limit must be a whole number' },
    ]);
  });

  it.each(['\u200B', '\u2800', '\u3164', '\u115F', '\uFE0F', '\u{E0041}'])(
    'includes invisible text: %j',
    async (text) => {
      const refused = (field: string) => [
        { field, reason: expect.stringMatching(/must not be empty|visible characters/) },
      ];
      expect(problems(await ana.call('POST', messages, { content: text }))).toEqual(refused('content'));
      expect(problems(await ana.call('PATCH', '/users/me', { display_name: text }))).toEqual(refused('display_name'));
      expect(problems(await ana.call('POST', '/conversations', { type: 'group', title: text }))).toEqual(
        refused('title'),
      );
      const group = messages.replace('/messages', '');
      expect(problems(await ana.call('PATCH', group, { title: text }))).toEqual(refused('title'));
      expect((await ana.call('PATCH', group, { description: text })).body.description).toBe('');
    },
  );

  it('includes official names, and names that look like one', async () => {
    for (const name of ['Admin', 'SYSTEM', 'Deleted user', 'Аdmin']) {
      expect(problems(await ana.call('PATCH', '/users/me', { display_name: name }))).toEqual([
        { field: 'display_name', reason: 'is reserved' },
      ]);
    }
    const account = { username: 'deleted-user', email: 'du@example.com', password: 'ana-orbit-41-lamp-plum' };
    expect(problems(await world.call('POST', '/auth/register', account))).toEqual([
      { field: 'username', reason: 'is reserved' },
    ]);
  });

  it('excludes characters that scripts need, while markup and tags are removed from names', async () => {
    const named = async (display_name: string) =>
      (await ana.call('PATCH', '/users/me', { display_name })).body.display_name;
    expect(await named('می\u200Cخواهم')).toBe('می\u200Cخواهم');
    expect(await named('क्\u200Dष')).toBe('क्\u200Dष');
    expect(await named('Ana<img src=x onerror=alert(1)>\u{E0068}\u{E0069}')).toBe('Ana');
    const { body } = await ana.call('PATCH', '/users/me', { bio: '<b>bold</b> if x <b and y> z' });
    expect(body.profile.bio).toBe('bold if x <b and y> z');
    const flag = '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}';
    expect((await ana.call('POST', messages, { content: flag })).body.content).toBe(flag);
  });

  it('includes a number that parsing would change, over every transport', async () => {
    for (const number of ['9007199254740993', '1e999', '-1e21']) {
      const answer = await request('POST', `${world.url}/api/v1${messages}`, {
        token: ana.token,
        headers: { 'content-type': 'application/json' },
        body: `{"content":"x","metadata":{"id":${number}}}`,
      });
      expect(problems(answer)).toEqual([{ field: 'metadata.id', reason: expect.stringContaining('2^53') }]);
    }
    const frame = { conversation_id: messages.split('/')[2], content: 'x', metadata: { id: 2 ** 53 } };
    for (const socket of [await ana.webSocket(), await ana.socketIo()]) {
      expect(await socket.request('message.send', frame)).toMatchObject({
        ok: false,
        error: { code: 'VALIDATION_ERROR' },
      });
    }
    const metadata = { largest: 2 ** 53 - 1, fraction: 0.1, small: 1e-7 };
    expect((await ana.call('POST', messages, { content: 'x', metadata })).body.metadata).toEqual(metadata);
  });

  it('excludes a user who is named twice', async () => {
    const title = 'Twice';
    const participant_ids = [bob.id, bob.id.toUpperCase()];
    const made = await ana.call('POST', '/conversations', { type: 'group', title, participant_ids });
    expect([made.status, made.body.participant_count]).toEqual([201, 2]);
    expect((await ana.call('GET', `/presence?user_ids=${bob.id},${bob.id}`)).body.data).toHaveLength(1);
  });

  it('includes an event position in a list of messages, or the reverse, and the reason names the right parameter', async () => {
    const reasons = [
      [`${messages}?after_seq=1`, 'after_seq', 'after_number'],
      [`${messages}?before_seq=9`, 'before_seq', 'before_number'],
      [messages.replace('messages', 'events?after_number=1&after_seq=0'), 'after_number', 'after_seq'],
    ] as const;
    for (const [path, field, right] of reasons) {
      expect(problems(await ana.call('GET', path))).toEqual([
        { field, reason: expect.stringMatching(new RegExp(`: use ${right}$`)) },
      ]);
    }
    const socket = await ana.socketIo();
    const frame = { conversation_id: messages.split('/')[2]!, after_seq: 1 };
    expect(await socket.request('history', frame)).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION_ERROR' },
    });
  });

  it('excludes former names of fields, but not both names of one', async () => {
    const found = async (query: string) => (await ana.call('GET', `/users?${query}`)).body.data?.length;
    expect([await found('q=bob'), await found('search=bob'), await found('search=')]).toEqual([
      1,
      1,
      await found('q='),
    ]);
    expect(problems(await ana.call('GET', '/users?q=bob&search=bob'))).toEqual([
      { field: 'search', reason: 'is the former name of q: send only q' },
    ]);
    expect((await ana.call('GET', '/conversations/public?search=x')).status).toBe(200);
    const deletion = (body: object) => ana.call('DELETE', '/users/me', { messages: 'keep', ...body });
    expect((await deletion({ password: 'not the password' })).body.error.code).toBe('INVALID_CREDENTIALS');
    expect((await deletion({ current_password: 'not the password' })).body.error.code).toBe('INVALID_CREDENTIALS');
    expect(problems(await deletion({}))).toEqual([{ field: 'current_password', reason: expect.anything() }]);
    expect(problems(await ana.call('PATCH', '/users/me', { profile: { bio: 'x' } }))).toEqual([
      { field: 'profile', reason: expect.stringContaining('send bio, avatar_url and location') },
    ]);
  });

  it('includes two positions for a page of messages', async () => {
    expect(problems(await ana.call('GET', `${messages}?after_number=1&before_number=9`))).toEqual([
      { field: 'after_number', reason: 'cannot be combined with before_number' },
    ]);
    const socket = await ana.socketIo();
    const conversation_id = messages.split('/')[2]!;
    const reply = await socket.request('history', { conversation_id, cursor: 'x', after_number: 1 });
    expect(reply).toMatchObject({ ok: false, error: { code: 'VALIDATION_ERROR' } });
  });
});
