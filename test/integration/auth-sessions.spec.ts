import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { UsersPolicy } from '../../src/modules/users/users.policy.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import { EventLog } from '../../src/platform/event-log/event-log.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { JwtStrategy } from '../../src/platform/http/jwt.strategy.js';
import { Authenticator } from '../../src/platform/identity/authenticator.js';
import { AccountApp, PASSWORD } from '../support/account-app.js';

const NEW_PASSWORD = 'staple battery horse 42';
const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('an access token', () => {
  let chat: AccountApp;
  let token: string;
  let refresh: string;
  let ticket: string;
  let header: Record<string, unknown>;
  let claims: Record<string, unknown>;

  beforeAll(async () => {
    chat = await AccountApp.start();
    ({ token, refresh } = await chat.user('ana'));
    ticket = (await chat.call('POST', '/auth/ticket', { token })).body.ticket;
    [header, claims] = token
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString())) as [
      Record<string, unknown>,
      Record<string, unknown>,
    ];
  });
  afterAll(() => chat.close());

  /** Signed with the key of the server, so that only the tested property is wrong. */
  const signed = (head: unknown, body: unknown, key = chat.config.jwtSecret): string => {
    const text = `${base64(head)}.${base64(body)}`;
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  const now = () => Math.floor(Date.now() / 1000);
  /** A token of the same session that was never used: it expires some seconds earlier. */
  const unused = (seconds: number) => signed(header, { ...claims, exp: Number(claims.exp) - seconds });

  it('is accepted as issued, and with an equal signature', async () => {
    expect((await chat.me(token)).status).toBe(200);
    expect((await chat.me(signed(header, claims))).status).toBe(200);
  });

  it('is verified by Passport when it is first used, and then known', async () => {
    const validate = jest.spyOn(JwtStrategy.prototype, 'validate');
    const first = unused(1);
    expect([(await chat.me(first)).status, (await chat.me(first)).status]).toEqual([200, 200]);
    expect(validate).toHaveBeenCalledTimes(1);
    await chat.me(unused(2));
    expect(validate).toHaveBeenCalledTimes(2);
    // A socket has verified this one.
    await chat.app.get(Authenticator, { strict: false }).authenticate(unused(3));
    expect((await chat.me(unused(3))).status).toBe(200);
    expect(validate).toHaveBeenCalledTimes(2);
    validate.mockRestore();
  });

  it('is verified with the key of its own application if the process has several', async () => {
    const other = await AccountApp.start();
    try {
      expect([(await chat.me(unused(4))).status, (await other.me(unused(5))).status]).toEqual([200, 401]);
      const { token: foreign } = await other.user('ben');
      expect([(await chat.me(foreign)).status, (await other.me(foreign)).status]).toEqual([401, 200]);
    } finally {
      await other.close();
    }
  });

  it('contains algorithm, type, key, issuer, audience, subject and session', () => {
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'sid', 'sub']);
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3600);
  });

  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const attacks: [string, () => string][] = [
    ['alg none', () => `${base64({ ...header, alg: 'none' })}.${base64(claims)}.`],
    ['alg NoNe', () => `${base64({ ...header, alg: 'NoNe' })}.${base64(claims)}.`],
    ['alg none with a signature', () => signed({ ...header, alg: 'none' }, claims)],
    ['no signature', () => `${token.split('.').slice(0, 2).join('.')}.`],
    ['two parts', () => token.split('.').slice(0, 2).join('.')],
    ['four parts', () => `${token}.x`],
    ['a foreign key', () => signed(header, claims, 'k'.repeat(32))],
    ['an empty key', () => signed(header, claims, '')],
    ['a public key as HMAC key', () => signed(header, claims, pem)],
    [
      'RS256',
      () =>
        jwt.sign({ sub: claims.sub, sid: claims.sid }, privateKey, {
          algorithm: 'RS256',
          issuer: 'parley',
          audience: 'parley',
          expiresIn: 60,
        }),
    ],
    [
      'HS512 with our key',
      () =>
        jwt.sign(claims, createSecretKey(Buffer.from(chat.config.jwtSecret)), {
          algorithm: 'HS512',
          header: { ...header, alg: 'HS512' } as jwt.JwtHeader,
        }),
    ],
    ['a changed payload', () => token.replace(/\.[^.]+\./, `.${base64({ ...claims, exp: now() + 99_999 })}.`)],
    ['kid as a path', () => signed({ ...header, kid: '../../dev/null' }, claims)],
    ['kid as SQL', () => signed({ ...header, kid: "' union select 'x" }, claims)],
    ['kid as an address', () => signed({ ...header, kid: 'https://evil.example/key' }, claims)],
    ['no kid', () => signed({ alg: 'HS256', typ: 'at+jwt' }, claims)],
    ['typ JWT', () => signed({ ...header, typ: 'JWT' }, claims)],
    ['an embedded jwk', () => signed({ ...header, jwk: { kty: 'oct', k: base64('k') } }, claims)],
    ['jku', () => signed({ ...header, jku: 'https://evil.example/jwks' }, claims)],
    ['x5u', () => signed({ ...header, x5u: 'https://evil.example/cert' }, claims)],
    ['crit', () => signed({ ...header, crit: ['exp'] }, claims)],
    ['nbf ahead', () => signed(header, { ...claims, nbf: now() + 600 })],
    ['iat ahead', () => signed(header, { ...claims, iat: now() + 600, exp: now() + 1200 })],
    ['another issuer', () => signed(header, { ...claims, iss: 'elsewhere' })],
    ['another audience', () => signed(header, { ...claims, aud: 'elsewhere' })],
    ['no expiry', () => signed(header, { ...claims, exp: undefined })],
    ['exp as text', () => signed(header, { ...claims, exp: String(now() + 600) })],
    ['exp twice', () => signed(header, JSON.stringify(claims).replace('}', `,"exp":${now() + 600}}`))],
    ['no session', () => signed(header, { ...claims, sid: undefined })],
    ['an unknown session', () => signed(header, { ...claims, sid: '0193d4f0-0000-7000-8000-000000000000' })],
    ['another user as subject', () => signed(header, { ...claims, sub: '0193d4f0-0000-7000-8000-000000000000' })],
    ['a session that is no id', () => signed(header, { ...claims, sid: "' or true --" })],
    ['a payload that is no object', () => signed(header, '"text"')],
    ['a payload that is no JSON', () => signed(header, '{')],
    ['the refresh token', () => refresh],
    ['a ticket', () => ticket],
    ['100 kB', () => signed(header, { ...claims, padding: 'x'.repeat(5000) })],
    ['nothing', () => ''],
    ['dots', () => '..'],
  ];

  it.each(attacks)('is refused with %s', async (_what, make) => {
    const attack = make();
    const { status, body } = await chat.me(attack);
    expect({ status, code: body.error.code }).toEqual({ status: 401, code: 'AUTHENTICATION_REQUIRED' });
    await expect(chat.app.get(Authenticator, { strict: false }).authenticate(attack)).rejects.toMatchObject({
      code: 'AUTHENTICATION_REQUIRED',
    });
  });

  it('is refused with token_expired only if it was issued by this server', async () => {
    const past = { ...claims, iat: now() - 7200, exp: now() - 1 };
    expect((await chat.me(signed(header, past))).body.error.details).toEqual({ token_expired: true });
    expect((await chat.me(signed(header, past, 'k'.repeat(32)))).body.error.details).toEqual({});
  });
});

describe('POST /auth/refresh', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start();
  });
  afterAll(() => chat.close());

  const age = (seconds: number) =>
    chat.database.query(`update refresh_tokens set used_at = used_at - make_interval(secs => $1)`, [seconds]);

  it('returns another pair of tokens for the same session', async () => {
    const ana = await chat.user('ana');
    const { status, body } = await chat.refresh(ana.refresh);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, user: { id: ana.id } });
    expect(body.refresh_token).not.toBe(ana.refresh);
    expect((await chat.me(body.access_token)).status).toBe(200);
    const { body: sessions } = await chat.call('GET', '/auth/sessions', { token: body.access_token });
    expect(sessions.data).toHaveLength(1);
  });

  it('returns one successor to twenty simultaneous requests', async () => {
    const { refresh } = await chat.user('bob');
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat.refresh(refresh)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
    expect((await chat.refresh(answers[0]!.body.refresh_token)).status).toBe(200);
  });

  it('returns the same successor again after a lost response', async () => {
    const { refresh } = await chat.user('cleo');
    const first = await chat.refresh(refresh);
    await age(15);
    const again = await chat.refresh(refresh);
    expect(again.body.refresh_token).toBe(first.body.refresh_token);
  });

  it('ends the session and its sockets when a token is reused later', async () => {
    const dora = await chat.user('dora');
    const next = await chat.refresh(dora.refresh);
    await age(25);
    const reused = await chat.refresh(dora.refresh);
    expect([reused.status, reused.body.error.code]).toEqual([401, 'REFRESH_TOKEN_INVALID']);
    expect((await chat.refresh(next.body.refresh_token)).status).toBe(401);
    expect((await chat.me(next.body.access_token)).status).toBe(401);
    const [session] = await chat.database.query<{ id: string; revoked_why: string }>(
      `select id, revoked_why from sessions where user_id = $1`,
      [dora.id],
    );
    expect(session!.revoked_why).toBe('token_reused');
    expect(chat.sockets.endedSessions).toContain(session!.id);
  });

  it('ends the session when a token is reused after its successor was used', async () => {
    const { refresh } = await chat.user('emma');
    const second = await chat.refresh(refresh);
    const third = await chat.refresh(second.body.refresh_token);
    expect((await chat.refresh(refresh)).status).toBe(401);
    expect((await chat.refresh(third.body.refresh_token)).status).toBe(401);
  });

  it('leaves other sessions of the user unaffected', async () => {
    const fred = await chat.user('fred');
    const other = await chat.login('fred');
    await chat.refresh(fred.refresh);
    await age(25);
    await chat.refresh(fred.refresh);
    expect((await chat.me(other.body.access_token)).status).toBe(200);
  });

  it.each([
    ['a made-up token', 'x'.repeat(43)],
    ['an empty one', ''],
  ])('refuses %s', async (_what, refresh) => {
    expect((await chat.refresh(refresh)).status).toBe(401);
  });

  it('refuses a session after its logout', async () => {
    const { token, refresh } = await chat.user('gina');
    await chat.call('POST', '/auth/logout', { token });
    expect((await chat.refresh(refresh)).status).toBe(401);
  });

  it('refuses other sessions after a change of the password', async () => {
    const { token } = await chat.user('hugo');
    const other = await chat.login('hugo');
    const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
    expect((await chat.call('POST', '/auth/password', { token, body })).status).toBe(204);
    expect((await chat.refresh(other.body.refresh_token)).status).toBe(401);
  });

  it('refuses a banned user', async () => {
    const { id, refresh } = await chat.user('ivan');
    await chat.database.query(`update users set banned_at = now() where id = $1`, [id]);
    expect((await chat.refresh(refresh)).body.error.code).toBe('ACCOUNT_BANNED');
  });

  it('refuses a session at its absolute expiry', async () => {
    const { id, token, refresh } = await chat.user('jane');
    await chat.database.query(`update sessions set expires_at = now() where user_id = $1`, [id]);
    expect((await chat.refresh(refresh)).status).toBe(401);
    expect((await chat.me(token)).status).toBe(401);
  });
});

describe('the end of a session', () => {
  let chat: AccountApp;
  let catalogue: EventCatalogue;
  beforeAll(async () => {
    chat = await AccountApp.start();
    catalogue = chat.app.get(EventCatalogue);
  });
  afterAll(() => chat.close());

  const sessionOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sid as string;

  it('invalidates its tokens, tickets and sockets, and no others (logout)', async () => {
    const ana = await chat.user('ana');
    const other = await chat.login('ana');
    const { body: ticket } = await chat.call('POST', '/auth/ticket', { token: ana.token });
    expect((await chat.call('POST', '/auth/logout', { token: ana.token })).status).toBe(204);
    expect((await chat.me(ana.token)).status).toBe(401);
    expect(chat.sockets.endedSessions).toContain(sessionOf(ana.token));
    const authenticator = chat.app.get(Authenticator, { strict: false });
    await expect(authenticator.redeemTicket(ticket.ticket)).rejects.toMatchObject({ status: 401 });
    await expect(authenticator.findEnded([sessionOf(ana.token), sessionOf(other.body.access_token)])).resolves.toEqual([
      { sessionId: sessionOf(ana.token), reason: 'revoked' },
    ]);
    expect((await chat.me(other.body.access_token)).status).toBe(200);
  });

  it('is a durable event in the stream of the user', async () => {
    const [event] = chat.commits.events.filter(({ type }) => type === 'session.revoked');
    const [content] = await catalogue.render([event!]);
    expect(content).toEqual({ data: { session_id: event!.subjectId, reason: 'logout' } });
    const stored = await chat.app.get(EventLog).readAfter(event!.streamId, 0, 10);
    expect(stored.map(({ seq, type, subjectId }) => [seq, type, subjectId])).toEqual([
      [1, 'session.revoked', event!.subjectId],
    ]);
  });

  it('applies to all sessions with logout-all', async () => {
    const bob = await chat.user('bob');
    const other = await chat.login('bob');
    expect((await chat.call('POST', '/auth/logout-all', { token: bob.token })).status).toBe(204);
    expect((await chat.me(bob.token)).status).toBe(401);
    expect((await chat.me(other.body.access_token)).status).toBe(401);
  });

  it('applies to an own session from the list, and to none of another user', async () => {
    const cleo = await chat.user('cleo');
    const dora = await chat.user('dora');
    const phone = await chat.login('cleo', PASSWORD, {}, { 'user-agent': 'Phone/1' });
    const { body } = await chat.call('GET', '/auth/sessions', { token: cleo.token });
    expect(body.data).toHaveLength(2);
    const phoneSession = body.data.find((session: { user_agent: string }) => session.user_agent === 'Phone/1');
    expect(phoneSession).toMatchObject({ is_current: false, ip: expect.any(String) });
    const path = `/auth/sessions/${phoneSession.id}`;
    const foreign = await chat.call('DELETE', path, { token: dora.token });
    expect(foreign.body.error.code).toBe('SESSION_NOT_FOUND');
    expect((await chat.me(phone.body.access_token)).status).toBe(200);
    expect((await chat.call('DELETE', path, { token: cleo.token })).status).toBe(204);
    expect((await chat.me(phone.body.access_token)).status).toBe(401);
    expect((await chat.call('DELETE', path, { token: cleo.token })).status).toBe(404);
    expect((await chat.call('DELETE', '/auth/sessions/1', { token: cleo.token })).status).toBe(400);
  });

  it('takes effect on another node within the lifetime of its cache, without the bus', async () => {
    const other = await AccountApp.start({ DATABASE_URL: chat.database.url, JWT_SECRET: chat.config.jwtSecret });
    try {
      const { token } = await chat.user('emma');
      expect((await other.me(token)).status).toBe(200);
      await chat.call('POST', '/auth/logout', { token });
      const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5001);
      expect((await other.me(token)).status).toBe(401);
      clock.mockRestore();
    } finally {
      await other.close();
    }
  });

  it('prevents every write, even of an already authenticated request', async () => {
    const { id, token } = await chat.user('fred');
    const actor = await chat.app.get(Authenticator, { strict: false }).authenticate(token);
    const log = chat.app.get(EventLog);
    const policy = chat.app.get(UsersPolicy, { strict: false });
    const write = () => log.write(id, (tx) => policy.requireActive(tx, actor));
    await expect(write()).resolves.toMatchObject({ userId: id, role: 'user' });
    await chat.database.query(`update users set role = 'moderator' where id = $1`, [id]);
    await expect(write()).resolves.toMatchObject({ role: 'moderator' });
    await chat.call('POST', '/auth/logout', { token });
    await expect(write()).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    const body = { display_name: 'Late' };
    expect((await chat.call('PATCH', '/users/me', { token, body })).status).toBe(401);
  });
});

describe('a ban', () => {
  let chat: AccountApp;
  let admin: Actor;
  beforeAll(async () => {
    chat = await AccountApp.start();
    const { body } = await chat.login('admin', 'correct horse battery staple');
    admin = await chat.app.get(Authenticator, { strict: false }).authenticate(body.access_token);
  });
  afterAll(() => chat.close());

  const users = () => chat.app.get(UserAdministration, { strict: false });

  it('refuses requests, writes, sockets and tickets at once', async () => {
    const { id, token } = await chat.user('ana');
    const { body: ticket } = await chat.call('POST', '/auth/ticket', { token });
    expect((await chat.me(token)).status).toBe(200);
    await users().ban(admin, id, { reason: 'spam', until: null });
    const { status, body } = await chat.me(token);
    expect({ status, code: body.error.code, details: body.error.details }).toEqual({
      status: 403,
      code: 'ACCOUNT_BANNED',
      details: { reason: 'spam', until: null },
    });
    expect(chat.sockets.endedUsers).toContain(id);
    const authenticator = chat.app.get(Authenticator, { strict: false });
    await expect(authenticator.redeemTicket(ticket.ticket)).rejects.toMatchObject({ code: 'ACCOUNT_BANNED' });
    const { sid } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    await expect(authenticator.findEnded([sid])).resolves.toEqual([{ sessionId: sid, reason: 'banned' }]);
    await users().unban(admin, id, 'a mistake');
    expect((await chat.me(token)).status).toBe(200);
  });

  it('ends at its time', async () => {
    const { id, token } = await chat.user('bob');
    await users().ban(admin, id, { reason: 'heat', until: new Date(Date.now() + 60_000) });
    expect((await chat.me(token)).status).toBe(403);
    await chat.database.query(`update users set banned_until = now() where id = $1`, [id]);
    expect((await chat.login('bob')).status).toBe(200);
  });

  it('requires a higher rank by the current role', async () => {
    const cleo = await chat.user('cleo');
    const dora = await chat.user('dora');
    await users().update(admin, cleo.id, { role: 'moderator' }, 'a test');
    const authenticator = chat.app.get(Authenticator, { strict: false });
    const moderator = await authenticator.authenticate(cleo.token);
    expect(moderator.role).toBe('moderator');
    const ban = (actor: Actor, id: string) => users().ban(actor, id, { reason: '', until: null });
    await expect(ban(moderator, admin.userId)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(ban(moderator, moderator.userId)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(users().update(moderator, moderator.userId, { role: 'admin' }, 'a test')).rejects.toMatchObject({
      status: 403,
    });
    await expect(users().update(admin, admin.userId, { role: 'user' }, 'a test')).rejects.toMatchObject({
      code: 'LAST_ADMIN',
    });
    await ban(moderator, dora.id);
    await users().update(admin, cleo.id, { role: 'user' }, 'a test');
    await expect(ban({ ...moderator }, dora.id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await authenticator.authenticate(cleo.token)).role).toBe('user');
  });
});

describe('a ticket', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start();
  });
  afterAll(() => chat.close());

  it('is accepted once, for its own user', async () => {
    const { id, token } = await chat.user('ana');
    const { status, body } = await chat.call('POST', '/auth/ticket', { token });
    expect({ status, expires: body.expires_in }).toEqual({ status: 201, expires: 60 });
    const authenticator = chat.app.get(Authenticator, { strict: false });
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => authenticator.redeemTicket(body.ticket)));
    const redeemed = tries.filter((result) => result.status === 'fulfilled');
    expect(redeemed.map(({ value }) => value.userId)).toEqual([id]);
  });

  it('is refused after a minute', async () => {
    const { token } = await chat.user('bob');
    const { body } = await chat.call('POST', '/auth/ticket', { token });
    await chat.database.query(`update tickets set expires_at = now()`);
    const authenticator = chat.app.get(Authenticator, { strict: false });
    await expect(authenticator.redeemTicket(body.ticket)).rejects.toMatchObject({ status: 401 });
    await expect(authenticator.redeemTicket('guess')).rejects.toMatchObject({ status: 401 });
  });

  it('requires a credential', async () => {
    expect((await chat.call('POST', '/auth/ticket')).status).toBe(401);
  });
});

describe('PATCH /auth/account', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start();
  });
  afterAll(() => chat.close());

  const change = (token: string, body: object) => chat.call('PATCH', '/auth/account', { token, body });

  it('requires the password, and changes email and name', async () => {
    const { token } = await chat.user('ana');
    expect((await change(token, { email: 'new@example.com' })).status).toBe(400);
    const wrong = await change(token, { email: 'new@example.com', current_password: 'wrong' });
    expect(wrong.body.error.code).toBe('INVALID_CREDENTIALS');
    const fields = { email: 'New@Example.com', username: 'Anna', current_password: PASSWORD };
    expect((await change(token, fields)).body).toMatchObject({ email: 'new@example.com', username: 'anna' });
    expect((await chat.login('new@example.com')).status).toBe(200);
    expect((await chat.login('ana@example.com')).status).toBe(401);
  });

  it('is the only way to change them: PATCH /users/me rejects these fields', async () => {
    const { token } = await chat.user('bob');
    for (const body of [{ email: 'x@example.com' }, { username: 'robert' }, { role: 'admin' }]) {
      expect((await chat.call('PATCH', '/users/me', { token, body })).status).toBe(400);
    }
  });

  it('rejects a name of another user', async () => {
    const { token } = await chat.user('cleo');
    const { status } = await change(token, { username: 'ＢＯＢ', current_password: PASSWORD });
    expect(status).toBe(409);
  });

  it('locks after repeated wrong passwords, like a login', async () => {
    const { token } = await chat.user('dora');
    for (let i = 0; i < 10; i++) await change(token, { current_password: 'wrong' });
    expect((await change(token, { current_password: PASSWORD })).status).toBe(423);
    const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
    expect((await chat.call('POST', '/auth/password', { token, body })).status).toBe(423);
  });

  it('changes the password with POST /auth/password, and ends all other sessions', async () => {
    const { token } = await chat.user('emma');
    const other = await chat.login('emma');
    const ask = (body: object) => chat.call('POST', '/auth/password', { token, body });
    expect((await ask({ current_password: 'wrong', new_password: NEW_PASSWORD })).status).toBe(401);
    expect((await ask({ current_password: PASSWORD, new_password: 'password1' })).status).toBe(400);
    expect((await ask({ current_password: PASSWORD, new_password: NEW_PASSWORD })).status).toBe(204);
    expect((await chat.login('emma')).status).toBe(401);
    expect((await chat.login('emma', NEW_PASSWORD)).status).toBe(200);
    expect((await chat.me(token)).status).toBe(200);
    expect((await chat.me(other.body.access_token)).status).toBe(401);
  });

  it('accepts no login with the old password after its change', async () => {
    const { token, id } = await chat.user('fred');
    const body = { current_password: PASSWORD, new_password: NEW_PASSWORD };
    const logins = Array.from({ length: 8 }, () => chat.login('fred'));
    const [changed, ...answers] = await Promise.all([chat.call('POST', '/auth/password', { token, body }), ...logins]);
    expect(changed.status).toBe(204);
    for (const answer of answers) expect([200, 401]).toContain(answer.status);
    const alive = await chat.database.query(`select from sessions where user_id = $1 and revoked_at is null`, [id]);
    expect(alive).toHaveLength(1);
  });
});

describe('SESSIONS_MAX_PER_USER', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start({ SESSIONS_MAX_PER_USER: '3' });
  });
  afterAll(() => chat.close());

  it('ends the session that was not used for the longest time', async () => {
    const { id, username, token } = await chat.user('ana');
    const tokens = [token];
    for (let i = 0; i < 3; i++) tokens.push((await chat.login(username)).body.access_token as string);
    const statuses = await Promise.all(tokens.map(async (each) => (await chat.me(each)).status));
    expect(statuses).toEqual([401, 200, 200, 200]);
    expect(chat.sockets.endedSessions).toHaveLength(1);
    expect(chat.commits.events.filter(({ streamId }) => streamId === id)).toMatchObject([
      { type: 'session.revoked', payload: { reason: 'too_many' } },
    ]);
    const others = await chat.user('bob');
    expect((await chat.me(others.token)).status).toBe(200);
  });
});
