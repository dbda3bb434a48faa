import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { AskBeforeSend } from '../../src/modules/webhooks/before-send/ask-before-send.js';
import { BeforeSendHookCache } from '../../src/modules/webhooks/before-send/before-send-hook-cache.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { HttpResponse } from '../support/client/http.js';
import { type ReceivedCall, WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const REJECTED = { status: 422, body: { error: { code: 'CONTENT_REJECTED' } } };

describe('the check of messages by the host', () => {
  let world: World;
  let host: WebhookReceiver;
  let admin: User;
  let [ana, bo]: User[] = [];
  let id: string;

  beforeAll(async () => {
    world = await World.start({ WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    host = await WebhookReceiver.start();
    admin = await world.user({ role: 'admin' });
  });
  afterAll(async () => {
    await world?.stop();
    await host?.stop();
  });

  beforeEach(async () => {
    [ana, bo] = await world.users(2);
    id = await world.group(ana!, [bo!]);
    host.calls.length = 0;
  });
  afterEach(() => admin.call('DELETE', '/admin/hooks/before-send'));

  const setHook = (more: object = {}) =>
    admin.call('PUT', '/admin/hooks/before-send', { url: host.url(), on_failure: 'reject', timeout_ms: 3000, ...more });
  const respond = (verdict: object | ((call: ReceivedCall) => object)) => {
    host.answer = (call, response) =>
      void response.end(
        JSON.stringify(typeof verdict === 'function' ? (verdict as (call: ReceivedCall) => object)(call) : verdict),
      );
  };
  const fail = () => {
    host.answer = (_call, response) => void response.writeHead(500).end();
  };
  const send = (content: string, more: object = {}, sender = ana!) =>
    sender.call('POST', `/conversations/${id}/messages`, { content, ...more });
  const stored = async (): Promise<string[]> =>
    (await bo!.call('GET', `/conversations/${id}/messages`)).body.data
      .map(({ content }: { content: string }) => content)
      .reverse();

  it('is asked before a message is stored, with a signed description of it', async () => {
    const { body: hook } = await setHook({ secret: undefined });
    await world.database.query(`update users set external_id = 'user-42' where id = $1`, [ana!.userId]);
    let storedThen: string[] | undefined;
    host.answer = (_call, response) =>
      void stored().then((texts) => {
        storedThen = texts;
        response.end('{"action":"allow"}');
      });
    const sent = await send('hello', { metadata: { a: 1 }, client_message_id: 'one' });
    expect(sent).toMatchObject({ status: 201, body: { content: 'hello' } });
    expect(storedThen).toEqual([]);
    const [call] = host.calls;
    expect(call!.body).toMatchObject({
      event: 'message.before_send',
      data: {
        conversation_id: id,
        conversation_type: 'group',
        sender_id: ana!.userId,
        sender_name: ana!.displayName,
        sender_external_id: 'user-42',
        conversation_external_id: null,
        message_id: null,
        client_message_id: 'one',
        message_type: 'text',
        content: 'hello',
        reply_to_id: null,
        mentions: [],
        metadata: { a: 1 },
        attachment_ids: [],
      },
    });
    const { secret } = hook as { secret: string };
    new Webhook(secret).verify(call!.text, call!.headers);
    const signature = createHmac('sha256', secret).update(call!.text).digest('hex');
    expect(call!.headers['x-webhook-signature']).toBe(`sha256=${signature}`);
  });

  it('rewrites, rejects with its reason, over REST and sockets', async () => {
    await setHook();
    respond(({ body }) =>
      body.data.content === 'no'
        ? { action: 'reject', reason: 'Not here.' }
        : { action: 'rewrite', content: `${body.data.content}!<script>x</script>`, metadata: { seen: true } },
    );
    expect((await send('yes', { metadata: { mine: 1 } })).body).toMatchObject({
      content: 'yes!',
      metadata: { seen: true },
    });
    const refusal = { code: 'CONTENT_REJECTED', message: 'Not here.', details: { reason: 'Not here.' } };
    expect(await send('no')).toMatchObject({ status: 422, body: { error: refusal } });
    const device = await ana!.webSocket();
    expect(await device.request('message.send', { conversation_id: id, content: 'no' })).toMatchObject({
      ok: false,
      error: refusal,
    });
    expect(await stored()).toEqual(['yes!']);
    const path = `/conversations/${id}/ephemeral-messages`;
    const shown = device.next('message.ephemeral');
    expect(await ana!.call('POST', path, { content: 'no' })).toMatchObject({ status: 422, body: { error: refusal } });
    await ana!.call('POST', path, { content: 'now', visible_to: [bo!.userId] });
    expect((await shown).data).toMatchObject({ content: 'now!', metadata: { seen: true } });
    expect(host.calls.at(-1)!.body.data).toMatchObject({ is_ephemeral: true, visible_to: [bo!.userId] });
  });

  it('holds messages for the moderators of the installation, with its reason', async () => {
    await setHook();
    respond({ action: 'hold', reason: 'looks like an advertisement' });
    const held = await send('buy this', { client_message_id: 'held' });
    expect(held).toMatchObject({ status: 202, body: { error: { code: 'HELD_FOR_REVIEW' } } });
    const heldId = held.body.error.details.held_id as string;
    const { body: queue } = await admin.call('GET', '/admin/held-messages?limit=100');
    expect(queue.data.find((one: { id: string }) => one.id === heldId)).toMatchObject({
      content: 'buy this',
      rule_id: null,
      reason: 'looks like an advertisement',
    });
    respond({ action: 'reject' });
    expect((await admin.call('POST', `/admin/held-messages/${heldId}/release`)).status).toBe(200);
    expect(await stored()).toEqual(['buy this']);
    expect(await send('buy this', { client_message_id: 'held' })).toMatchObject({ status: 201 });
    expect(host.calls).toHaveLength(1);
  });

  it('decides once on a message: a repeat with the same key gets the same verdict', async () => {
    await setHook();
    respond({ action: 'reject', reason: 'Not here.' });
    expect(await send('maybe', { client_message_id: 'key' })).toMatchObject(REJECTED);
    respond({ action: 'allow' });
    expect(await send('maybe', { client_message_id: 'key' })).toMatchObject({
      ...REJECTED,
      body: { error: { details: { reason: 'Not here.' } } },
    });
    expect(host.calls).toHaveLength(1);
    expect(await send('maybe not', { client_message_id: 'key' })).toMatchObject({ status: 201 });
    expect(host.calls).toHaveLength(2);
    expect(await send('maybe')).toMatchObject({ status: 201 });
  });

  it('gives concurrent repeats of one message one verdict', async () => {
    await setHook();
    let count = 0;
    respond(() => ({ action: 'rewrite', content: `version ${++count}` }));
    const repeats = await Promise.all(Array.from({ length: 8 }, () => send('text', { client_message_id: 'same' })));
    expect(new Set(repeats.map(({ body }) => body.content)).size).toBe(1);
    expect(await stored()).toHaveLength(1);
  });

  it('stores the messages of one sender in the order in which they were sent', async () => {
    await setHook();
    const delayed: (() => void)[] = [];
    host.answer = (_call, response) => {
      delayed.unshift(() => void response.end('{"action":"allow"}'));
      if (delayed.length === 5) for (const end of delayed) end();
    };
    const device = await ana!.webSocket();
    const texts = ['one', 'two', 'three', 'four', 'five'];
    await Promise.all(texts.map((content) => device.request('message.send', { conversation_id: id, content })));
    expect(await stored()).toEqual(texts);
  });

  it('checks new texts of messages too', async () => {
    const { body: message } = await send('fine');
    const edit = (content: string) => ana!.call('PATCH', `/messages/${message.id}`, { content });
    await setHook();
    respond({ action: 'reject', reason: 'Not here.' });
    expect(await edit('worse')).toMatchObject({ ...REJECTED, body: { error: { message: 'Not here.' } } });
    expect(host.calls[0]!.body.data).toMatchObject({
      message_id: message.id,
      content: 'worse',
      client_message_id: null,
    });
    respond({ action: 'hold' });
    expect(await edit('doubtful')).toMatchObject(REJECTED);
    respond({ action: 'rewrite', content: 'better' });
    expect((await edit('good')).body.content).toBe('better');
    expect(await stored()).toEqual(['better']);
  });

  it('learns nothing of messages that their sender may not send', async () => {
    await setHook();
    respond({ action: 'allow' });
    const outsider = await world.user();
    expect(await send('let me in', {}, outsider)).toMatchObject({ status: 403 });
    await ana!.call('PATCH', `/conversations/${id}/participants/${bo!.userId}`, { is_muted: true });
    expect(await send('muted', {}, bo)).toMatchObject({ status: 403 });
    expect(host.calls).toEqual([]);
  });

  it('checks only the messages to which the hook applies', async () => {
    respond({ action: 'reject' });
    await setHook({ applies_to: { conversation_types: ['room'] } });
    expect(await send('in a group')).toMatchObject({ status: 201 });
    await setHook({ applies_to: { message_types: ['file'] } });
    expect(await send('a text')).toMatchObject({ status: 201 });
    expect(host.calls).toEqual([]);
    await setHook({ applies_to: { sample: 50 } });
    const keyed = (index: number) => send(`text ${index}`, { client_message_id: `key ${index}` });
    const first = await Promise.all(Array.from({ length: 24 }, (_, index) => keyed(index)));
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([201, 422]));
    const again = await Promise.all(Array.from({ length: 24 }, (_, index) => keyed(index)));
    expect(again.map(({ status }) => status)).toEqual(first.map(({ status }) => status));
  });

  describe('without a decision', () => {
    const answers: [string, (call: ReceivedCall, response: Parameters<WebhookReceiver['answer']>[1]) => void][] = [
      ['an error', (_call, response) => void response.writeHead(500).end('{"action":"allow"}')],
      ['no JSON', (_call, response) => void response.end('allow')],
      ['an unknown action', (_call, response) => void response.end('{"action":"accept"}')],
      ['no content', (_call, response) => void response.writeHead(204).end()],
      ['an empty text', (_call, response) => void response.end('{"action":"rewrite","content":" "}')],
      ['metadata that is no object', (_call, response) => void response.end('{"action":"rewrite","metadata":[]}')],
      ['too much', (_call, response) => void response.end(`{"action":"allow","x":"${'x'.repeat(300_000)}"}`)],
      ['a redirect', (_call, response) => void response.writeHead(302, { location: host.url() }).end()],
    ];

    it.each(answers)('rejects with CHECK_UNAVAILABLE after %s, and asks again', async (_name, answer) => {
      await setHook();
      host.answer = answer;
      const refused = await send('text', { client_message_id: 'key' });
      expect(refused).toMatchObject({ status: 503, body: { error: { code: 'CHECK_UNAVAILABLE' } } });
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(await stored()).toEqual([]);
      respond({ action: 'allow' });
      expect(await send('text', { client_message_id: 'key' })).toMatchObject({ status: 201 });
    });

    it('stores the message if the policy is to allow', async () => {
      await setHook({ on_failure: 'allow' });
      fail();
      expect(await send('text')).toMatchObject({ status: 201 });
    });

    it('holds the message if the policy is to hold, and it stays held', async () => {
      await setHook({ on_failure: 'hold' });
      fail();
      const held = await send('text', { client_message_id: 'key' });
      expect(held.status).toBe(202);
      respond({ action: 'allow' });
      expect((await send('text', { client_message_id: 'key' })).body).toEqual({
        ...held.body,
        error: { ...held.body.error, request_id: expect.any(String) },
      });
    });

    it('does not wait longer than the hook says', async () => {
      await setHook({ timeout_ms: 100, on_failure: 'allow' });
      const held: Parameters<WebhookReceiver['answer']>[1][] = [];
      host.answer = (_call, response) => void held.push(response);
      expect(await send('text')).toMatchObject({ status: 201 });
      expect(held).toHaveLength(1);
      held[0]!.end();
    });

    it('opens its circuit after failures in a row, says so, and closes it when the hook changes', async () => {
      const health = async (): Promise<HttpResponse['body']> => (await world.request('GET', '/healthz')).body;
      const isOpen = () => world.get(Metrics).total('parley_before_send_circuit_open');
      await setHook({ on_failure: 'allow' });
      fail();
      for (let count = 0; count < 5; count++) await send(`text ${count}`);
      expect(host.calls).toHaveLength(5);
      expect(await send('not checked')).toMatchObject({ status: 201 });
      expect(host.calls).toHaveLength(5);
      expect(await isOpen()).toBe(1);
      expect(await health()).toMatchObject({ status: 'degraded', components: { before_send_hook: 'unhealthy' } });
      expect((await admin.call('GET', '/admin/hooks/before-send')).body.hook.is_circuit_open).toBe(true);
      await setHook({ on_failure: 'allow' });
      expect(await health()).toMatchObject({ status: 'healthy', components: { before_send_hook: 'healthy' } });
      expect(await isOpen()).toBe(0);
    });
  });

  it('is kept for admins, who see the secret once, and whose changes are audited', async () => {
    expect(await ana!.call('PUT', '/admin/hooks/before-send', { url: host.url(), on_failure: 'allow' })).toMatchObject({
      status: 403,
    });
    expect((await admin.call('GET', '/admin/hooks/before-send')).body).toEqual({ hook: null });
    const first = await setHook({ applies_to: { sample: 10 } });
    expect(first.body).toMatchObject({ secret: expect.stringMatching(/^whsec_/), applies_to: { sample: 10 } });
    expect((await setHook()).body).toMatchObject({ secret: null, applies_to: {}, previous_secret_until: null });
    const secret = 'a-new-secret-of-the-host';
    expect((await setHook({ secret })).body).toMatchObject({ secret, previous_secret_until: expect.any(String) });
    respond({ action: 'allow' });
    await send('text');
    const [call] = host.calls;
    for (const key of [secret, first.body.secret as string]) {
      const given = createHmac('sha256', key).update(call!.text).digest('hex');
      expect([call!.headers['x-webhook-signature'], call!.headers['x-webhook-signature-previous']]).toContain(
        `sha256=${given}`,
      );
    }
    await admin.call('DELETE', '/admin/hooks/before-send');
    const { body: log } = await admin.call('GET', '/admin/audit-log?limit=10');
    const acts = log.data
      .map(({ action }: { action: string }) => action)
      .filter((action: string) => /before_send/.test(action));
    expect(acts).toEqual(expect.arrayContaining(['before_send_hook.set', 'before_send_hook.delete']));
    expect(JSON.stringify(log)).not.toContain(secret);
  });

  it.each([
    ['url', { url: 'ftp://host.example/' }],
    ['timeout_ms', { timeout_ms: 3001 }],
    ['on_failure', { on_failure: 'drop' }],
    ['secret', { secret: 'short' }],
    ['applies_to.conversation_types', { applies_to: { conversation_types: [] } }],
    ['applies_to.message_types', { applies_to: { message_types: ['system'] } }],
    ['applies_to.sample', { applies_to: { sample: 0 } }],
  ])('refuses a hook with an invalid %s', async (field, wrong) => {
    const { status, body } = await setHook(wrong);
    expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(body.error.details.errors.map((problem: { field: string }) => problem.field)).toEqual([field]);
  });

  it('forgets verdicts after a day', async () => {
    await setHook();
    respond({ action: 'reject' });
    await send('text', { client_message_id: 'old' });
    await world.database.query(`update before_send_verdicts set decided_at = now() - interval '25 hours'`);
    await world.get(ScheduledTasks).run('before-send-verdicts', { isDryRun: false });
    respond({ action: 'allow' });
    expect(await send('text', { client_message_id: 'old' })).toMatchObject({ status: 201 });
  });

  it('costs nothing without a hook: the send reads and writes nothing more', async () => {
    expect(world.get(BeforeSendHookCache).current).toBeUndefined();
    const decide = jest.spyOn(world.get(AskBeforeSend), 'decide');
    expect(await send('text', { client_message_id: 'free' })).toMatchObject({ status: 201 });
    expect(decide).not.toHaveBeenCalled();
    decide.mockRestore();
  });
});
