import { ContentRulesModule } from '../../src/modules/admin/moderation/content-rules.module.js';
import { BeforeSendModule } from '../../src/modules/webhooks/before-send/before-send.module.js';
import { MessagesService } from '../../src/modules/messages/messages.service.js';
import { ParticipantsService } from '../../src/modules/participants/participants.service.js';
import { ChallengePoller } from '../../src/modules/webhooks/challenge-webhook.js';
import { DeliveriesService } from '../../src/modules/webhooks/deliveries.service.js';
import { DeliverWebhook } from '../../src/modules/webhooks/deliver-webhook.js';
import { DELIVERIES_QUEUE, type DeliveryJob, RETRIES_QUEUE } from '../../src/modules/webhooks/delivery-queues.js';
import { OutboxPoller } from '../../src/modules/webhooks/outbox-poller.js';
import { OutboxRelay } from '../../src/modules/webhooks/outbox-relay.js';
import { WebhookClient } from '../../src/modules/webhooks/webhook-client.js';
import {
  WebhookDeliveriesProcessor,
  FailingWebhooksProcessor,
} from '../../src/modules/webhooks/webhook-deliveries.processor.js';
import { WebhooksService } from '../../src/modules/webhooks/webhooks.service.js';
import { WebhooksWorkerModule } from '../../src/modules/webhooks/webhooks.worker.module.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { ScriptedWebhookClient } from '../support/doubles/scripted-webhook-client.js';
import { ServiceWorld } from '../support/service-world.js';

const TRUSTED = { WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true', WEBHOOK_TRUSTED_HOSTS: '127.0.0.1' };
const NEW_WEBHOOK = { url: 'http://127.0.0.1:9/', events: ['message.created'] };
const REFUSED = { statusCode: 500, error: 'refused' };
const FAIL_SINCE = 'update webhooks set failing_since = now() - make_interval(days => $2) where id = $1';

describe('the delivery of webhooks', () => {
  let world: ServiceWorld;
  let relay: OutboxRelay;
  let deliveries: DeliveriesService;
  let owner: Actor;
  let id: string;
  const client = new ScriptedWebhookClient();

  beforeAll(async () => {
    world = await ServiceWorld.start({
      modules: [ContentRulesModule, BeforeSendModule, WebhooksWorkerModule],
      doubles: [[WebhookClient, client]],
      idle: [OutboxPoller, ChallengePoller, WebhookDeliveriesProcessor, FailingWebhooksProcessor],
      environment: { ...TRUSTED, WEBHOOK_RETRY_SCHEDULE: '0,60,600' },
    });
    [relay, deliveries] = [world.get(OutboxRelay), world.get(DeliveriesService)];
  });
  afterAll(() => world.stop());

  beforeEach(async () => {
    Object.assign(client, { result: {}, sent: [], bodies: [] });
    owner = await world.actor('owner');
    id = (await world.get(WebhooksService).create(owner, NEW_WEBHOOK)).id;
  });
  afterEach(() => world.database.query('delete from webhooks'));

  const ping = () => deliveries.ping(owner, id);
  const log = async () => (await deliveries.list(owner, id, {})).data;
  const webhook = () => world.get(WebhooksService).get(owner, id);
  const take = (name: string) => world.queue<DeliveryJob>(name).take();
  /** Claims what is due; returns the jobs for working webhooks, then those for failing ones. */
  const dispatch = async () => {
    await relay.dispatch();
    return [...take(DELIVERIES_QUEUE), ...take(RETRIES_QUEUE)];
  };
  /** Attempts what these jobs contain, as a worker does. */
  const attempt = async (jobs: DeliveryJob[]) => {
    for (const job of jobs) await world.get(DeliverWebhook).deliver(job.deliveries, () => undefined);
  };
  const expireClaims = async () => {
    await set('queued_at', `now() - interval '1 hour'`);
    await relay.releaseExpiredClaims();
  };
  const set = (column: string, value: string) =>
    world.database.query(`update webhook_deliveries set ${column} = ${value} where webhook_id = $1`, [id]);

  describe('a claim', () => {
    it('is made once for each delivery, however many relays claim at the same time', async () => {
      for (let cycle = 1; cycle <= 10; cycle++) {
        for (let i = 0; i < 5; i++) await ping();
        const jobs = (await Promise.all(Array.from({ length: 8 }, dispatch))).flat();
        expect(jobs.flatMap((job) => job.deliveries)).toHaveLength(5);
        expect(await dispatch()).toEqual([]);
        await attempt(jobs);
        expect(new Set(client.sent).size).toBe(5 * cycle);
      }
    });

    it('is repeated once it has expired, after which the job of the earlier one sends nothing', async () => {
      const { event_id } = await ping();
      const lost = await dispatch();
      await relay.releaseExpiredClaims();
      expect(await dispatch()).toEqual([]);
      await expireClaims();
      const repeated = await dispatch();
      await attempt(lost);
      expect(client.sent).toEqual([]);
      await attempt(repeated);
      expect(client.sent).toEqual([event_id]);
    });

    it.each([
      [19, { status: 'pending', reason: null }],
      [20, { status: 'failed', reason: 'worker_died' }],
    ])('leaves a delivery, when it expires for the %ith time, as %j', async (claims, expected) => {
      await ping();
      await dispatch();
      await set('claims', `${claims}`);
      await expireClaims();
      expect(await log()).toMatchObject([expected]);
    });

    it('is undone if the queue does not accept the job', async () => {
      const queue = world.queue<DeliveryJob>(DELIVERIES_QUEUE);
      queue.failure = new Error('no queue');
      const { id: deliveryId } = await ping();
      await relay.dispatch();
      queue.failure = undefined;
      expect(await dispatch()).toEqual([{ deliveries: [{ deliveryId, attempts: 0, claims: 1 }] }]);
    });
  });

  it('repeats a refused attempt after the waits of its schedule, and ends after the last', async () => {
    client.result = REFUSED;
    const { event_id } = await ping();
    for (const [index, seconds] of [60, 600].entries()) {
      await attempt(await dispatch());
      expect(await dispatch()).toEqual([]); // it is not due yet
      const { status, reason, attempts, next_attempt_at: next } = (await log())[0]!;
      expect([status, reason, attempts.length]).toEqual(['pending', 'refused', index + 1]);
      const wait = Date.parse(next!) - Date.parse(attempts[index]!.at);
      expect(Math.round(wait / seconds / 1000)).toBe(1);
      await set('next_attempt_at', 'now()');
    }
    await attempt(await dispatch());
    const attempts = [1, 2, 3].map((number) => ({ number, status_code: 500, error: 'refused' }));
    const failed = { status: 'failed', reason: 'retries_exhausted', next_attempt_at: null, attempts };
    expect(await log()).toMatchObject([failed]);
    expect(client.sent).toEqual([event_id, event_id, event_id]);
  });

  describe('a webhook with the scope all', () => {
    const everything = { ...NEW_WEBHOOK, events: ['message.created', 'participant.left'] };
    let group: string;
    let members: string[];

    beforeEach(async () => {
      const admin = await world.actor('admin', { role: 'admin' });
      const webhooks = world.get(WebhooksService);
      await webhooks.create(admin, { ...everything, url: 'http://127.0.0.1:9/all', scope: 'all' });
      await webhooks.create(owner, { ...everything, url: 'http://127.0.0.1:9/own' });
      const others = await world.actors('ana', 'bo');
      group = await world.conversation(owner, others);
      members = [owner, ...others].map(({ userId }) => userId).sort();
    });

    const deliverAll = async () => {
      await relay.drain();
      await attempt(await dispatch());
    };
    const send = () => world.get(MessagesService).send(owner, group, { content: 'hello' });
    const sentTo = (path: string) => client.bodies.filter(({ url }) => url.endsWith(path)).map(({ data }) => data);

    it('receives the recipients of an event, as they were then, and no other webhook does', async () => {
      await send();
      const [left] = members.filter((userId) => userId !== owner.userId);
      await world.get(ParticipantsService).remove(owner, group, left!);
      await deliverAll();
      const remaining = members.filter((userId) => userId !== left);
      const bySeq = sentTo('/all').sort((a, b) => Number(a.seq) - Number(b.seq));
      expect(bySeq).toMatchObject([
        { content: 'hello', member_ids: members, member_count: 3 },
        { user_id: left, member_ids: remaining, member_count: 2 },
      ]);
      expect(sentTo('/own')).toHaveLength(2);
      expect(sentTo('/own').flatMap((data) => Object.keys(data))).not.toContain('member_ids');
    });

    it('receives what its owner does not see, while a webhook with the scope own receives neither it nor its quote', async () => {
      const [ana] = await world.database.query<{ user_id: string; session_id: string }>(
        `select s.user_id, s.id as session_id from sessions s
          where s.user_id = any($1::uuid[]) and s.user_id <> $2 limit 1`,
        [members, owner.userId],
      );
      const sender = { ...owner, userId: ana!.user_id, sessionId: ana!.session_id };
      const say = (content: string, reply_to_id?: string) =>
        world.get(MessagesService).send(sender, group, { content, reply_to_id });
      const { message: first } = await say('a secret');
      await world.database.query(
        'update participants set hidden_up_to_number = 1 where conversation_id = $1 and user_id = $2',
        [group, owner.userId],
      );
      await say('an answer', first.id);
      const { message: gone } = await say('deleted for oneself');
      await world.database.query(
        `with p as (update participants set has_hidden_messages = true where conversation_id = $1 and user_id = $2)
         insert into hidden_messages (user_id, message_id, conversation_id, sequence_number) values ($2, $3, $1, 3)`,
        [group, owner.userId, gone.id],
      );
      await deliverAll();
      const quotes = (path: string) =>
        sentTo(path)
          .map(({ message }) => message as { content: string; reply_to_content: string | null })
          .map((message) => [message.content, message.reply_to_content])
          .sort();
      expect(quotes('/all')).toEqual([
        ['a secret', null],
        ['an answer', 'a secret'],
        ['deleted for oneself', null],
      ]);
      expect(quotes('/own')).toEqual([['an answer', null]]);
    });

    it('receives the first hundred recipients by their ids, and the number of all', async () => {
      await world.database.query(
        `with u as (
           insert into users (id, username, display_name)
           select gen_random_uuid(), 'many' || n, 'Many' from generate_series(1, 120) n returning id
         )
         insert into participants (conversation_id, user_id, joined_seq) select $1, u.id, 0 from u`,
        [group],
      );
      await send();
      await deliverAll();
      const [data] = sentTo('/all');
      expect(data).toMatchObject({ member_count: 123 });
      expect(data!.member_ids).toHaveLength(100);
      expect(data!.member_ids).toEqual([...(data!.member_ids as string[])].sort());
    });
  });

  describe('a failing webhook', () => {
    const failed = async (days: number) => {
      client.result = REFUSED;
      await world.database.query(FAIL_SINCE, [id, days]);
      await ping();
      await attempt(await dispatch());
      return (await webhook()).is_active;
    };

    it('is disabled after five days without a success, of which its owner is notified once', async () => {
      expect(await failed(4)).toBe(true);
      expect(await failed(6)).toBe(false);
      expect(await webhook()).toMatchObject({ disabled_reason: 'failing' });
      const disabled = { type: 'webhook.disabled', subjectId: id, payload: { reason: 'failing' } };
      expect(world.announced(owner.userId)).toMatchObject([disabled]);
      expect(await log()).toMatchObject(Array(2).fill({ status: 'failed', reason: 'webhook_disabled' }));
      await expect(ping()).rejects.toMatchObject({ code: 'WEBHOOK_DISABLED' });
    });

    it('counts no earlier failures after one success', async () => {
      expect(await failed(4)).toBe(true);
      client.result = {};
      await ping();
      await attempt(await dispatch());
      expect(await webhook()).toMatchObject({ failures: 0, failing_since: null });
    });

    it('gets one attempt at a time, in a queue of its own, from the fifth failure on', async () => {
      for (let i = 0; i < 8; i++) await ping();
      const claimedAfter = async (failures: number): Promise<number[]> => {
        await set('status', `'waiting'`);
        await world.database.query('update webhooks set failures = $2 where id = $1', [id, failures]);
        await relay.dispatch();
        return [DELIVERIES_QUEUE, RETRIES_QUEUE].map((name) => take(name).flatMap((job) => job.deliveries).length);
      };
      expect(await claimedAfter(4)).toEqual([5, 0]);
      expect(await claimedAfter(5)).toEqual([0, 1]);
    });
  });
});
