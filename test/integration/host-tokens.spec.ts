import { randomBytes, randomUUID } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { ServerKeysService } from '../../src/modules/auth/server-keys.service.js';
import { SYSTEM_USER_ID } from '../../src/modules/users/system-user.constants.js';
import { GUEST_USER_ID } from '../../src/modules/users/guest.constants.js';
import { Authenticator } from '../../src/platform/identity/authenticator.js';
import type { Scope } from '../../src/platform/identity/server-key.js';
import { AccountApp, PASSWORD } from '../support/account-app.js';

interface TestKey {
  readonly id: string;
  readonly secret: string;
}

describe('a token of the host', () => {
  let chat: AccountApp;
  let key: TestKey;
  beforeAll(async () => {
    chat = await AccountApp.start({ REGISTRATION: 'open' });
    key = await signingKey();
  });
  afterAll(() => chat.close());

  const keys = () => chat.app.get(ServerKeysService);
  const now = () => Math.floor(Date.now() / 1000);

  async function signingKey(more: { scopes?: string[]; expiresAt?: Date } = {}): Promise<TestKey> {
    const { scopes, expiresAt } = more;
    return keys().create(null, { name: 'app', kind: 'signing', scopes, expires_at: expiresAt?.toISOString() });
  }

  /** As the host signs it with any library. */
  function signed(claims: object, by: TestKey = key, header: object = {}): Promise<string> {
    return new SignJWT({ iat: now(), exp: now() + 3600, ...claims })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: by.id, ...header })
      .sign(Buffer.from(by.secret));
  }

  const profile = { name: 'Ana Lima', picture: 'https://shop.example/ana.png' };
  const updatesOf = (userId: string) =>
    chat.database.query(`select from events where stream_id = $1 and type = 'user.updated'`, [userId]);

  it('creates one user at first use, even by simultaneous requests', async () => {
    const token = await signed({ sub: 'shop-1', role: 'teacher', ...profile });
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat.me(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers[0]!.body).toMatchObject({
      display_name: 'Ana Lima',
      role: 'teacher',
      profile: { avatar_url: profile.picture },
    });
    const [row] = await chat.database.query(`select external_id from users where id = $1`, [answers[0]!.body.id]);
    expect(row).toEqual({ external_id: 'shop-1' });
  });

  it('opens the account with the external id of its subject', async () => {
    const { id } = await chat.user('olga');
    await chat.database.query(`update users set external_id = 'shop-olga' where id = $1`, [id]);
    expect((await chat.me(await signed({ sub: 'shop-olga' }))).body.id).toBe(id);
  });

  it('changes the profile and the role if it states others, and nothing if it states the same', async () => {
    const { id } = (await chat.me(await signed({ sub: 'shop-2', ...profile }))).body;
    const before = (await updatesOf(id)).length;
    await chat.me(await signed({ sub: 'shop-2', jti: 'same', ...profile }));
    expect(await updatesOf(id)).toHaveLength(before);
    const next = await signed({ sub: 'shop-2', jti: 'other', name: 'Ana Souza', role: 'student' });
    const { body } = await chat.me(next);
    expect(body).toMatchObject({
      display_name: 'Ana Souza',
      role: 'student',
      profile: { avatar_url: profile.picture },
    });
    expect(await updatesOf(id)).toHaveLength(before + 1);
  });

  it.each([
    ['an official name', { name: 'Administrator' }],
    ['a name without visible characters', { name: '\u200b' }],
    ['a picture that is not https', { picture: 'http://shop.example/a.png' }],
  ])('ignores %s', async (what, claims) => {
    const { status, body } = await chat.me(await signed({ sub: `shop ${what}`, ...claims }));
    expect(status).toBe(200);
    expect(body.profile.avatar_url).toBeNull();
    expect(body.display_name).toBe(body.username);
  });

  it.each([
    ['an admin, whatever the key', 'admin', ['moderation'], 401],
    ['a moderator', 'moderator', [], 401],
    ['a moderator, with the scope moderation', 'moderator', ['moderation'], 200],
  ])('is checked against the role of %s', async (what, role, scopes, expected) => {
    const strong = await signingKey({ scopes });
    const sub = `staff ${what}`;
    const { id } = (await chat.me(await signed({ sub }, strong))).body;
    await chat.database.query(`update users set role = $2 where id = $1`, [id, role]);
    const { status, body } = await chat.me(await signed({ sub, jti: 'next', role: 'student' }, strong));
    expect(status).toBe(expected);
    if (status === 200) expect(body.role).toBe('moderator');
    else expect(body.error.details.reason).toContain('may not sign for');
  });

  it('is refused once its user is an admin, although its session is open', async () => {
    const token = await signed({ sub: 'climber' });
    const { id } = (await chat.me(token)).body;
    await chat.database.query(`update users set role = 'admin' where id = $1`, [id]);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5001);
    expect((await chat.me(token)).status).toBe(401);
    clock.mockRestore();
  });

  const wrongClaims: [string, () => object, string][] = [
    ['no subject', () => ({}), 'sub must be'],
    ['a subject with a control character', () => ({ sub: 'a\u0007b' }), 'sub must be'],
    ['a subject that cannot be stored', () => ({ sub: 'a\ud800b' }), 'sub must be'],
    ['an endless subject', () => ({ sub: 'x'.repeat(256) }), 'sub must be'],
    ['no expiry', () => ({ sub: 'x', exp: undefined }), 'iat and exp are required'],
    ['no time of issue', () => ({ sub: 'x', iat: undefined }), 'iat and exp are required'],
    ['a time of issue ahead', () => ({ sub: 'x', iat: now() + 300 }), 'iat is in the future'],
    ['a start ahead', () => ({ sub: 'x', nbf: now() + 300 }), 'nbf'],
    ['a lifetime of more than a day', () => ({ sub: 'x', exp: now() + 86_500 }), 'at most 86400 seconds'],
    ['the audience of another service', () => ({ sub: 'x', aud: 'shop' }), 'aud must be parley'],
    ['the role of an admin', () => ({ sub: 'x', role: 'admin' }), 'role must be one of'],
  ];

  it.each(wrongClaims)('is refused with %s, and says so', async (_what, claims, reason) => {
    const { status, body } = await chat.me(await signed(claims()));
    expect([status, body.error.code]).toEqual([401, 'AUTHENTICATION_REQUIRED']);
    expect(body.error.details.reason).toContain(reason);
  });

  const attacks: [string, () => Promise<string>][] = [
    ['another secret', () => signed({ sub: 'x' }, { ...key, secret: randomBytes(32).toString('base64url') })],
    ['an unknown key', () => signed({ sub: 'x' }, { ...key, id: randomUUID() })],
    ['another HMAC than HS256', () => signHs512()],
    ['an embedded key', () => signed({ sub: 'x' }, key, { jwk: { kty: 'oct', k: key.secret } })],
    ['a key URL', () => signed({ sub: 'x' }, key, { jku: 'https://evil.example/jwks' })],
    ['no signature', () => Promise.resolve(unsigned())],
    [
      'the issuer and the audience of this server',
      () => signed({ sub: 'x', iss: 'parley', sid: randomUUID() }, { ...key, secret: 'x'.repeat(43) }),
    ],
  ];
  const signHs512 = () =>
    new SignJWT({ sub: 'x', iat: now(), exp: now() + 60 })
      .setProtectedHeader({ alg: 'HS512', kid: key.id })
      .sign(Buffer.from(key.secret.repeat(2)));
  const unsigned = () => {
    const [, body] = new UnsecuredJWT({ sub: 'x', iat: now(), exp: now() + 60 }).encode().split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', kid: key.id })).toString('base64url');
    return `${header}.${body}.`;
  };

  it.each(attacks)('is refused with %s, without a reason', async (_what, make) => {
    const { status, body } = await chat.me(await make());
    expect([status, body.error.code, body.error.details]).toEqual([401, 'AUTHENTICATION_REQUIRED', {}]);
  });

  it('is refused with token_expired after its expiry', async () => {
    const token = await signed({ sub: 'x', iat: now() - 600, exp: now() - 1 });
    expect((await chat.me(token)).body.error.details).toEqual({ token_expired: true });
  });

  it('is not valid for longer than its key', async () => {
    const short = await signingKey({ expiresAt: new Date(Date.now() + 60_000) });
    const token = await signed({ sub: 'shop-short' }, short);
    expect((await chat.me(token)).status).toBe(200);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);
    expect((await chat.me(token)).status).toBe(401);
    clock.mockRestore();
  });

  it('is refused after logout-all, even if it was never used and the user never came by a token', async () => {
    const { id, token } = await chat.user('rita');
    await chat.database.query(`update users set external_id = 'shop-rita' where id = $1`, [id]);
    const unseen = await signed({ sub: 'shop-rita' });
    await chat.call('POST', '/auth/logout-all', { token });
    expect((await chat.me(unseen)).status).toBe(401);
    expect((await chat.me(await signed({ sub: 'shop-rita', iat: now() + 2 }))).body.id).toBe(id);
  });

  it('replaces the password of an account without one if it is recent', async () => {
    const rename = async (iat: number, username: string) => {
      const token = await signed({ sub: 'shop-fresh', iat });
      return chat.call('PATCH', '/auth/account', { token, body: { username } });
    };
    expect((await rename(now() - 301, 'too-late')).body.error.code).toBe('FRESH_TOKEN_REQUIRED');
    expect((await rename(now(), 'renamed-in-time')).status).toBe(200);
  });

  const sessionsOf = async (userId: string): Promise<string[]> => {
    const rows = await chat.database.query(`select id from sessions where user_id = $1`, [userId]);
    return rows.map(({ id }) => id as string);
  };
  const endedOf = async (userId: string) => chat.app.get(Authenticator).findEnded(await sessionsOf(userId));

  it('is refused once its key is revoked, with sessions that are open and tokens that were never used', async () => {
    const leaked = await signingKey();
    const [seen, unseen] = [await signed({ sub: 'shop-leak' }, leaked), await signed({ sub: 'shop-new' }, leaked)];
    const { id } = (await chat.me(seen)).body;
    await chat.me(await signed({ sub: 'shop-leak', jti: 'good' }));
    await keys().revoke(null, leaked.id);
    expect(await endedOf(id)).toEqual([{ sessionId: expect.any(String), reason: 'revoked' }]);
    const body = { username: 'after-the-end' };
    expect((await chat.call('PATCH', '/auth/account', { token: seen, body })).status).toBe(401);
    expect((await chat.me(unseen)).status).toBe(401);
    expect((await chat.me(await signed({ sub: 'shop-leak', jti: 'good' }))).status).toBe(200);
  });

  const serverKey = (...scopes: Scope[]) => keys().create(null, { name: 'backend', scopes });
  const mint = (token: string, user: string, body: object = {}, headers?: Record<string, string>) =>
    chat.call('POST', `/users/${user}/tokens`, { token, body, headers });

  it('is minted with a server key, and is an access token of a session with the name of the device', async () => {
    const { id } = (await chat.me(await signed({ sub: 'shop-mint' }))).body;
    const { secret } = await serverKey('tokens:create');
    const { status, body } = await mint(secret, 'external:shop-mint', { expires_in: 600, device: 'Kiosk' });
    expect([status, body]).toMatchObject([201, { token_type: 'Bearer', expires_in: 600, user_id: id }]);
    const token = body.access_token as string;
    expect((await chat.me(token)).body.id).toBe(id);
    const { data } = (await chat.call('GET', '/auth/sessions', { token })).body;
    expect(data).toContainEqual(
      expect.objectContaining({ id: body.session_id, user_agent: 'Kiosk', is_current: true }),
    );
    const rename = { username: 'minted-name' };
    expect((await chat.call('PATCH', '/auth/account', { token, body: rename })).status).toBe(200);
  });

  it('is minted neither without the scope, nor by users, nor as a user', async () => {
    const { id, token } = await chat.user('mina');
    const [reader, actor] = [await serverKey('users:read'), await serverKey('tokens:create', 'act-as')];
    const refused = await mint(reader.secret, id);
    expect([refused.status, refused.body.error.details]).toEqual([403, { required_scope: 'tokens:create' }]);
    expect((await mint(token, id)).status).toBe(403);
    expect((await mint(actor.secret, id, {}, { 'x-act-as': id })).status).toBe(403);
  });

  it('is minted for no admin, no account of the server and no unknown user', async () => {
    const [{ id: admin }, { id: moderator }] = [await chat.user('adam'), await chat.user('mona')];
    await chat.database.query(`update users set role = 'admin' where id = $1`, [admin]);
    await chat.database.query(`update users set role = 'moderator' where id = $1`, [moderator]);
    const [weak, strong] = [await serverKey('tokens:create'), await serverKey('tokens:create', 'moderation')];
    for (const user of [admin, SYSTEM_USER_ID, GUEST_USER_ID]) {
      expect([user, (await mint(strong.secret, user)).status]).toEqual([user, 403]);
    }
    expect((await mint(weak.secret, moderator)).status).toBe(403);
    expect((await mint(strong.secret, moderator)).status).toBe(201);
    expect((await mint(strong.secret, randomUUID())).body.error.code).toBe('USER_NOT_FOUND');
    expect((await mint(strong.secret, moderator, { expires_in: 86_401 })).status).toBe(400);
  });

  it('ends with the key with which it was minted', async () => {
    const { id } = await chat.user('nora');
    const { id: keyId, secret } = await serverKey('tokens:create');
    const { access_token: token, session_id: sessionId } = (await mint(secret, id)).body;
    expect((await chat.me(token)).status).toBe(200);
    await keys().revoke(null, keyId);
    expect(await endedOf(id)).toEqual([{ sessionId, reason: 'revoked' }]);
    expect((await chat.call('POST', '/auth/logout-all', { token })).status).toBe(401);
  });

  it('is revoked for a user, with every other token issued before, and the audit log says so', async () => {
    const { id, token } = await chat.user('rosa');
    await chat.database.query(`update users set external_id = 'shop-rosa' where id = $1`, [id]);
    const unseen = await signed({ sub: 'shop-rosa' });
    const { secret } = await serverKey('tokens:create');
    const minted = (await mint(secret, id)).body.access_token as string;
    const revoke = (by: string) => chat.call('POST', `/users/${id}/revoke-tokens`, { token: by });
    expect((await revoke(minted)).status).toBe(403);
    const { status, body } = await revoke(secret);
    expect([status, body]).toEqual([200, { sessions_ended: 2 }]);
    for (const old of [token, minted, unseen]) expect((await chat.me(old)).status).toBe(401);
    expect((await chat.me(await signed({ sub: 'shop-rosa', iat: now() + 2 }))).body.id).toBe(id);
    expect(await chat.database.query(`select action from audit_log where target_id = $1`, [id])).toEqual([
      { action: 'user.logout' },
    ]);
    const unknown = await chat.call('POST', `/users/${randomUUID()}/revoke-tokens`, { token: secret });
    expect(unknown.body.error.code).toBe('USER_NOT_FOUND');
  });

  it('closes registration as soon as there is a key, unless it is set to be open', async () => {
    const body = { email: 'eva@example.org', username: 'eva', password: PASSWORD };
    const unset = await AccountApp.start({ DATABASE_URL: chat.database.url });
    try {
      const { status, body: refusal } = await unset.call('POST', '/auth/register', { body });
      expect([status, refusal.error.code]).toEqual([403, 'REGISTRATION_CLOSED']);
      expect((await chat.call('POST', '/auth/register', { body })).status).toBe(201);
      await chat.database.query(`update server_keys set revoked_at = now()`);
      const later = { ...body, email: 'eve@example.org', username: 'eve' };
      expect((await unset.call('POST', '/auth/register', { body: later })).status).toBe(201);
    } finally {
      await unset.close();
    }
  });
});
