import { createHmac, randomBytes } from 'node:crypto';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { AccountApp, PASSWORD } from '../support/account-app.js';
import { TestIdentityProvider } from '../support/doubles/test-identity-provider.js';

describe('a token of the identity provider', () => {
  let provider: TestIdentityProvider;
  let chat: AccountApp;
  beforeAll(async () => {
    provider = await TestIdentityProvider.start();
    chat = await AccountApp.start({ ...provider.environment, REGISTRATION: 'open' });
  });
  afterAll(async () => {
    await chat.close();
    await provider.stop();
  });

  const now = () => Math.floor(Date.now() / 1000);

  it('creates one user at first use, even by simultaneous requests', async () => {
    const token = await provider.token({
      sub: 'u-1',
      preferred_username: 'Ana.Lima@corp',
      name: 'Ana Lima',
      email: 'ana@example.org',
      email_verified: true,
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat.me(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(answers[0]!.body).toMatchObject({
      username: 'ana.lima',
      display_name: 'Ana Lima',
      email: 'ana@example.org',
      role: 'user',
    });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const next = await provider.token({ sub: 'u-1', jti: 'second' });
    expect((await chat.me(next)).body.id).toBe(answers[0]!.body.id);
  });

  it('creates one user on two nodes at once', async () => {
    const other = await AccountApp.start({ ...provider.environment, DATABASE_URL: chat.database.url });
    try {
      for (let i = 0; i < 30; i++) {
        const token = await provider.token({ sub: `twin-${i}`, preferred_username: `twin${i}` });
        const [here, there] = await Promise.all([chat.me(token), other.me(token)]);
        expect([here.status, there.status]).toEqual([200, 200]);
        expect(there.body.id).toBe(here.body.id);
      }
    } finally {
      await other.close();
    }
  });

  it('never gives access to an existing account', async () => {
    const bob = await chat.user('bob');
    const token = await provider.token({
      sub: 'u-3',
      preferred_username: 'bob',
      email: 'bob@example.com',
      email_verified: true,
    });
    const { body } = await chat.me(token);
    expect(body.id).not.toBe(bob.id);
    expect(body.email).toBeNull();
    expect(body.username).toMatch(/^bob-[0-9a-f]{6}$/);
  });

  it.each([
    ['an unverified email', { email: 'eve@example.org' }, { email: null }],
    ['a reserved name', { preferred_username: 'admin' }, { username: expect.stringMatching(/^admin-[0-9a-f]{6}$/) }],
    ['a name of signs', { preferred_username: '☃☃☃' }, { username: expect.stringMatching(/^user-[0-9a-f]{6}$/) }],
    ['a role', { preferred_username: 'roland', role: 'admin' }, { role: 'user' }],
  ])('ignores %s', async (what, claims, expected) => {
    const token = await provider.token({ sub: `sub ${what}`, ...claims });
    expect((await chat.me(token)).body).toMatchObject(expected);
  });

  it('is refused after a logout, like every token of the same login', async () => {
    const token = await provider.token({ sub: 'u-4', sid: 'login-1' });
    const later = await provider.token({ sub: 'u-4', sid: 'login-1', jti: 'later' });
    const other = await provider.token({ sub: 'u-4', sid: 'login-2' });
    expect((await chat.me(token)).status).toBe(200);
    expect((await chat.call('POST', '/auth/logout', { token })).status).toBe(204);
    expect((await chat.me(token)).status).toBe(401);
    expect((await chat.me(later)).status).toBe(401);
    expect((await chat.me(other)).status).toBe(200);
  });

  it('is refused after logout-all, even if it was never used', async () => {
    const token = await provider.token({ sub: 'u-5', jti: 'seen' });
    const unseen = await provider.token({ sub: 'u-5', jti: 'unseen' });
    await chat.call('POST', '/auth/logout-all', { token });
    expect((await chat.me(token)).status).toBe(401);
    expect((await chat.me(unseen)).status).toBe(401);
    const fresh = await provider.token({ sub: 'u-5', jti: 'fresh', iat: now() + 2 });
    expect((await chat.me(fresh)).status).toBe(200);
  });

  it('extends a session until it expires itself', async () => {
    const early = await provider.token({ sub: 'u-6', sid: 'long', exp: now() + 60 });
    const late = await provider.token({ sub: 'u-6', sid: 'long', exp: now() + 3000 });
    await chat.me(early);
    await chat.database.query(
      `update sessions set expires_at = now() + interval '1 second' where user_agent = 'identity provider'`,
    );
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5001);
    expect((await chat.me(late)).status).toBe(200);
    clock.mockRestore();
  });

  it('is refused for a banned user', async () => {
    const token = await provider.token({ sub: 'u-7' });
    const { body } = await chat.me(token);
    await chat.database.query(`update users set banned_at = now() where id = $1`, [body.id]);
    const again = await provider.token({ sub: 'u-7', jti: 'again' });
    expect((await chat.me(again)).body.error.code).toBe('ACCOUNT_BANNED');
  });

  it('is refused with token_expired after its expiry', async () => {
    const token = await provider.token({ sub: 'u-8', iat: now() - 600, exp: now() - 40 });
    expect((await chat.me(token)).body.error.details).toEqual({ token_expired: true });
  });

  it.each([0, 1, 25, 29, 31])('is refused with token_expired %i seconds after its expiry', async (seconds) => {
    const token = await provider.token({ sub: 'u-9', iat: now() - 600, exp: now() - seconds });
    expect((await chat.me(token)).body.error).toMatchObject({
      code: 'AUTHENTICATION_REQUIRED',
      details: { token_expired: true },
    });
  });

  it('replaces the password of an account without one if it is recent', async () => {
    const old = await provider.token({ sub: 'u-10', iat: now() - 301 });
    const fresh = await provider.token({ sub: 'u-10', jti: 'fresh' });
    const rename = (token: string, body: object) => chat.call('PATCH', '/auth/account', { token, body });
    const refused = await rename(old, { username: 'renamed-too-late' });
    expect([refused.status, refused.body.error]).toMatchObject([
      403,
      { code: 'FRESH_TOKEN_REQUIRED', details: { max_age_seconds: 300 } },
    ]);
    const renamed = await rename(fresh, { username: 'renamed' });
    expect([renamed.status, renamed.body.username]).toEqual([200, 'renamed']);
  });

  it('is not required for an account with a password', async () => {
    const { token } = await chat.user('pia');
    const { status, body } = await chat.call('PATCH', '/auth/account', { token, body: { username: 'pia2' } });
    expect([status, body.error.details.errors]).toEqual([400, [{ field: 'current_password', reason: 'is required' }]]);
  });

  it('is refused for a deleted account, and creates no new one', async () => {
    const { body } = await chat.me(await provider.token({ sub: 'u-11' }));
    await chat.database.query(`update users set deleted_at = now() where id = $1`, [body.id]);
    const again = await chat.me(await provider.token({ sub: 'u-11', jti: 'again' }));
    expect([again.status, again.body.error.code]).toEqual([403, 'ACCOUNT_DELETED']);
    expect(await chat.database.query(`select from sessions where user_id = $1`, [body.id])).toHaveLength(1);
  });

  const attacks: [string, () => Promise<string>][] = [
    ['another audience', () => provider.token({ sub: 'x', aud: 'elsewhere' })],
    ['another issuer', () => provider.token({ sub: 'x', iss: 'https://evil.example' })],
    ['no subject', () => provider.token({})],
    ['a subject with a NUL', () => provider.token({ sub: 'x\0y' })],
    ['an endless subject', () => provider.token({ sub: 'x'.repeat(300) })],
    [
      'a header that is not JSON',
      async () => `bm8.${(await provider.token({ sub: 'x' })).split('.').slice(1).join('.')}`,
    ],
    ['iat ahead', () => provider.token({ sub: 'x', iat: now() + 300 })],
    ['nbf ahead', () => provider.token({ sub: 'x', nbf: now() + 300 })],
    ['jku', () => provider.token({ sub: 'x' }, undefined, { jku: 'https://evil.example/jwks' })],
    ['an embedded jwk', () => provider.token({ sub: 'x' }, undefined, { jwk: provider.publicJwk })],
    ['an unknown kid', () => provider.token({ sub: 'x' }, undefined, { kid: '../../dev/null' })],
    ['a foreign key', async () => provider.token({ sub: 'x' }, (await generateKeyPair('ES256')).privateKey)],
    [
      'alg none',
      () =>
        Promise.resolve(
          new UnsecuredJWT({
            sub: 'x',
            iss: provider.issuer,
            aud: provider.audience,
            iat: now(),
            exp: now() + 60,
          }).encode(),
        ),
    ],
    [
      'the public key as HMAC key',
      async () => {
        const secret = createHmac('sha256', JSON.stringify(provider.publicJwk)).digest();
        return new SignJWT({ sub: 'x', iss: provider.issuer, aud: provider.audience, iat: now(), exp: now() + 60 })
          .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
          .sign(secret);
      },
    ],
  ];

  it.each(attacks)('is refused with %s', async (_what, make) => {
    const { status, body } = await chat.me(await make());
    expect({ status, code: body.error.code }).toEqual({ status: 401, code: 'AUTHENTICATION_REQUIRED' });
  });

  it('is refused if it claims to be issued by Parley, whose own tokens still work', async () => {
    const { token } = await chat.user('carol');
    expect((await chat.me(token)).status).toBe(200);
    expect((await chat.me(await provider.token({ sub: 'x', iss: 'parley', aud: 'parley' }))).status).toBe(401);
  });

  it('is refused with 503, not 401, while the keys of the provider are unavailable', async () => {
    const away = await AccountApp.start({ ...provider.environment, JWT_EXTERNAL_JWKS_URL: 'http://127.0.0.1:9/jwks' });
    try {
      expect((await away.me(await provider.token({ sub: 'u-1' }))).status).toBe(503);
    } finally {
      await away.close();
    }
  });
});

describe('a token of one of several identity providers', () => {
  const secret = randomBytes(32).toString('base64');
  let first: TestIdentityProvider;
  let second: TestIdentityProvider;
  let chat: AccountApp;
  beforeAll(async () => {
    first = await TestIdentityProvider.start('https://one.example.org');
    second = await TestIdentityProvider.start('https://two.example.org');
    const urls = [first, second].map(({ environment }) => environment.JWT_EXTERNAL_JWKS_URL);
    chat = await AccountApp.start({
      JWT_EXTERNAL_JWKS_URL: urls.join(', '),
      JWT_EXTERNAL_ISSUER: [first.issuer, second.issuer, 'https://three.example.org'].join(', '),
      JWT_EXTERNAL_AUDIENCE: 'parley-chat, parley-chat, authenticated',
      JWT_EXTERNAL_SECRET: secret,
    });
  });
  afterAll(async () => {
    await chat.close();
    await first.stop();
    await second.stop();
  });

  const now = () => Math.floor(Date.now() / 1000);
  const signed = (claims: object, key = secret, alg = 'HS256') =>
    new SignJWT({ iss: 'https://three.example.org', aud: 'authenticated', iat: now(), exp: now() + 600, ...claims })
      .setProtectedHeader({ alg, typ: 'JWT' })
      .sign(Buffer.from(key));

  it('belongs to one user for each issuer and subject, whatever the kind of key', async () => {
    const tokens = [await first.token({ sub: '7' }), await second.token({ sub: '7' }), await signed({ sub: '7' })];
    const answers = await Promise.all(tokens.map((token) => chat.me(token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3);
    const again = await chat.me(await signed({ sub: '7', jti: 'next' }));
    expect(again.body.id).toBe(answers[2]!.body.id);
  });

  const confusions: [string, () => Promise<string>][] = [
    ['the issuer of another key', () => first.token({ sub: 'x', iss: second.issuer })],
    [
      'the issuer of the shared secret and a published key',
      () => first.token({ sub: 'x', iss: 'https://three.example.org', aud: 'authenticated' }),
    ],
    [
      'the shared secret and the issuer of published keys',
      () => signed({ sub: 'x', iss: first.issuer, aud: first.audience }),
    ],
    ['another secret', () => signed({ sub: 'x' }, randomBytes(32).toString('base64'))],
    ['the audience of another provider', () => signed({ sub: 'x', aud: 'parley-chat' })],
    ['no audience', () => signed({ sub: 'x', aud: undefined })],
    ['another HMAC than HS256', () => signed({ sub: 'x' }, secret.repeat(2), 'HS512')],
    ['no subject, as the public key of a Supabase project', () => signed({ role: 'anon' })],
    ['no expiry', () => signed({ sub: 'x', exp: undefined })],
  ];

  it.each(confusions)('is refused with %s', async (_what, make) => {
    const { status, body } = await chat.me(await make());
    expect({ status, code: body.error.code }).toEqual({ status: 401, code: 'AUTHENTICATION_REQUIRED' });
  });

  it('is refused once it has expired, although it was verified before', async () => {
    const token = await signed({ sub: 'late', exp: now() + 30 });
    expect((await chat.me(token)).status).toBe(200);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 31_000);
    expect((await chat.me(token)).body.error.details).toEqual({ token_expired: true });
    clock.mockRestore();
  });

  it('closes registration, unless it is set to be open', async () => {
    const body = { email: 'eva@example.org', username: 'eva', password: PASSWORD };
    const { status, body: refusal } = await chat.call('POST', '/auth/register', { body });
    expect([status, refusal.error.code]).toEqual([403, 'REGISTRATION_CLOSED']);
  });

  it('opens the account with the external id of its subject, if the first provider issued it', async () => {
    const [, id] = await Promise.all(
      [0, 1].map(async (n) => (await chat.me(await second.token({ sub: `own ${n}` }))).body.id),
    );
    await chat.database.query(`update users set external_id = 'shop-1' where id = $1`, [id]);
    expect((await chat.me(await first.token({ sub: 'shop-1' }))).body.id).toBe(id);
    expect((await chat.me(await second.token({ sub: 'shop-1' }))).body.id).not.toBe(id);
    const { body } = await chat.me(
      await first.token({ sub: 'shop-2', name: 'Ana', picture: 'https://shop.example/a.png' }),
    );
    expect(body).toMatchObject({ display_name: 'Ana', profile: { avatar_url: 'https://shop.example/a.png' } });
    const renamed = await chat.me(await first.token({ sub: 'shop-2', jti: 'next', name: 'Ana Lima' }));
    expect(renamed.body).toMatchObject({ id: body.id, display_name: 'Ana Lima', profile: body.profile });
    expect(await chat.database.query(`select id from users where external_id = 'shop-2'`)).toEqual([{ id: body.id }]);
  });

  it('creates no user if unknown ones are rejected, and opens the account of a known one', async () => {
    const known = await chat.me(await first.token({ sub: 'known' }));
    const strict = await AccountApp.start({
      ...first.environment,
      DATABASE_URL: chat.database.url,
      EXTERNAL_USERS: 'reject',
    });
    try {
      const { status, body } = await strict.me(await first.token({ sub: 'unknown' }));
      expect([status, body.error.code]).toEqual([403, 'EXTERNAL_USER_UNKNOWN']);
      expect((await strict.me(await first.token({ sub: 'known', jti: 'n' }))).body.id).toBe(known.body.id);
    } finally {
      await strict.close();
    }
  });
});
