import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Environment } from '../../src/platform/config/config.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { HttpResponse } from '../support/client/http.js';
import { type ReceivedCall, WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const SETTINGS = {
  WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
  WEBHOOK_RETRY_SCHEDULE: '0,1,1',
  // A receiver may be slow on a busy machine; the test of slow ones sets it.
  WEBHOOK_TIMEOUT_MS: '60000',
};

/** Events of which a webhook with the scope all receives the members of the conversation. */
const OF_CONVERSATION = /^(message|reaction|poll|participant|conversation|receipt)\./;

const hmac = (secret: string, text: string): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;

/** The contract of webhooks, for every implementation of the queues. */
export function itDeliversWebhooks(environment: () => Promise<Environment>): void {
  let server: TestApp;
  let world: World;
  let receiver: WebhookReceiver;
  let count = 0;

  beforeAll(async () => {
    server = await startTestApp({ ...SETTINGS, ...(await environment()) });
    world = new World(server);
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await server?.close();
    await receiver?.stop();
  });
  afterEach(() => {
    receiver.answer = (_call, response) => void response.writeHead(204).end();
  });

  interface Hook {
    readonly id: string;
    readonly secret: string;
    readonly path: string;
    calls(): ReceivedCall[];
    next(matches?: (call: ReceivedCall) => boolean): Promise<ReceivedCall>;
  }

  async function hook(owner: User, events: string[], more: object = {}): Promise<Hook> {
    const path = `/hook-${++count}`;
    const created = await owner.call('POST', '/webhooks', { url: receiver.url(path), events, ...more });
    expect([created.status, created.body]).toEqual([201, expect.objectContaining({ secret: expect.any(String) })]);
    return {
      id: created.body.id,
      secret: created.body.secret,
      path,
      calls: () => receiver.calls.filter((call) => call.path === path),
      next: (matches = () => true) => receiver.until((call) => call.path === path && matches(call)),
    };
  }

  const send = async (actor: User, conversationId: string, content = 'hello'): Promise<string> =>
    (await actor.call('POST', `/conversations/${conversationId}/messages`, { content })).body.id as string;

  async function deliveries(owner: User, { id }: Hook, query = ''): Promise<HttpResponse['body'][]> {
    return (await owner.call('GET', `/webhooks/${id}/deliveries${query}`)).body.data as HttpResponse['body'][];
  }

  /** Polls until a delivery matches; it is recorded after its receiver has responded. */
  async function settled(
    owner: User,
    of: Hook,
    matches: (delivery: HttpResponse['body']) => boolean,
  ): Promise<HttpResponse['body']> {
    for (;;) {
      const found = (await deliveries(owner, of)).find(matches);
      if (found) return found;
      await sleep(20);
    }
  }

  /** Refuses a call in such a way that its delivery waits until `attemptNow`. */
  const postpone = (response: ServerResponse): void => void response.writeHead(503, { 'retry-after': '3600' }).end();

  /** Lets the postponed delivery of a webhook be attempted now; its failure is recorded after the response. */
  async function attemptNow(owner: User, of: Hook): Promise<void> {
    await settled(owner, of, ({ status, attempts }) => status === 'pending' && attempts.length > 0);
    await server.database.query('update webhook_deliveries set next_attempt_at = now() where webhook_id = $1', [of.id]);
  }

  /** Reads the metrics of attempts; accepted ones may still be of other tests. */
  async function attemptCounts(): Promise<{ refused: number; reset: number; all: number; timed: number }> {
    const metrics = server.app.get(Metrics);
    const readings = await metrics.values('parley_webhook_attempts_total');
    const of = (result: string): number => readings.find(({ labels }) => labels?.result === result)?.value ?? 0;
    return {
      refused: of('refused'),
      reset: of('connection_reset'),
      all: readings.reduce((sum, { value }) => sum + value, 0),
      timed: (await metrics.distribution('parley_webhook_attempt_seconds')).count,
    };
  }

  it('sends an event, signed in three ways', async () => {
    const [ana, bo] = await world.users(2);
    const group = await world.group(ana, [bo]);
    const own = await hook(ana, ['message.created'], { secret: 'a secret of a test only'.replaceAll(' ', '-') });
    const made = await hook(ana, ['message.created']);
    const id = await send(bo, group, 'Grüße, "world" 👋');
    const call = await own.next();
    expect(Object.keys(call.body)).toEqual(['event', 'timestamp', 'data', 'signature']);
    expect(call.body).toMatchObject({
      event: 'message.created',
      data: {
        conversation_id: group,
        message_id: id,
        sender_id: bo.userId,
        content: 'Grüße, "world" 👋',
        message: { id },
      },
    });
    const verified = new Webhook(own.secret, { format: 'raw' }).verify(call.text, call.headers);
    expect(verified).toEqual(call.body);
    expect(call.headers['x-webhook-signature']).toBe(hmac(own.secret, call.text));
    const { event, timestamp, data } = call.body;
    expect(call.body.signature).toBe(hmac(own.secret, JSON.stringify({ event, timestamp, data })));
    const second = await made.next();
    expect(new Webhook(made.secret).verify(second.text, second.headers)).toEqual(second.body);
    expect(second.headers['webhook-id']).toBe(call.headers['webhook-id']);
    expect(() => new Webhook(made.secret).verify(call.text, call.headers)).toThrow();
  });

  it('repeats a delivery under the same id until the receiver accepts it, and logs every attempt', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    receiver.answer = (_call, response, request) => {
      if (own.calls().length === 1) response.writeHead(500).end('not today');
      else if (own.calls().length === 2) request.socket.resetAndDestroy();
      else response.writeHead(200).end('ok');
    };
    const before = await attemptCounts();
    await send(ana, group);
    const delivery = await settled(ana, own, ({ status }) => status === 'delivered');
    expect(own.calls().map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(delivery.event_id));
    expect(new Set(own.calls().map(({ headers }) => headers['webhook-timestamp'])).size).toBeGreaterThan(1);
    expect(delivery.attempts).toMatchObject([
      { number: 1, status_code: 500, error: 'refused' },
      { number: 2, status_code: null, error: 'connection_reset' },
      { number: 3, status_code: 200, error: null },
    ]);
    expect((await ana.call('GET', `/webhooks/${own.id}`)).body).toMatchObject({ failures: 0 });
    const after = await attemptCounts();
    expect([after.refused - before.refused, after.reset - before.reset]).toEqual([1, 1]);
    expect(after.timed).toBe(after.all);
  });

  it('presents the response of a receiver in a private network to admins only', async () => {
    const ana = await world.user();
    const admin = await world.user({ role: 'admin' });
    receiver.answer = (_call, response) => void response.writeHead(200).end('root:x:0:0');
    const answerTo = async (owner: User): Promise<[Hook, HttpResponse['body']]> => {
      const own = await hook(owner, ['message.created']);
      await owner.call('POST', `/webhooks/${own.id}/ping`);
      return [own, await settled(owner, own, ({ status }) => status === 'delivered')];
    };
    const [own, delivery] = await answerTo(ana);
    const withheld = { status_code: 200, error: null, answer: null, is_answer_withheld: true };
    expect(delivery.attempts).toMatchObject([withheld]);
    const replayed = (await ana.call('POST', `/deliveries/${delivery.id}/replay`)).body;
    expect(replayed.attempts).toMatchObject([withheld]);
    const [, admins] = await answerTo(admin);
    expect(admins.attempts).toMatchObject([{ answer: 'root:x:0:0', is_answer_withheld: false }]);
    const again = async (isPrivate: boolean | null): Promise<string | null> => {
      await server.database.query('update webhook_attempts set is_private = $2 where delivery_id = $1', [
        delivery.id,
        isPrivate,
      ]);
      return (await deliveries(ana, own))[0].attempts[0].answer;
    };
    expect([await again(false), await again(null), await again(true)]).toEqual(['root:x:0:0', null, null]);
  });

  it('lists rejected deliveries as failed, and replays them on request: one, all, or from a time', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    receiver.answer = (_call, response) => void response.writeHead(503).end();
    for (let i = 0; i < 3; i++) await send(ana, group, `number ${i}`);
    while ((await deliveries(ana, own, '?status=failed')).length < 3) await sleep(50);
    const failed = await deliveries(ana, own, '?status=failed');
    expect(failed[0]).toMatchObject({ reason: 'retries_exhausted', next_attempt_at: null, attempts: { length: 3 } });
    receiver.answer = (_call, response) => void response.writeHead(204).end();
    const one = await ana.call('POST', `/deliveries/${failed[0].id}/replay`);
    expect([one.status, one.body.status]).toEqual([202, 'pending']);
    await settled(ana, own, ({ id, status }) => id === failed[0].id && status === 'delivered');
    expect((await ana.call('POST', `/webhooks/${own.id}/replay`)).body).toEqual({
      replayed: 2,
      has_more: false,
    });
    while ((await deliveries(ana, own, '?status=delivered')).length < 3) await sleep(20);
    const from = failed.map(({ event_at }) => event_at as string).sort()[1]!;
    expect((await ana.call('POST', `/webhooks/${own.id}/replay`, { from })).body.replayed).toBe(2);
    while ((await deliveries(ana, own)).some(({ status }) => status !== 'delivered')) await sleep(20);
    expect(own.calls()).toHaveLength(3 * 3 + 3 + 2);
  });

  it('does not follow a redirect', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    receiver.answer = ({ path }, response) =>
      void (
        path === '/inside' ? response.writeHead(204) : response.writeHead(307, { location: receiver.url('/inside') })
      ).end();
    await send(ana, group);
    const delivery = await settled(ana, own, ({ attempts }) => attempts.length > 0);
    expect(delivery.attempts[0]).toMatchObject({ status_code: 307, error: 'redirect_not_followed' });
    expect(receiver.calls.filter(({ path }) => path === '/inside')).toEqual([]);
  });

  it('treats a receiver that switches protocols as one with an invalid response, without waiting', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    receiver.answer = (_call, _response, { socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await send(ana, group);
    const delivery = await settled(ana, own, ({ attempts }) => attempts.length > 0);
    expect(delivery.attempts[0]).toMatchObject({ status_code: null, error: 'answer_not_understood' });
  });

  it('waits as long as the receiver requests', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    receiver.answer = (_call, response) => void response.writeHead(429, { 'retry-after': '3600' }).end();
    await send(ana, group);
    const { next_attempt_at, attempts } = await settled(ana, own, (delivery) => delivery.attempts.length > 0);
    expect(Date.parse(next_attempt_at) - Date.parse(attempts[0].at)).toBeGreaterThan(3_590_000);
  });

  it('disables a webhook whose receiver is gone, and notifies its owner', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    const other = await hook(ana, ['webhook.disabled']);
    const socket = await ana.webSocket();
    receiver.answer = ({ path }, response) => void response.writeHead(path === own.path ? 410 : 204).end();
    await send(ana, group);
    expect(await socket.first('webhook.disabled')).toMatchObject({ data: { webhook_id: own.id, reason: 'gone' } });
    socket.close();
    expect((await other.next()).body.data).toMatchObject({ webhook_id: own.id, reason: 'gone' });
    expect((await ana.call('GET', `/webhooks/${own.id}`)).body).toMatchObject({
      is_active: false,
      disabled_reason: 'gone',
    });
    expect((await ana.call('POST', `/webhooks/${own.id}/ping`)).body.error.code).toBe('WEBHOOK_DISABLED');
    expect((await ana.call('PATCH', `/webhooks/${own.id}`, { is_active: true })).body.is_active).toBe(true);
    receiver.answer = (_call, response) => void response.writeHead(204).end();
    await send(ana, group, 'there again');
    await own.next(({ body }) => body.data.content === 'there again');
  });

  it('limits the time and the size of a response', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const slow = await hook(ana, ['message.created']);
    const endless = await hook(ana, ['message.created']);
    const { webhookTimeoutMs } = server.config;
    Object.assign(server.config, { webhookTimeoutMs: 2000 });
    receiver.answer = ({ path }, response) => {
      response.writeHead(200);
      if (path === slow.path) {
        const drip = setInterval(() => response.write('.'), 50);
        response.on('close', () => clearInterval(drip));
      } else {
        const pour = (): void => {
          while (!response.destroyed && response.write('x'.repeat(16_384)));
          response.once('drain', pour);
        };
        pour();
      }
    };
    await send(ana, group);
    const late = await settled(ana, slow, ({ attempts }) => attempts.length > 0);
    expect(late.attempts[0]).toMatchObject({ error: 'timeout' });
    const cut = await settled(ana, endless, ({ status }) => status === 'delivered');
    const [kept] = await server.database.query<{ answer: string }>(
      'select answer from webhook_attempts where delivery_id = $1',
      [cut.id],
    );
    expect(kept!.answer).toHaveLength(500);
    Object.assign(server.config, { webhookTimeoutMs });
  });

  it('sends only events that the owner may see', async () => {
    const [ana, bo, eve] = await world.users(3);
    const admin = await world.user({ role: 'admin' });
    const group = await world.group(ana, [bo]);
    const [bosHook, evesHook, all] = await Promise.all([
      hook(bo, ['message.created']),
      hook(eve, ['message.created']),
      hook(admin, ['message.created'], { scope: 'all' }),
    ]);
    const limited = { content: 'for one user', visible_to: [ana.userId] };
    const { id: secret } = (await ana.call('POST', `/conversations/${group}/messages`, limited)).body;
    const { body } = await all.next((call) => call.body.data.message_id === secret);
    expect(body.data).toMatchObject({ member_ids: [ana.userId], member_count: 1, message: limited });
    await ana.call('POST', `/conversations/${group}/messages`, { content: 'before', reply_to_id: secret });
    const { body: quoting } = await bosHook.next();
    expect(quoting.data.message).toMatchObject({ reply_to_id: secret, reply_to: null, reply_to_content: null });
    await ana.call('DELETE', `/conversations/${group}/participants/${bo.userId}`);
    const id = await send(ana, group, 'after');
    await all.next(({ body }) => body.data.message_id === id);
    expect(bosHook.calls().map(({ body }) => body.data.content)).toEqual(['before']);
    expect(evesHook.calls()).toEqual([]);
    const refused = await eve.call('POST', '/webhooks', {
      url: receiver.url(),
      events: ['message.created'],
      scope: 'all',
    });
    expect(refused.status).toBe(403);
  });

  it('notifies the owner of their own removal, and sends nothing of that conversation afterwards', async () => {
    const [ana, bo] = await world.users(2);
    const group = await world.group(ana, [bo]);
    const bosHook = await hook(bo, ['participant.left', 'participant.joined', 'message.created']);
    await ana.call('DELETE', `/conversations/${group}/participants/${bo.userId}`);
    const { body } = await bosHook.next();
    expect([body.event, body.data]).toEqual([
      'participant.left',
      expect.objectContaining({ conversation_id: group, user_id: bo.userId, reason: 'removed' }),
    ]);
    const id = await send(ana, group, 'after');
    const anasHook = await hook(ana, ['message.created']);
    await send(ana, group, 'later');
    await anasHook.next();
    expect(id).toBeDefined();
    expect(bosHook.calls()).toHaveLength(1);
  });

  it('cancels a delivery if the owner may not see the event at the time of the attempt', async () => {
    const [ana, bo] = await world.users(2);
    const group = await world.group(ana, [bo]);
    const bosHook = await hook(bo, ['message.created']);
    receiver.answer = (_call, response) => postpone(response);
    await send(ana, group, 'between us');
    await bosHook.next();
    await ana.call('DELETE', `/conversations/${group}/participants/${bo.userId}`);
    await attemptNow(bo, bosHook);
    const delivery = await settled(bo, bosHook, ({ status }) => status !== 'pending');
    expect(delivery).toMatchObject({ status: 'cancelled', reason: 'not_visible' });
    expect(bosHook.calls()).toHaveLength(1);
  });

  it('stops a webhook of scope `all` when its owner is not an admin any more', async () => {
    const ana = await world.user();
    const admin = await world.user({ role: 'admin' });
    const group = await world.group(ana);
    const all = await hook(admin, ['message.created'], { scope: 'all' });
    const own = await hook(ana, ['message.created']);
    await server.database.query(`update users set role = 'user' where id = $1`, [admin.userId]);
    await send(ana, group);
    await own.next();
    expect(all.calls()).toEqual([]);
  });

  it('sends no content that was deleted before an attempt', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    receiver.answer = (_call, response) => postpone(response);
    const id = await send(ana, group, 'a slip of the tongue');
    await own.next();
    await ana.call('DELETE', `/messages/${id}`);
    receiver.answer = (_call, response) => void response.writeHead(204).end();
    await attemptNow(ana, own);
    await settled(ana, own, ({ status }) => status === 'delivered');
    const [first, ...later] = own.calls();
    expect(first!.text).toContain('a slip of the tongue');
    expect(later.at(-1)!.body.data).toMatchObject({ message_id: id, content: '', message: { is_deleted: true } });
    const kept = await server.database.query(`select data::text from webhook_events where message_id = $1`, [id]);
    expect(JSON.stringify(kept)).not.toContain('a slip of the tongue');
  });

  it('sends an event as it was when it happened', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created', 'message.updated']);
    receiver.answer = (_call, response) => postpone(response);
    const id = await send(ana, group, 'first');
    await own.next();
    receiver.answer = (_call, response) => void response.writeHead(204).end();
    await ana.call('PATCH', `/messages/${id}`, { content: 'second' });
    await attemptNow(ana, own);
    const [first] = own.calls();
    const again = await own.next((call) => call !== first && call.body.event === 'message.created');
    expect(again.body.data).toMatchObject({ content: 'first', message: { is_edited: false } });
    const edit = await own.next(({ body }) => body.event === 'message.updated');
    expect(edit.body.data).toMatchObject({ content: 'second', message: { is_edited: true } });
  });

  it('signs with the previous secret, too, for a day after it was replaced', async () => {
    const ana = await world.user();
    const own = await hook(ana, ['message.created']);
    const rotated = await ana.call('POST', `/webhooks/${own.id}/rotate-secret`);
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(own.secret);
    await ana.call('POST', `/webhooks/${own.id}/ping`);
    const call = await own.next();
    for (const secret of [own.secret, rotated.body.secret as string]) {
      expect(new Webhook(secret).verify(call.text, call.headers)).toEqual(call.body);
    }
    expect(call.headers['x-webhook-signature-previous']).toBe(hmac(own.secret, call.text));
    await server.database.query(`update webhooks set previous_secret_until = now() where id = $1`, [own.id]);
    await ana.call('POST', `/webhooks/${own.id}/ping`);
    const later = await own.next(() => own.calls().length === 2);
    expect(() => new Webhook(own.secret).verify(own.calls()[1]!.text, own.calls()[1]!.headers)).toThrow();
    expect(later.headers).toBeDefined();
  });

  it('sends a delivery whose job was lost', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const own = await hook(ana, ['message.created']);
    await send(ana, group);
    const { id } = await settled(ana, own, ({ status }) => status === 'delivered');
    await server.database.query(
      `update webhook_deliveries set status = 'queued', queued_at = now() - interval '1 hour', claims = 1 where id = $1`,
      [id],
    );
    await own.next(() => own.calls().length === 2);
  });

  it('stores its secret encrypted and returns it once', async () => {
    const ana = await world.user();
    const own = await hook(ana, ['message.created']);
    const [row] = await server.database.query<{ secret_box: Buffer }>(`select secret_box from webhooks where id = $1`, [
      own.id,
    ]);
    expect(row!.secret_box.includes(own.secret)).toBe(false);
    for (const path of ['/webhooks', `/webhooks/${own.id}`, `/webhooks/${own.id}/deliveries`]) {
      expect(JSON.stringify((await ana.call('GET', path)).body)).not.toContain(own.secret);
    }
  });

  it('sends every type in the catalogue, with the fields of its sample', async () => {
    const admin = await world.user({ role: 'admin' });
    const catalogue = (await admin.call('GET', '/webhooks/events')).body.data as {
      type: string;
      sample: { data: object };
    }[];
    const types = catalogue.map(({ type }) => type);
    const all = await hook(admin, types, { scope: 'all' });
    const gone = await hook(admin, ['message.created']);
    const [ana, bo, cleo] = await world.users(3);
    await world.register(`dora${process.pid}${count}`);
    const group = await world.group(ana, [bo]);
    const id = await send(ana, group);
    await ana.call('PATCH', `/messages/${id}`, { content: 'changed' });
    await ana.call('PUT', `/messages/${id}/reactions/${encodeURIComponent('👍')}`);
    await ana.call('DELETE', `/messages/${id}/reactions/${encodeURIComponent('👍')}`);
    await bo.call('POST', `/conversations/${group}/read`, { sequence_number: 1 });
    const poll = { question: 'When?', options: ['now', 'later'] };
    const asked = await ana.call('POST', `/conversations/${group}/messages`, { poll });
    await bo.call('PUT', `/messages/${asked.body.id}/poll/votes`, { option_ids: ['1'] });
    const report = { target_type: 'message', target_id: id, category: 'spam' };
    const { body: reported } = await bo.call('POST', '/reports', report);
    await admin.call('POST', `/admin/reports/${reported.id}/resolve`, { outcome: 'dismissed' });
    await ana.call('PUT', `/messages/${id}/saved`, { remind_at: '2100-01-01T00:00:00Z' });
    await world.database.query(`update saved_messages set remind_at = now()`);
    await all.next((call) => call.body.event === 'saved_message.due');
    await ana.call('DELETE', `/messages/${id}`);
    await ana.call('POST', `/conversations/${group}/invitations`, { user_ids: [cleo.userId] });
    await ana.call('DELETE', `/conversations/${group}/invitations/${cleo.userId}`);
    await ana.call('PATCH', `/conversations/${group}`, { settings: { join_requests: true } });
    await cleo.call('POST', `/conversations/${group}/join-requests`);
    await ana.call('POST', `/conversations/${group}/bans`, { user_id: cleo.userId });
    await ana.call('DELETE', `/conversations/${group}/bans/${cleo.userId}`);
    await ana.call('POST', `/conversations/${group}/truncate`, { up_to_number: 1 });
    await ana.call('PATCH', `/conversations/${group}`, { title: 'Another' });
    await ana.call('PATCH', `/conversations/${group}/participants/${bo.userId}`, { role: 'moderator' });
    await ana.call('DELETE', `/conversations/${group}/participants/${bo.userId}`);
    await ana.call('DELETE', `/conversations/${group}`);
    await ana.call('PATCH', '/users/me', { display_name: 'Ana Lima' });
    await upload(ana);
    await ban(server, admin, cleo);
    receiver.answer = ({ path }, response) => void response.writeHead(path === gone.path ? 410 : 204).end();
    await admin.call('POST', `/webhooks/${gone.id}/ping`);
    await world.database.query(`select outbox_write('user.unread_reminder', $1, $1, $2)`, [
      ana.userId,
      { since: new Date().toISOString(), conversation_count: 1, conversation_ids: [group] },
    ]);
    for (const { type, sample } of catalogue.filter((event) => types.includes(event.type))) {
      const { body } = await all.next((call) => call.body.event === type);
      const members = OF_CONVERSATION.test(type) ? ['member_ids', 'member_count'] : [];
      expect([type, Object.keys(body.data).sort()]).toEqual([type, [...Object.keys(sample.data), ...members].sort()]);
    }
  });
}

async function upload(user: User): Promise<void> {
  const form = new FormData();
  form.set('file', new Blob(['some text'], { type: 'text/plain' }), 'a.txt');
  expect((await user.call('POST', '/files', form)).status).toBe(201);
}

async function ban({ app }: TestApp, admin: User, user: User): Promise<void> {
  const { UserAdministration } = await import('../../src/modules/users/user-administration.service.js');
  await app.get(UserAdministration, { strict: false }).ban(admin, user.userId, { reason: 'spam', until: null });
}
