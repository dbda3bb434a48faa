import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { HttpResponse } from '../support/client/http.js';
import { type ReceivedCall, WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const MAX_PER_HOST = 5;
/** A challenge that fails lasts as long as it may. */
const TIMEOUT_MS = 1000;
/** A challenge that has to succeed may be answered late on a busy machine. */
const PATIENCE_MS = 60_000;

describe('the verification of a webhook', () => {
  let server: TestApp;
  let world: World;
  let receiver: WebhookReceiver;
  let ana: User;
  let group: string;
  let count = 0;
  const confirm = (call: ReceivedCall, response: ServerResponse): void =>
    void response.writeHead(200).end(JSON.stringify({ challenge: call.body.data.challenge as string }));

  beforeAll(async () => {
    server = await startTestApp({
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
      WEBHOOK_TRUSTED_HOSTS: '127.0.0.9,*.trusted.example',
    });
    world = new World(server);
    receiver = await WebhookReceiver.start({ host: '0.0.0.0' });
  });
  afterAll(async () => {
    await receiver?.stop();
    await server?.close();
  });
  beforeEach(async () => {
    ana = await world.user();
    group = await world.group(ana);
    receiver.answerChallenge = confirm;
    allow(TIMEOUT_MS);
  });

  /** Limits the time of the challenges that begin from now on. */
  const allow = (webhookTimeoutMs: number) => Object.assign(server.config, { webhookTimeoutMs });

  interface CreatedWebhook {
    readonly id: string;
    readonly path: string;
    readonly secret: string;
    readonly body: HttpResponse['body'];
  }

  async function create(owner: User, more: { host?: string; path?: string } = {}): Promise<CreatedWebhook> {
    const path = more.path ?? `/hook-${++count}`;
    const url = receiver.url(path).replace('127.0.0.1', more.host ?? '127.0.0.1');
    const { status, body } = await owner.call('POST', '/webhooks', { url, events: ['message.created'] });
    expect([status, body]).toEqual([201, expect.objectContaining({ url })]);
    return { id: body.id, path, secret: body.secret, body };
  }
  const get = async (id: string): Promise<HttpResponse['body']> => (await ana.call('GET', `/webhooks/${id}`)).body;
  const send = (content: string) => ana.call('POST', `/conversations/${group}/messages`, { content });
  const callsTo = (path: string) => receiver.calls.filter((call) => call.path === path);
  const challengesTo = (path: string) => receiver.challenges.filter((call) => call.path === path);

  /** Polls until the webhook matches; the result of a challenge is recorded after the receiver has responded. */
  async function until(id: string, matches: (webhook: HttpResponse['body']) => boolean): Promise<HttpResponse['body']> {
    for (;;) {
      const webhook = await get(id);
      if (matches(webhook)) return webhook;
    }
  }
  /** Makes the next challenge due, with all earlier ones failed. */
  const dueNow = (id: string) =>
    server.database.query('update webhooks set challenge_at = now() where id = $1 and challenge_at is not null', [id]);

  /** Polls until it is given up after all challenges; the next is due as soon as one has failed. */
  async function untilGivenUp(id: string): Promise<HttpResponse['body']> {
    for (;;) {
      const webhook = await get(id);
      if (webhook.status === 'disabled') return webhook;
      if (webhook.verification.error !== null && webhook.verification.challenges < 3) await dueNow(id);
    }
  }

  it('sends a challenge before the first event, which follows the answer', async () => {
    allow(PATIENCE_MS);
    let answerChallenge: (() => void) | undefined;
    receiver.answerChallenge = (call, response) => {
      answerChallenge = () => confirm(call, response);
    };
    const own = await create(ana);
    expect(own.body).toMatchObject({
      status: 'pending_verification',
      is_active: false,
      verification: { verified_at: null, error: null, request_again: `POST /api/v1/webhooks/${own.id}/verification` },
    });
    const challenge = await receiver.untilChallenged(({ path }) => path === own.path);
    expect(challenge.body).toMatchObject({
      event: 'webhook.verification',
      data: { webhook_id: own.id, challenge: expect.stringMatching(/^[\w-]{43}$/) },
    });
    expect(new Webhook(own.secret).verify(challenge.text, challenge.headers)).toEqual(challenge.body);
    const trusted = await create(ana, { host: '127.0.0.9' });
    await send('early');
    await receiver.until(({ path, body }) => path === trusted.path && body.data.content === 'early');
    const ping = await ana.call('POST', `/webhooks/${own.id}/ping`);
    expect(ping.body).toMatchObject({ status: 'pending', reason: 'webhook_not_verified', attempts: [] });
    expect(callsTo(own.path)).toEqual([]);
    answerChallenge!();
    const call = await receiver.until(({ path, body }) => path === own.path && body.event === 'message.created');
    expect(call.body.data.content).toBe('early');
    const webhook = await get(own.id);
    expect(webhook).toMatchObject({ status: 'active', is_active: true });
    expect(webhook.verification).toMatchObject({ error: null, next_challenge_at: null, request_again: null });
    expect(challengesTo(own.path)).toHaveLength(1);
  });

  it.each<[string, (challenge: string) => string, boolean]>([
    ['JSON', (challenge) => JSON.stringify({ challenge }), true],
    [
      'JSON with more in it',
      (challenge) => JSON.stringify({ ok: true, more: 'x'.repeat(900), challenge }, null, 2),
      true,
    ],
    ['plain text', (challenge) => challenge, true],
    ['plain text with an end of line', (challenge) => `${challenge}\n`, true],
    ['nothing', () => '', false],
    ['another challenge', (challenge) => JSON.stringify({ challenge: challenge.toLowerCase() }), false],
    ['the beginning of the challenge', (challenge) => challenge.slice(0, -1), false],
    ['the challenge and more text', (challenge) => `${challenge} ${challenge}`, false],
    ['JSON of another form', (challenge) => JSON.stringify({ challenge: [challenge] }), false],
    ['JSON that is null', () => 'null', false],
  ])('succeeds only with the exact challenge: %s', async (_name, answer, isVerified) => {
    receiver.answerChallenge = ({ body }, response) =>
      void response.writeHead(200).end(answer(body.data.challenge as string));
    if (isVerified) allow(PATIENCE_MS);
    const { id } = await create(ana);
    const { status, verification } = await until(
      id,
      ({ verification: { verified_at, error } }) => verified_at || error,
    );
    expect([status, verification.error]).toEqual(
      isVerified ? ['active', null] : ['pending_verification', 'challenge_not_answered'],
    );
  });

  it('fails for a server that returns what it was sent', async () => {
    receiver.answerChallenge = ({ text }, response) => void response.writeHead(200).end(text);
    const { id } = await create(ana);
    const { verification } = await until(id, (webhook) => webhook.verification.error !== null);
    expect(verification).toMatchObject({ verified_at: null, error: 'challenge_not_answered' });
  });

  it('fails for an error status with the challenge', async () => {
    receiver.answerChallenge = ({ body }, response) =>
      void response.writeHead(404).end(JSON.stringify({ challenge: body.data.challenge as string }));
    const { id } = await create(ana);
    const { verification } = await until(id, (webhook) => webhook.verification.error !== null);
    expect(verification).toMatchObject({ verified_at: null, error: 'challenge_not_answered' });
  });

  it('reveals nothing about a private network, neither by a message nor by the time', async () => {
    const closed = createServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    receiver.answerChallenge = (_call, response) => void response.writeHead(200).end('open');
    const begun = performance.now();
    const open = await create(ana);
    const { body } = await ana.call('POST', '/webhooks', {
      url: `http://127.0.0.1:${port}/`,
      events: ['message.created'],
    });
    const met = await Promise.all(
      [open.id, body.id as string].map(async (id) => {
        const { verification } = await until(id, (webhook) => webhook.verification.error !== null);
        return [verification.error, performance.now() - begun >= TIMEOUT_MS / 2];
      }),
    );
    expect(met).toEqual([
      ['challenge_not_answered', true],
      ['challenge_not_answered', true],
    ]);
  });

  it('fails after three challenges, after which waiting events can be sent once it succeeds', async () => {
    receiver.answerChallenge = (_call, response) => void response.writeHead(200).end('ok');
    const socket = await ana.webSocket();
    const own = await create(ana);
    await send('too early');
    const webhook = await untilGivenUp(own.id);
    expect(webhook).toMatchObject({ is_active: false, disabled_reason: 'unverified' });
    expect(webhook.verification).toMatchObject({ challenges: 3, error: 'challenge_not_answered' });
    expect(await socket.first('webhook.disabled')).toMatchObject({
      data: { webhook_id: own.id, reason: 'unverified' },
    });
    socket.close();
    // A challenge that is late on a busy machine may not have arrived.
    const sent = challengesTo(own.path).map(({ body }) => body.data.challenge as string);
    expect(new Set(sent).size).toBe(sent.length);
    expect(callsTo(own.path)).toEqual([]);
    const { body } = await ana.call('GET', `/webhooks/${own.id}/deliveries`);
    expect(body.data).toMatchObject([{ status: 'failed', reason: 'webhook_disabled' }]);

    receiver.answerChallenge = confirm;
    allow(PATIENCE_MS);
    const asked = await ana.call('POST', `/webhooks/${own.id}/verification`);
    expect([asked.status, asked.body]).toEqual([202, expect.objectContaining({ status: 'pending_verification' })]);
    await until(own.id, ({ status }) => status === 'active');
    expect((await ana.call('POST', `/webhooks/${own.id}/replay`)).body.replayed).toBe(1);
    await receiver.until(({ path, body: { data } }) => path === own.path && data.content === 'too early');
    const again = await ana.call('POST', `/webhooks/${own.id}/verification`);
    expect([again.status, again.body.status]).toEqual([202, 'active']);
    expect(challengesTo(own.path)).toHaveLength(sent.length + 1);
  });

  it('starts again when a disabled webhook is enabled or gets another URL', async () => {
    receiver.answerChallenge = (_call, response) => void response.writeHead(500).end();
    const [enabled, moved] = [await create(ana), await create(ana)];
    await untilGivenUp(enabled.id);
    await untilGivenUp(moved.id);
    receiver.answerChallenge = confirm;
    const answers = [
      await ana.call('PATCH', `/webhooks/${enabled.id}`, { is_active: true }),
      await ana.call('PATCH', `/webhooks/${moved.id}`, { url: receiver.url('/elsewhere') }),
    ];
    expect(answers.map(({ body }) => body.status)).toEqual(['pending_verification', 'pending_verification']);
    for (const { id } of [enabled, moved]) await until(id, ({ status }) => status === 'active');
  });

  it('starts again after a change of the URL, to which waiting events are sent after it', async () => {
    const own = await create(ana);
    await until(own.id, ({ status }) => status === 'active');
    receiver.answerChallenge = (_call, response) => void response.writeHead(200).end('no');
    const victim = receiver.url('/victim');
    expect((await ana.call('PATCH', `/webhooks/${own.id}`, { url: victim })).body).toMatchObject({
      url: victim,
      status: 'pending_verification',
    });
    await send('not for the victim');
    await until(own.id, ({ verification }) => verification.error === 'challenge_not_answered');
    expect(callsTo('/victim')).toEqual([]);
    receiver.answerChallenge = confirm;
    await ana.call('POST', `/webhooks/${own.id}/verification`);
    await receiver.until(({ path, body }) => path === '/victim' && body.data.content === 'not for the victim');
  });

  it('remains valid if the URL is unchanged', async () => {
    allow(PATIENCE_MS);
    const own = await create(ana);
    await until(own.id, ({ status }) => status === 'active');
    const changes = { url: receiver.url(own.path), events: ['message.updated'], description: 'the same' };
    const { body } = await ana.call('PATCH', `/webhooks/${own.id}`, changes);
    expect(body.status).toBe('active');
    expect(challengesTo(own.path)).toHaveLength(1);
  });

  it('ignores an answer from the former URL', async () => {
    allow(PATIENCE_MS);
    const answers = new Map<string, () => void>();
    receiver.answerChallenge = (call, response) => void answers.set(call.path, () => confirm(call, response));
    const own = await create(ana, { path: '/old' });
    await receiver.untilChallenged(({ path }) => path === '/old');
    await ana.call('PATCH', `/webhooks/${own.id}`, { url: receiver.url('/new') });
    answers.get('/old')!();
    await receiver.untilChallenged(({ path }) => path === '/new');
    expect((await get(own.id)).verification).toMatchObject({ verified_at: null, challenges: 1 });
    answers.get('/new')!();
    await until(own.id, ({ status }) => status === 'active');
  });

  it('is not required for admins, and for trusted hosts', async () => {
    const admin = await world.user({ role: 'admin' });
    const made = [await create(admin), await create(ana, { host: '127.0.0.9' })];
    expect(made.map(({ body }) => [body.status, body.is_active])).toEqual([
      ['active', true],
      ['active', true],
    ]);
    await send('to a trusted host');
    await receiver.until(({ path }) => path === made[1]!.path);
    const url = 'https://hooks.trusted.example/x';
    const named = await ana.call('PATCH', `/webhooks/${made[1]!.id}`, { url });
    expect(named.body.status).toBe('active');
    for (const { path } of made) expect(challengesTo(path)).toEqual([]);
  });

  describe('for one host', () => {
    const events = ['message.created'];
    const create = (owner: User, url: string) => owner.call('POST', '/webhooks', { url, events });
    const refusal = (host: string) => ({ code: 'TOO_MANY_WEBHOOKS_FOR_HOST', details: { host, max: MAX_PER_HOST } });

    it('allows five webhooks of an account, for any spelling and port', async () => {
      const spellings = [
        'https://bücher.example/1',
        'https://BÜCHER.example/2',
        'https://xn--bcher-kva.example./3',
        'https://bücher.example:8443/4',
        'http://xn--BCHER-kva.example:80/5',
      ];
      for (const url of spellings) expect([url, (await create(ana, url)).status]).toEqual([url, 201]);
      for (const url of [...spellings, 'https://bu\u0308cher.example:9/6']) {
        const { status, body } = await create(ana, url);
        expect([url, status, body.error]).toEqual([
          url,
          409,
          expect.objectContaining(refusal('xn--bcher-kva.example')),
        ]);
      }
      expect((await create(ana, 'https://other.example/')).status).toBe(201);
      expect((await create(await world.user(), spellings[0]!)).status).toBe(201);
    });

    it('treats IPv4 and the same address in IPv6 as one host', async () => {
      for (let i = 0; i < MAX_PER_HOST; i++) expect((await create(ana, `http://127.0.0.7:1/${i}`)).status).toBe(201);
      expect((await create(ana, 'http://[::ffff:127.0.0.7]/')).body.error).toMatchObject(refusal('127.0.0.7'));
    });

    it('allows no more for simultaneous requests', async () => {
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, i) => create(ana, `http://127.0.0.21:${i + 1000}/`)),
      );
      const statuses = made.map(({ status }) => status).sort();
      expect(statuses).toEqual([...Array<number>(MAX_PER_HOST).fill(201), ...Array<number>(7).fill(409)]);
    });

    it('allows no more by changes of the URL, but changes within the host', async () => {
      const made = [];
      for (let i = 0; i < MAX_PER_HOST; i++) made.push((await create(ana, `http://127.0.0.22/${i}`)).body.id);
      const { id } = (await create(ana, 'http://127.0.0.23/')).body as { id: string };
      const moveIn = await ana.call('PATCH', `/webhooks/${id}`, { url: 'http://127.22:444/x' });
      expect([moveIn.status, moveIn.body.error]).toEqual([409, expect.objectContaining(refusal('127.0.0.22'))]);
      const moveWithin = await ana.call('PATCH', `/webhooks/${made[0]}`, { url: 'http://127.0.0.22/other' });
      expect(moveWithin.status).toBe(200);
      const moves = made.map((one) => ana.call('PATCH', `/webhooks/${one}`, { url: 'http://127.0.0.24/' }));
      const more = [create(ana, 'http://127.0.0.24/'), create(ana, 'http://127.0.0.24:1/')];
      const statuses = (await Promise.all([...moves, ...more])).map(({ status }) => status);
      expect(statuses.filter((status) => status === 409)).toHaveLength(2);
      const [{ count: there }] = await server.database.query<{ count: number }>(
        `select count(*)::int as count from webhooks where user_id = $1 and target_host = '127.0.0.24'`,
        [ana.userId],
      );
      expect(there).toBe(MAX_PER_HOST);
    });

    it('allows any number for admins, and for trusted hosts', async () => {
      const admin = await world.user({ role: 'admin' });
      const statuses: number[] = [];
      for (let i = 0; i <= MAX_PER_HOST; i++) {
        statuses.push((await create(admin, `http://127.0.0.25/${i}`)).status);
        statuses.push((await create(ana, `https://a.trusted.example/${i}`)).status);
      }
      expect(new Set(statuses)).toEqual(new Set([201]));
      for (let i = 0; i < MAX_PER_HOST; i++) await create(ana, `https://trusted.example/${i}`);
      expect((await create(ana, 'https://trusted.example/')).status).toBe(409);
    });

    it('counts webhooks of an older version, which are active without a challenge', async () => {
      await server.database.query(
        `insert into webhooks (id, user_id, scope, url, host, events, secret_box)
         select gen_random_uuid(), $1, 'own', 'https://old.example.:8443/', 'old.example.:8443', '{}', ''
           from generate_series(1, 5)`,
        [ana.userId],
      );
      expect((await create(ana, 'https://old.example/')).body.error).toMatchObject(refusal('old.example'));
      const { body } = await ana.call('GET', '/webhooks');
      expect(new Set(body.data.map(({ status }: { status: string }) => status))).toEqual(new Set(['active']));
    });
  });
});

describe('the rate limit of verification', () => {
  it('applies to accounts and hosts, and excludes refused requests', async () => {
    const server = await startTestApp({
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
      PROCESS_ROLE: 'api',
      RATE_LIMIT_MULTIPLIER: '1',
      LIMIT_WEBHOOK_VERIFICATION: '4',
      LIMIT_WEBHOOK_VERIFICATION_HOST: '6',
    });
    try {
      const world = new World(server);
      const [ana, bo] = await world.users(2);
      const events = ['message.created'];
      const create = async (owner: User, url: string): Promise<HttpResponse> =>
        owner.call('POST', '/webhooks', { url, events });
      const { id } = (await create(ana, 'https://victim.example/')).body as { id: string };
      for (let i = 0; i < 6; i++) expect((await create(ana, 'https://victim.example/')).status).not.toBe(500);
      const refused = await ana.call('POST', `/webhooks/${id}/verification`);
      expect([refused.status, refused.body.error.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
      expect((await ana.call('PATCH', `/webhooks/${id}`, { url: 'https://next.example/' })).status).toBe(429);
      expect((await ana.call('PATCH', `/webhooks/${id}`, { description: 'free' })).status).toBe(200);
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await create(bo, 'https://victim.example/')).status);
      expect(statuses).toEqual([201, 201, 429]);
      expect((await create(bo, 'https://other.example/')).status).toBe(201);
      expect((await create(await world.user({ role: 'admin' }), 'https://victim.example/')).status).toBe(201);
      const [row] = await server.database.query<{ count: number }>('select count(*)::int as count from webhooks');
      expect(row!.count).toBe(4 + 2 + 1 + 1);
    } finally {
      await server.close();
    }
  });
});
