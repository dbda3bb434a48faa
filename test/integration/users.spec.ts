import { PresenceLookup } from '../../src/modules/users/presence-lookup.service.js';
import { UsersService } from '../../src/modules/users/users.service.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import { AccountApp } from '../support/account-app.js';

type User = Awaited<ReturnType<AccountApp['user']>>;

describe('users', () => {
  let chat: AccountApp;
  let ana: User;
  let bob: User;
  let admin: string;
  beforeAll(async () => {
    chat = await AccountApp.start();
    ana = await chat.user('ana');
    bob = await chat.user('bob');
    admin = (await chat.login('admin', 'correct horse battery staple')).body.access_token;
  });
  afterAll(() => chat.close());

  describe('GET /users/:id', () => {
    it('returns the email only to the user and to admins', async () => {
      const see = async (token: string) => (await chat.call('GET', `/users/${ana.id}`, { token })).body;
      expect(await see(bob.token)).not.toHaveProperty('email');
      expect((await see(ana.token)).email).toBe('ana@example.com');
      expect((await see(admin)).email).toBe('ana@example.com');
    });

    it('returns exactly the documented fields', async () => {
      const { body } = await chat.call('GET', `/users/${ana.id}`, { token: bob.token });
      expect(Object.keys(body).sort()).toEqual(
        [
          'avatar_url',
          'created_at',
          'display_name',
          'id',
          'last_seen',
          'metadata',
          'profile',
          'role',
          'status',
          'username',
        ].sort(),
      );
      expect(Object.keys(body.profile).sort()).toEqual(['avatar_url', 'bio', 'location']);
    });

    it.each([
      ['an unknown user', '0193d4f0-0000-7000-8000-000000000000', 404],
      ['an invalid id', '1', 400],
      ['SQL', "'%20or%20true--", 400],
    ])('rejects %s', async (_what, id, status) => {
      expect((await chat.call('GET', `/users/${id}`, { token: ana.token })).status).toBe(status);
    });

    it('accepts an id in capital letters, and a trailing slash', async () => {
      expect((await chat.call('GET', `/users/${bob.id.toUpperCase()}/`, { token: ana.token })).body.id).toBe(bob.id);
    });

    it.each(['/users/me', '/users', '/users/me/blocks', '/auth/sessions'])(
      'requires a credential for %s',
      async (path) => {
        expect((await chat.call('GET', path)).status).toBe(401);
      },
    );

    it('includes the presence that the viewer may see, and none if that fails', async () => {
      const lookup = chat.app.get(PresenceLookup, { strict: false });
      const lastSeen = new Date('2026-01-02T03:04:05.678Z');
      const findOwn = (): Promise<never> => Promise.reject(new Error('away'));
      lookup.setSource({
        findAsSeenBySelf: findOwn,
        find: (viewerId, ids) =>
          Promise.resolve(new Map(viewerId === bob.id ? ids.map((id) => [id, { status: 'away', lastSeen }]) : [])),
      });
      const see = async (token: string) => (await chat.call('GET', `/users/${ana.id}`, { token })).body;
      expect(await see(bob.token)).toMatchObject({ status: 'away', last_seen: '2026-01-02T03:04:05.678Z' });
      expect(await see(admin)).toMatchObject({ status: 'offline', last_seen: null });
      lookup.setSource({ findAsSeenBySelf: findOwn, find: findOwn });
      expect(await see(bob.token)).toMatchObject({ status: 'offline', last_seen: null });
    });
  });

  describe('PATCH /users/me', () => {
    const change = (body: object, token = ana.token) => chat.call('PATCH', '/users/me', { token, body });

    it('stores the cleaned profile, and notifies other devices of the user', async () => {
      const { status, body } = await change({
        display_name: '  Ana\u202e \u200b Lima\n',
        bio: 'I <3 you\nand more\u0007',
        avatar_url: 'https://cdn.example.com/a.png',
        location: 'Lisboa',
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        display_name: 'Ana Lima',
        profile: { bio: 'I <3 you\nand more', avatar_url: 'https://cdn.example.com/a.png', location: 'Lisboa' },
      });
      const event = chat.commits.events.findLast(({ type }) => type === 'user.updated');
      expect(event).toMatchObject({ streamId: ana.id, subjectId: ana.id, actorId: ana.id });
      const [content] = await chat.app.get(EventCatalogue).render([event!]);
      expect(content!.data).toMatchObject({ user: { display_name: 'Ana Lima', email: 'ana@example.com' } });
    });

    it('preserves omitted fields, and removes the picture with null', async () => {
      expect((await change({ avatar_url: null })).body).toMatchObject({
        display_name: 'Ana Lima',
        profile: { avatar_url: null, location: 'Lisboa' },
      });
      expect((await change({})).body.display_name).toBe('Ana Lima');
    });

    it.each([
      ['javascript:', { avatar_url: 'javascript:alert(1)' }],
      ['data:', { avatar_url: 'data:text/html,x' }],
      ['http:', { avatar_url: 'http://example.com/a.png' }],
      ['a URL with a password', { avatar_url: 'https://a:b@example.com/' }],
      ['a name of 81 characters', { display_name: 'x'.repeat(81) }],
      ['an empty name', { display_name: ' \u200b ' }],
      ['a bio of 501 characters', { bio: 'x'.repeat(501) }],
      ['a NUL', { bio: 'x\0' }],
      ['half a character', { bio: 'x\ud800' }],
      ['null for a name that must be', { display_name: 5 }],
      ['is_banned', { is_banned: false }],
      ['id', { id: '0193d4f0-0000-7000-8000-000000000000' }],
      ['created_at', { created_at: '2020-01-01T00:00:00Z' }],
      ['status', { status: 'online' }],
      ['__proto__', JSON.parse('{"__proto__":{"role":"admin"}}') as object],
    ])('rejects %s', async (_what, body) => {
      expect((await change(body)).status).toBe(400);
    });

    it.each(['display_name', 'bio', 'location'])('rejects null for %s', async (field) => {
      expect((await change({ [field]: null })).status).toBe(400);
    });
  });

  describe('GET /users', () => {
    const search = async (query: string, token = ana.token) => chat.call('GET', `/users?${query}`, { token });
    const names = async (query: string) =>
      (await search(query)).body.data.map(({ username }: { username: string }) => username) as string[];

    beforeAll(async () => {
      for (const name of ['eric', 'erica', 'wild_card', 'wildecard']) await chat.user(name);
      const { body } = await chat.login('eric');
      await chat.call('PATCH', '/users/me', { token: body.access_token, body: { display_name: 'Éric Ångström' } });
    });

    it('finds parts of user names and display names, without case and accents', async () => {
      expect(await names('search=ERIC')).toEqual(['eric', 'erica']);
      expect(await names('search=angstrom')).toEqual(['eric']);
      expect(await names('search=%C3%89ric')).toEqual(['eric', 'erica']);
    });

    it.each([
      ['Łukasz Weiß', 'lukasz weiss'],
      ['Μαρία Παππάς', 'μαρια παππας'],
      ['Nguyễn Đức', 'nguyen duc'],
      ['Siobhán O’Brien', 'obrien'],
      ['김철수', '철수'],
    ])('finds %s by %s', async (displayName, words) => {
      const { body } = await chat.login('erica');
      await chat.call('PATCH', '/users/me', { token: body.access_token, body: { display_name: displayName } });
      expect(await names(`search=${encodeURIComponent(words)}`)).toEqual(['erica']);
      await chat.call('PATCH', '/users/me', { token: body.access_token, body: { display_name: 'erica' } });
    });

    it('treats wildcards literally', async () => {
      expect(await names('search=wild_card')).toEqual(['wild_card']);
      expect(await names('search=%25')).toEqual([]);
      expect(await names('search=_')).toEqual(['wild_card']);
      expect(await names('search=%5C')).toEqual([]);
    });

    it('never returns or searches emails, not even for admins', async () => {
      const { body } = await search('search=eric', admin);
      for (const user of body.data) expect(user).not.toHaveProperty('email');
      expect(await names('search=example.com')).toEqual([]);
    });

    it('lists all users in pages, each once', async () => {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: { body: { data: { username: string }[]; next_cursor: string | null } } = await search(
          `limit=2${cursor && `&cursor=${cursor}`}`,
        );
        expect(body.data.length).toBeLessThanOrEqual(2);
        seen.push(...body.data.map(({ username }) => username));
        cursor = body.next_cursor;
      }
      expect(seen).toEqual(['admin', 'ana', 'bob', 'eric', 'erica', 'wild_card', 'wildecard']);
    });

    it.each([
      'limit=0',
      'limit=101',
      'limit=1e2',
      'limit=abc',
      'limit=1&limit=2',
      'cursor=junk',
      `cursor=${Buffer.from('["\\u0000"]').toString('base64url')}`,
      `cursor=${Buffer.from('[5]').toString('base64url')}`,
      `cursor=${Buffer.from(`["' or 1=1"]`).toString('base64url')}`,
      `search=${'x'.repeat(101)}`,
      'search=%00',
      'search=a&search=b',
      'role=admin',
    ])('rejects %s', async (query) => {
      expect((await search(query)).status).toBe(400);
    });
  });

  describe('PUT /users/:id/block', () => {
    const block = (id: string, token = ana.token, method = 'PUT') => chat.call(method, `/users/${id}/block`, { token });

    it('is stored once, and listed to the blocker only', async () => {
      expect((await block(bob.id)).status).toBe(204);
      expect((await block(bob.id)).status).toBe(204);
      const list = async (token: string) => (await chat.call('GET', '/users/me/blocks', { token })).body.data;
      expect((await list(ana.token)).map(({ username }: { username: string }) => username)).toEqual(['bob']);
      expect(await list(bob.token)).toEqual([]);
      expect((await block(bob.id, ana.token, 'DELETE')).status).toBe(204);
      expect((await block(bob.id, ana.token, 'DELETE')).status).toBe(204);
      expect(await list(ana.token)).toEqual([]);
    });

    it('is rejected for oneself, and for an unknown user', async () => {
      expect((await block(ana.id)).status).toBe(400);
      expect((await block('0193d4f0-0000-7000-8000-000000000000')).status).toBe(404);
    });
  });

  describe('the first admin', () => {
    it('is created once, even by processes that start together, and can log in', async () => {
      const again = await Promise.all(
        [1, 2].map(() =>
          AccountApp.start({ DATABASE_URL: chat.database.url, ADMIN_PASSWORD: 'another horse of battery' }),
        ),
      );
      await Promise.all(again.map((app) => app.close()));
      const admins = await chat.database.query(`select from users where role = 'admin'`);
      expect(admins).toHaveLength(1);
      expect((await chat.login('admin@example.com', 'correct horse battery staple')).status).toBe(200);
    });

    it('gets a generated password that is printed once if none is configured', async () => {
      const fresh = await AccountApp.start({ ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
      const { StartupBanner: StartupBanner } = await import('../../src/platform/logging/startup-banner.js');
      await fresh.app.get(StartupBanner).complete();
      const text = fresh.app.get(StartupBanner).render('Parley');
      const password = /password: (\S+)/.exec(text)?.[1];
      expect((await fresh.login('admin', password)).body.user.role).toBe('admin');
      const second = await AccountApp.start({ DATABASE_URL: fresh.database.url, ADMIN_EMAIL: '', ADMIN_PASSWORD: '' });
      await second.app.get(StartupBanner).complete();
      expect(second.app.get(StartupBanner).render('Parley')).not.toContain('password');
      await second.close();
      await fresh.close();
    });

    it('is refused with a weak password', async () => {
      await expect(AccountApp.start({ ADMIN_PASSWORD: 'admin123' })).rejects.toMatchObject({
        code: 'VALIDATION_ERROR',
      });
    });
  });

  it('finds a user by any spelling of the login', async () => {
    const users = chat.app.get(UsersService, { strict: false });
    expect((await users.findByLogin(' ANA@example.COM '))?.id).toBe(ana.id);
    expect((await users.findByLogin('ＡＮＡ'))?.id).toBe(ana.id);
    expect(await users.findByLogin('')).toBeUndefined();
  });
});
