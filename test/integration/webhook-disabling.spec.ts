import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { createWorker } from '../../src/create-worker.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { World } from '../support/world.js';

const MANY = 12_000;

/** As a worker creates them; all are due. */
const INSERT_WAITING = `
  with event as (
    insert into webhook_events (id, type, stream_id, at, data)
    select gen_random_uuid(), 'webhook.ping', $2::uuid, now(), '{"webhook_id":"old"}' from generate_series(1, $3::int)
    returning id
  )
  insert into webhook_deliveries (id, webhook_id, event_id) select gen_random_uuid(), $1, id from event`;

describe('a webhook with very many waiting deliveries', () => {
  let world: World;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    world = await World.start({
      PROCESS_ROLE: 'api',
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
      WEBHOOK_TRUSTED_HOSTS: '127.0.0.1',
    });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await world.stop();
    await receiver.stop();
  });

  const countOf = async (webhookId: string, status: string): Promise<number> => {
    const [row] = await world.database.query<{ count: number }>(
      'select count(*)::int as count from webhook_deliveries where webhook_id = $1 and status = $2',
      [webhookId, status],
    );
    return row!.count;
  };

  it('is disabled with few updates, after which all others count as failed, and none is sent after enabling it again', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const body = { url: receiver.url(), events: ['message.created'] };
    const { id } = (await ana.call('POST', '/webhooks', body)).body as { id: string };
    await world.database.query(INSERT_WAITING, [id, ana.userId, MANY]);
    expect((await ana.call('PATCH', `/webhooks/${id}`, { is_active: false })).body.is_active).toBe(false);
    expect(await countOf(id, 'waiting')).toBe(MANY - 5000);
    const shown = async (status: string) =>
      (await ana.call('GET', `/webhooks/${id}/deliveries?limit=100&status=${status}`)).body.data as object[];
    expect(await shown('pending')).toEqual([]);
    const failed = { status: 'failed', reason: 'webhook_disabled', next_attempt_at: null };
    expect(await shown('failed')).toEqual(Array(100).fill(expect.objectContaining(failed)));

    expect((await ana.call('PATCH', `/webhooks/${id}`, { is_active: true })).body.is_active).toBe(true);
    const replay = () => ana.call('POST', `/webhooks/${id}/replay`, { to: '2000-01-01T00:00:00Z' });
    expect((await replay()).body.error).toMatchObject({ code: 'WEBHOOK_DISABLED' });
    await ana.call('POST', `/conversations/${group}/messages`, { content: 'later' });
    const worker = await createWorker(world.config, pino({ level: 'silent' }));
    try {
      await receiver.until(({ body }) => body.event === 'message.created');
      while ((await countOf(id, 'delivered')) < 1) await sleep(20);
    } finally {
      await worker.close();
    }
    expect(receiver.calls).toHaveLength(1);
    expect(await countOf(id, 'failed')).toBe(MANY);
    expect((await replay()).status).toBe(202);
  });
});
