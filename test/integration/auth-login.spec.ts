import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { AuthRepository } from '../../src/modules/auth/auth.repository.js';
import { HashingGate } from '../../src/modules/auth/hashing-gate.js';
import { PasswordHasher } from '../../src/modules/auth/password-hasher.js';
import { RequestRefused } from '../../src/platform/http/http-errors.js';
import { AccountApp, PASSWORD } from '../support/account-app.js';

describe('POST /auth/register', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start();
  });
  afterAll(() => chat.close());

  const register = (fields: object, path = '/auth/register') =>
    chat.call('POST', path, {
      body: { email: 'ana@example.com', username: 'ana', password: PASSWORD, display_name: 'Ana Lima', ...fields },
    });

  it('returns the new user without secrets', async () => {
    const { status, body } = await register({});
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      username: 'ana',
      display_name: 'Ana Lima',
      email: 'ana@example.com',
      status: 'offline',
      last_seen: null,
      profile: { bio: '', avatar_url: null, location: '' },
      role: 'user',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      avatar_url: null,
      external_id: null,
      metadata: { public: {}, private: {} },
    });
  });

  it('is also available as POST /users', async () => {
    const { status } = await register({ username: 'bob', email: 'bob@example.com' }, '/users');
    expect(status).toBe(201);
  });

  it('creates a stream for the user', async () => {
    const heads = await chat.database.query(
      `select from stream_heads h join users u on u.id = h.stream_id where u.username = 'ana'`,
    );
    expect(heads).toHaveLength(1);
  });

  it.each([
    ['the same name', { email: 'x1@example.com' }, 'username'],
    ['the name in other letters', { email: 'x2@example.com', username: 'ANA' }, 'username'],
    ['the name in full-width letters', { email: 'x3@example.com', username: 'ａｎａ' }, 'username'],
    ['the same address', { username: 'ana4' }, 'email'],
    ['the address in other letters', { username: 'ana5', email: 'ANA@Example.COM' }, 'email'],
    ['the address under a full-width domain', { username: 'ana6', email: 'ana@ＥＸＡＭＰＬＥ.com' }, 'email'],
  ])('rejects %s', async (_what, fields, field) => {
    const { status, body } = await register(fields);
    expect({ status, code: body.error.code, field: body.error.details.field }).toEqual({
      status: 409,
      code: 'ALREADY_EXISTS',
      field,
    });
  });

  it.each<[object, string[]]>([
    [{ username: 'x', password: 'short' }, ['email', 'username', 'password']],
    [
      { username: 'x', password: 'short', email: 'none', display_name: ' ' },
      ['email', 'username', 'password', 'display_name'],
    ],
    [{ username: ['x'], password: 'short', role: 'admin' }, ['role', 'email', 'username', 'password']],
    [{}, ['email', 'username', 'password']],
  ])('reports every invalid field of %j at once', async (body, fields) => {
    const answer = await chat.call('POST', '/auth/register', { body });
    expect(answer.status).toBe(400);
    const named = answer.body.error.details.errors.map(({ field }: { field: string }) => field);
    expect(named.sort()).toEqual([...fields].sort());
  });

  it.each([
    ['a reserved name', { username: 'admin' }],
    ['a reserved name in full-width letters', { username: 'ＡＤＭＩＮ' }],
    ['a name with a Cyrillic letter in it', { username: 'аdmin' }],
    ['a name with a space', { username: 'ana lima' }],
    ['an address without a domain', { email: 'ana' }],
    ['an address with a control character', { email: 'ana\n@example.com' }],
    ['a display name of nothing visible', { display_name: '\u200b\u202e ' }],
    ['a password of seven characters', { password: 'k7#Qz!p' }],
    ['a common password', { password: 'password123' }],
    ['a password that is the name', { username: 'gwendolyn77xq', password: 'Gwendolyn77xq' }],
    ['a password that is the address', { email: 'zq8vw@example.com', password: 'zq8vw@example.com' }],
    ['a password of 129 characters', { password: 'k7#Qz!p9'.repeat(17).slice(0, 129) }],
    ['a password with a NUL', { password: 'correct horse\0battery' }],
    ['a role', { role: 'admin' }],
    ['an id', { id: '0193d4f0-0000-7000-8000-000000000000' }],
    ['is_banned', { is_banned: false }],
    ['created_at', { created_at: '2020-01-01T00:00:00Z' }],
    ['a list for a name', { username: ['carol'] }],
    ['an object for a password', { password: { $gt: '' } }],
  ])('rejects %s', async (_what, fields) => {
    const { status, body } = await register({ username: 'carol', email: 'carol@example.com', ...fields });
    expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'VALIDATION_ERROR' });
  });

  it('creates one account for twenty simultaneous requests with the same name', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => register({ username: 'dora', email: `dora${i}@example.com` })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(19);
  });

  it('rejects a body of a megabyte', async () => {
    const { status } = await register({ password: 'x'.repeat(1_000_000) });
    expect(status).toBe(413);
  });
});

describe('POST /auth/login', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start();
    await chat.user('ana');
  });
  afterAll(() => chat.close());

  it.each([
    ['the e-mail address', { email: 'ana@example.com' }],
    ['the address in other letters', { email: 'Ana@Example.com' }],
    ['the user name', { username: 'ana' }],
    ['the user name as login', { login: 'Ana' }],
    ['the address as login', { login: 'ana@example.com' }],
  ])('accepts %s', async (_what, fields) => {
    const { status, body } = await chat.call('POST', '/auth/login', { body: { ...fields, password: PASSWORD } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, user: { username: 'ana' } });
    expect((await chat.me(body.access_token)).body.email).toBe('ana@example.com');
  });

  it('requires a name', async () => {
    expect((await chat.call('POST', '/auth/login', { body: { password: PASSWORD } })).status).toBe(400);
  });

  it('responds in the same way to an unknown account and a wrong password', async () => {
    const [unknown, wrong] = await Promise.all([chat.login('unknown-user', 'wrong'), chat.login('ana', 'wrong')]);
    expect(unknown.status).toBe(401);
    const strip = ({ body }: typeof unknown) => ({ ...body.error, request_id: '' });
    expect(strip(unknown)).toEqual(strip(wrong));
  });

  it('does as much work for an unknown account as for a wrong password', async () => {
    const hashed = jest.spyOn(HashingGate.prototype, 'run');
    const asked = jest.spyOn(chat.app.get(AuthRepository, { strict: false }), 'findPasswordHash');
    for (const name of ['unknown-user', 'ana']) {
      hashed.mockClear();
      asked.mockClear();
      expect((await chat.login(name, 'wrong')).status).toBe(401);
      expect([hashed.mock.calls.length, asked.mock.calls.length]).toEqual([1, 1]);
    }
    hashed.mockRestore();
    asked.mockRestore();
  });

  it.each([
    ['a login', 'POST', '/auth/login', { login: 'ana', password: PASSWORD }],
    ['a registration', 'POST', '/auth/register', { email: 'kim@example.com', username: 'kim', password: PASSWORD }],
    ['a change of the password', 'POST', '/auth/password', { current_password: PASSWORD, new_password: 'x'.repeat(9) }],
    ['a change of the name', 'PATCH', '/auth/account', { current_password: PASSWORD, username: 'ana-2' }],
  ])('cancels the hashing of %s when the client disconnects', async (_name, method, path, body) => {
    const { body: login } = await chat.login('ana');
    const run = jest.spyOn(HashingGate.prototype, 'run');
    const { gate } = chat.app.get(PasswordHasher, { strict: false }) as unknown as { gate: HashingGate };
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const blocking = Array.from({ length: availableParallelism() }, (_, index) =>
      gate.run({ key: `holder ${index}`, isTrusted: true }, () => blocked),
    );
    run.mockClear();
    try {
      const gone = new AbortController();
      const asked = chat
        .call(method, path, { token: login.access_token, body, signal: gone.signal })
        .catch(() => undefined);
      while (run.mock.calls.length === 0) await setImmediate();
      gone.abort();
      await asked;
      await expect(run.mock.results[0]!.value).rejects.toBeInstanceOf(RequestRefused);
    } finally {
      release();
      await Promise.all(blocking);
      run.mockRestore();
    }
  });

  it('reports a ban only after the correct password', async () => {
    await chat.user('eve');
    await chat.database.query(`update users set banned_at = now(), ban_reason = 'spam' where username = 'eve'`);
    expect((await chat.login('eve', 'wrong')).body.error.code).toBe('INVALID_CREDENTIALS');
    const right = await chat.login('eve');
    expect(right.status).toBe(403);
    expect(right.body.error).toMatchObject({ code: 'ACCOUNT_BANNED', details: { reason: 'spam', until: null } });
  });

  it('checks all characters of a long password', async () => {
    const long = `${'k7#Qz!p9w'.repeat(8)}`; // 72 bytes, after which bcrypt alone ignores the rest
    const body = { username: 'longo', email: 'longo@example.com', password: `${long}X` };
    expect((await chat.call('POST', '/auth/register', { body })).status).toBe(201);
    expect((await chat.login('longo', `${long}Y`)).status).toBe(401);
    expect((await chat.login('longo', `${long}X`)).status).toBe(200);
  });

  it('accepts a password in composed or decomposed form', async () => {
    const body = { username: 'zoe', email: 'zoe@example.com', password: 'crème brûlée 77'.normalize('NFD') };
    expect((await chat.call('POST', '/auth/register', { body })).status).toBe(201);
    expect((await chat.login('zoe', 'crème brûlée 77'.normalize('NFC'))).status).toBe(200);
  });

  it('replaces a hash of another algorithm', async () => {
    const other = await AccountApp.start({
      DATABASE_URL: chat.database.url,
      JWT_SECRET: chat.config.jwtSecret,
      PASSWORD_HASH: 'argon2id',
    });
    try {
      expect((await other.login('ana')).status).toBe(200);
      const [row] = await chat.database.query<{ password_hash: string }>(
        `select password_hash from credentials c join users u on u.id = c.user_id where u.username = 'ana'`,
      );
      expect(row!.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect((await other.login('ana')).status).toBe(200);
      expect((await other.login('ana', 'wrong')).status).toBe(401);
      expect((await chat.login('ana')).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('stores neither passwords nor tokens', async () => {
    const { body } = await chat.login('ana');
    const { body: ticket } = await chat.call('POST', '/auth/ticket', { token: body.access_token });
    await chat.refresh(body.refresh_token);
    const secrets = [PASSWORD, body.access_token, body.refresh_token, body.device_token, ticket.ticket] as string[];
    const rows = await chat.database.query<{ row: string }>(
      `select row_to_json(t)::text as row from (select * from credentials) t
       union all select row_to_json(t)::text from sessions t
       union all select row_to_json(t)::text from refresh_tokens t
       union all select row_to_json(t)::text from tickets t
       union all select row_to_json(t)::text from known_devices t
       union all select row_to_json(t)::text from events t`,
    );
    const text = rows.map(({ row }) => row).join('\n');
    for (const secret of secrets) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret, 'base64url').toString('hex'),
      ]) {
        expect(text).not.toContain(form);
      }
    }
  });
});

describe('failed logins', () => {
  let chat: AccountApp;
  beforeAll(async () => {
    chat = await AccountApp.start();
  });
  afterAll(() => chat.close());

  const from = (ip: string) => ({ 'x-forwarded-for': ip });

  it('locks the pair of account and IP address, and returns the time to wait', async () => {
    await chat.user('ana');
    for (let i = 0; i < 10; i++) expect((await chat.login('ana', 'wrong', {}, from('192.0.2.1'))).status).toBe(401);
    const locked = await chat.login('ana', 'wrong', {}, from('192.0.2.1'));
    expect(locked.status).toBe(423);
    expect(locked.body.error.code).toBe('ACCOUNT_LOCKED');
    expect(Number(locked.headers.get('retry-after'))).toBe(locked.body.error.details.retry_after);
    expect((await chat.login('ana', PASSWORD, {}, from('192.0.2.1'))).status).toBe(423);
  });

  it('locks no other account and no other IP address', async () => {
    expect((await chat.login('ana', PASSWORD, {}, from('192.0.2.2'))).status).toBe(200);
    await chat.user('bob');
    expect((await chat.login('bob', PASSWORD, {}, from('192.0.2.1'))).status).toBe(200);
  });

  it('locks an unknown account in the same way', async () => {
    const statuses = [];
    for (let i = 0; i < 11; i++) statuses.push((await chat.login('ghost', 'wrong', {}, from('192.0.2.9'))).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 423]);
  });

  it('counts for an account under any spelling of its email', async () => {
    await chat.user('eva');
    const spellings = ['eva@example.com', ' EVA@Example.com', 'eva@ｅｘａｍｐｌｅ.com', 'eva@exa\uFE00mple.com'];
    const statuses = [];
    for (let i = 0; i < 12; i++) {
      statuses.push((await chat.login(spellings[i % 3]!, 'wrong', {}, from('192.0.2.8'))).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 423, 423]);
    expect((await chat.login(spellings[3]!, PASSWORD, {}, from('192.0.2.8'))).status).toBe(401);
  });

  it('counts once for an account under its name and its email', async () => {
    await chat.user('finn');
    const names = ['finn', 'finn@example.com'];
    const statuses = [];
    for (let i = 0; i < 11; i++) {
      statuses.push((await chat.login(names[i % 2]!, 'wrong', {}, from('192.0.2.12'))).status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 423]);
  });

  it('allows five attempts a minute for an account from an IP address, by name and email together', async () => {
    const strict = await AccountApp.start({ RATE_LIMIT_MULTIPLIER: '1' });
    try {
      await strict.user('finn');
      const names = ['finn', 'finn@example.com'];
      const statuses = [];
      for (let i = 0; i < 6; i++)
        statuses.push((await strict.login(names[i % 2]!, 'wrong', {}, from('192.0.2.1'))).status);
      expect(statuses).toEqual([...Array<number>(5).fill(401), 429]);
      const unknown = [];
      for (let i = 0; i < 6; i++) unknown.push((await strict.login('ghost', 'wrong', {}, from('192.0.2.2'))).status);
      expect(unknown).toEqual(statuses);
    } finally {
      await strict.close();
    }
  });

  it('counts simultaneous attempts exactly', async () => {
    await chat.user('cleo');
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => chat.login('cleo', 'wrong', {}, from('192.0.2.3'))),
    );
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect({ refused: count(401), locked: count(423) }).toEqual({ refused: 10, locked: 20 });
  });

  it('doubles the wait with every failure after a lock', async () => {
    await chat.database.query(
      `update login_failures set locked_until = now() where account = (select 'user:' || id from users where username = 'ana')`,
    );
    expect((await chat.login('ana', 'wrong', {}, from('192.0.2.1'))).status).toBe(401);
    const { body } = await chat.login('ana', 'wrong', {}, from('192.0.2.1'));
    expect(body.error.details.retry_after).toBeGreaterThan(45);
  });

  it('never locks the owner out on a known device', async () => {
    const owner = await chat.user('dora');
    await chat.database.query(
      `update login_failures set failures = 200 where account = (select 'user:' || id from users where username = 'dora') and source = '*'`,
    );
    // From everywhere, far beyond every limit, including the IP address of the owner.
    for (let i = 0; i < 12; i++) await chat.login('dora', 'wrong', {}, from('192.0.2.7'));
    expect((await chat.login('dora', PASSWORD, {}, from('192.0.2.7'))).status).toBe(423);
    const known = await chat.login('dora', PASSWORD, { device_token: owner.device }, from('192.0.2.7'));
    expect(known.status).toBe(200);
    expect(known.body.device_token).toBe(owner.device);
  });

  it('delays unknown devices when an account is attacked from everywhere', async () => {
    await chat.user('emma');
    await chat.database.query(
      `update login_failures set failures = 120 where account = (select 'user:' || id from users where username = 'emma') and source = '*'`,
    );
    expect((await chat.login('emma', 'wrong', {}, from('198.51.100.1'))).status).toBe(401);
    const next = await chat.login('emma', 'wrong', {}, from('198.51.100.2'));
    expect(next.status).toBe(423);
    expect(next.body.error.details.retry_after).toBeLessThanOrEqual(60);
  });

  it('ignores the device of another account, and invented ones', async () => {
    const { device } = await chat.user('fred');
    await chat.user('gina');
    const guess = (token: string) => chat.login('gina', 'wrong', { device_token: token }, from('192.0.2.8'));
    for (let i = 0; i < 10; i++) expect((await guess(`made-up-${i}`)).status).toBe(401);
    expect((await guess('made-up-10')).status).toBe(423);
    expect((await guess(device)).status).toBe(423);
  });

  it('locks a known device that guesses', async () => {
    const { device } = await chat.user('hugo');
    for (let i = 0; i < 10; i++) await chat.login('hugo', 'wrong', { device_token: device });
    expect((await chat.login('hugo', PASSWORD, { device_token: device })).status).toBe(423);
    expect((await chat.login('hugo')).status).toBe(200);
  });
});

describe('a flood of logins', () => {
  it('is answered with 503 beyond the queue, and counts as no failure', async () => {
    const chat = await AccountApp.start({ BCRYPT_COST: '8' });
    try {
      const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => chat.login(`flood${i}`, 'wrong')));
      const statuses = new Set(answers.map(({ status }) => status));
      expect(statuses).toEqual(new Set([401, 503]));
      const refused = answers.findIndex(({ status }) => status === 503);
      const rows = await chat.database.query<{ failures: number }>(
        `select failures from login_failures where account = $1`,
        [`flood${refused}`],
      );
      expect(rows.every(({ failures }) => failures === 0)).toBe(true);
      expect((await chat.login('admin', 'correct horse battery staple')).status).toBe(200);
    } finally {
      await chat.close();
    }
  });

  it('blocks neither other IP addresses nor a known device behind the same one', async () => {
    const chat = await AccountApp.start({ BCRYPT_COST: '9', RATE_LIMIT_MULTIPLIER: '1' });
    const [floodSource, otherSource] = [{ 'x-forwarded-for': '2001:db8::1' }, { 'x-forwarded-for': '192.0.2.2' }];
    try {
      const { device } = await chat.user('dora');
      const greedy = Promise.all(
        Array.from({ length: 60 }, (_, i) => chat.login(`flood${i}`, 'wrong', {}, floodSource)),
      );
      const modest = await chat.login('dora', PASSWORD, {}, otherSource);
      const known = await chat.login('dora', PASSWORD, { device_token: device }, floodSource);
      const registered = await chat.call('POST', '/auth/register', {
        body: { username: 'emma', email: 'emma@example.com', password: PASSWORD },
        headers: { 'x-forwarded-for': '192.0.2.3' },
      });
      expect([modest.status, known.status, registered.status]).toEqual([200, 200, 201]);
      const answers = await greedy;
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
      expect(answers.every(({ status, headers }) => status === 401 || Number(headers.get('retry-after')) > 0)).toBe(
        true,
      );
    } finally {
      await chat.close();
    }
  });

  it('ends after thirty failures a minute from one IP address, for any accounts', async () => {
    const chat = await AccountApp.start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_LOGIN: '100' });
    const source = { 'x-forwarded-for': '192.0.2.1' };
    try {
      const { device } = await chat.user('dora');
      for (let i = 0; i < 3; i++) expect((await chat.login('dora', PASSWORD, {}, source)).status).toBe(200);
      const statuses = [];
      for (let i = 0; i < 31; i++) statuses.push((await chat.login(`ghost${i}`, 'wrong', {}, source)).status);
      expect(statuses).toEqual([...Array<number>(30).fill(401), 429]);
      expect((await chat.login('dora', PASSWORD, {}, source)).status).toBe(429);
      expect((await chat.login('dora', PASSWORD, { device_token: device }, source)).status).toBe(200);
      expect((await chat.login('dora', PASSWORD, {}, { 'x-forwarded-for': '192.0.2.2' })).status).toBe(200);
    } finally {
      await chat.close();
    }
  });
});
