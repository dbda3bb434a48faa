import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('a reminder of unread messages', () => {
  let world: World;
  let receiver: WebhookReceiver;
  let [ana, bo]: User[] = [];
  let id: string;

  beforeAll(async () => {
    world = await World.start({
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
      UNREAD_REMINDER_MINUTES: '2',
      SCHEDULE_DRY_RUN: 'true', // the tests run the schedule
    });
    receiver = await WebhookReceiver.start();
    const admin = await world.user({ role: 'admin' });
    const webhook = { url: receiver.url(), events: ['user.unread_reminder'], scope: 'all' };
    expect((await admin.call('POST', '/webhooks', webhook)).status).toBe(201);
  });
  afterAll(async () => {
    await world?.stop();
    await receiver?.stop();
  });

  beforeEach(async () => {
    [ana, bo] = await world.users(2);
    id = await world.group(ana!, [bo!]);
    await world.database.query('delete from presence_leases');
  });

  /** Sends a message and lets it be this old when the task runs next; the task has not seen it before. */
  const send = async (seconds: number, more: object = {}): Promise<void> => {
    const { body } = await ana!.call('POST', `/conversations/${id}/messages`, { content: 'hello', ...more });
    await world.database.query(
      `with m as (update messages set created_at = now() - make_interval(secs => $2) where id = $1)
       update unread_reminder_progress set scanned_until = now() - interval '4 minutes'`,
      [body.id, seconds],
    );
    await world.database.query('delete from presence_leases');
  };
  const remindedAt = async (): Promise<string | undefined> => {
    const [row] = await world.database.query<{ at: string }>(
      `select reminded_at::text as at from unread_reminders where user_id = $1`,
      [bo!.userId],
    );
    return row?.at;
  };
  /** Whether the run has reminded the user. */
  const run = async (): Promise<boolean> => {
    const before = await remindedAt();
    await world.get(ScheduledTasks).run('unread-reminders', { isDryRun: false });
    return (await remindedAt()) !== before;
  };

  it('is sent once to the webhook, for a user who is offline, until they have come back', async () => {
    await run(); // from now on it knows where it has been
    await send(150);
    expect(await run()).toBe(true);
    const call = await receiver.until(({ body }) => body.data.user_id === bo!.userId);
    expect(call.body.data).toEqual({
      actor_id: null,
      user_id: bo!.userId,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      conversation_count: 1,
      conversation_ids: [id],
    });
    await send(150);
    expect(await run()).toBe(false);
    await bo!.call('POST', `/conversations/${id}/read`, { sequence_number: 1 });
    await send(150);
    expect(await run()).toBe(true);
  });

  it.each([
    ['is not old enough', 60, () => Promise.resolve()],
    ['was read', 150, () => bo!.call('POST', `/conversations/${id}/read`, { sequence_number: 1 })],
    [
      'is in a conversation that is silenced',
      150,
      () => bo!.call('PATCH', `/conversations/${id}/me`, { is_muted: true }),
    ],
    [
      'is in a conversation that is archived',
      150,
      () => bo!.call('PATCH', `/conversations/${id}/me`, { is_archived: true }),
    ],
  ])('is not sent for a message that %s', async (_why, seconds, act) => {
    await run();
    await send(seconds);
    await act();
    await world.database.query('delete from presence_leases');
    expect(await run()).toBe(false);
  });

  it('is not sent for a message that the user does not see', async () => {
    await run();
    await send(150, { visible_to: [ana!.userId] });
    expect(await run()).toBe(false);
    await send(150, { visible_to: [bo!.userId] });
    expect(await run()).toBe(true);
  });

  it('is not sent to a user who is online', async () => {
    await run();
    await send(150);
    await world.database.query(
      `insert into presence_leases (connection_id, user_id, node_id, expires_at)
       values (gen_random_uuid(), $1, gen_random_uuid(), now() + interval '1 minute')`,
      [bo!.userId],
    );
    expect(await run()).toBe(false);
  });
});
