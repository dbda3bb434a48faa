import type { INestApplicationContext } from '@nestjs/common';
import pino from 'pino';
import { createWorker } from '../../src/create-worker.js';
import { OutboxPoller } from '../../src/modules/webhooks/outbox-poller.js';
import { RelayRepository } from '../../src/modules/webhooks/relay.repository.js';
import { Sql } from '../../src/platform/database/sql.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/**
 * As many webhooks as one account may have, each delivery in its own job: more than the workers of a queue once
 * handled.
 */
const WEBHOOKS = 20;
const PER_WEBHOOK = 5;
const JOBS = 64;

const MAKE_DUE = `
  with hook as (
    insert into webhooks (id, user_id, scope, url, host, events, secret_box)
    select gen_random_uuid(), $1::uuid, 'own', 'https://' || $2::text || '/', $2::text, '{}', ''
      from generate_series(1, $3::int) returning id
  ), event as (
    insert into webhook_events (id, type, stream_id, at, data)
    select gen_random_uuid(), 'webhook.ping', $1::uuid, now(), '{}' from generate_series(1, $4::int) returning id
  )
  insert into webhook_deliveries (id, webhook_id, event_id, next_attempt_at)
  select gen_random_uuid(), hook.id, event.id, now() - make_interval(secs => $5) from hook cross join event`;

describe('the sharing of webhook deliveries', () => {
  let world: World;
  let receiver: WebhookReceiver;
  let worker: INestApplicationContext | undefined;

  beforeAll(async () => {
    const environment = { WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true', WEBHOOK_TIMEOUT_MS: '60000' };
    world = await World.start({ PROCESS_ROLE: 'api', ...environment });
    receiver = await WebhookReceiver.start({ host: '0.0.0.0' });
  });
  afterAll(async () => {
    await receiver?.stop();
    await worker?.close();
    await world?.stop();
  });

  describe('a claim', () => {
    let greedy: User;
    let otherUser: User;
    const limits = { perWebhook: 5, failingFrom: 5, perHost: 50, perUser: 100, perQueue: 1000, batchSize: 200 };

    beforeEach(async () => {
      [greedy, otherUser] = await world.users(2);
    });
    afterEach(() => world.database.query('delete from webhooks'));

    interface Due {
      readonly host?: string;
      readonly webhooks?: number;
      readonly each?: number;
      readonly secondsAgo?: number;
    }
    const makeDue = ({ userId }: User, { host = 'a.example', webhooks = 1, each = 1, secondsAgo = 0 }: Due) =>
      world.database.query(MAKE_DUE, [userId, host, webhooks, each, secondsAgo]);

    /** The owners of the deliveries that are claimed next. */
    async function claim(more: Partial<typeof limits>): Promise<{ greedy: number; otherUser: number }> {
      const claims = await new RelayRepository(world.get(Sql)).claim({ ...limits, ...more });
      const owners = await world.database.query<{ user_id: string }>(
        'select w.user_id from webhook_deliveries d join webhooks w on w.id = d.webhook_id where d.id = any($1)',
        [claims.map(({ id }) => id)],
      );
      const of = (actor: User): number => owners.filter(({ user_id }) => user_id === actor.userId).length;
      return { greedy: of(greedy), otherUser: of(otherUser) };
    }

    it('limits the active deliveries of one account, however many wait', async () => {
      await makeDue(greedy, { webhooks: 10, each: 10, secondsAgo: 60 });
      await makeDue(otherUser, { host: 'b.example' });
      expect(await claim({ perUser: 7 })).toEqual({ greedy: 7, otherUser: 1 });
      expect(await claim({ perUser: 7 })).toEqual({ greedy: 0, otherUser: 0 });
    });

    it('prefers, in a queue, an account without active deliveries to one that has waited longer', async () => {
      await makeDue(greedy, { webhooks: 10, each: 10, secondsAgo: 60 });
      await makeDue(otherUser, { host: 'b.example' });
      expect(await claim({ perQueue: 4 })).toEqual({ greedy: 3, otherUser: 1 });
      await makeDue(otherUser, { host: 'c.example' });
      expect(await claim({ perQueue: 5 })).toEqual({ greedy: 0, otherUser: 1 });
    });

    it('prefers, for a host, an account without active deliveries there', async () => {
      await makeDue(greedy, { webhooks: 5, each: 10, secondsAgo: 60 });
      expect(await claim({ perHost: 4 })).toEqual({ greedy: 4, otherUser: 0 });
      await makeDue(otherUser, { each: 3 });
      expect(await claim({ perHost: 6 })).toEqual({ greedy: 0, otherUser: 2 });
    });

    it('alternates between the webhooks of an account', async () => {
      await makeDue(greedy, { each: 10, secondsAgo: 60 });
      await makeDue(greedy, { host: 'b.example' });
      await claim({ perUser: 3 });
      const under = await world.database.query<{ host: string }>(
        `select w.host from webhook_deliveries d join webhooks w on w.id = d.webhook_id where d.status = 'queued'`,
      );
      expect(under.map(({ host }) => host).sort()).toEqual(['a.example', 'a.example', 'b.example']);
    });
  });

  it('delivers although the targets of another account do not respond', async () => {
    const [greedy, otherUser] = await world.users(2);
    const group = await world.group(otherUser);
    let pending = 0;
    receiver.answer = ({ path }, response) => {
      if (path.startsWith('/slow')) pending++;
      else response.writeHead(204).end();
    };
    const hook = async (owner: User, path: string, loopback = 1): Promise<string> => {
      const url = receiver.url(path).replace('127.0.0.1', `127.0.0.${loopback}`);
      const { status, body } = await owner.call('POST', '/webhooks', { url, events: ['message.created'] });
      expect(status).toBe(201);
      return body.id as string;
    };
    worker = await createWorker(world.config, pino({ level: 'silent' }));
    const relay = worker.get(OutboxPoller, { strict: false });
    await hook(otherUser, '/modest');
    const hooks: string[] = [];
    for (let i = 0; i < WEBHOOKS; i++) hooks.push(await hook(greedy, `/slow-${i}`, 2 + Math.floor(i / 5)));
    const pings = hooks.flatMap((id) => Array<string>(PER_WEBHOOK).fill(id));
    for (const [index, id] of pings.entries()) {
      expect((await greedy.call('POST', `/webhooks/${id}/ping`)).status).toBe(202);
      relay.wake();
      // Each of the first is a job by itself; the others need not begin.
      if (index < JOBS) await receiver.until(() => pending > index);
    }
    await otherUser.call('POST', `/conversations/${group}/messages`, { content: 'beside all that' });
    await receiver.until(({ path, body }) => path === '/modest' && body.data?.content === 'beside all that');
    expect(pending).toBeGreaterThanOrEqual(JOBS);
  });
});
