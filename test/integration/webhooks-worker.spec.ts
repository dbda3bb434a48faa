import type { INestApplicationContext } from '@nestjs/common';
import pino from 'pino';
import { createWorker } from '../../src/create-worker.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { World } from '../support/world.js';

/** Fails like the time limit of statements when many webhooks receive each event. */
const TAKE_AT_MOST_50 = `
  create function take_at_most_50() returns trigger language plpgsql as $$
  begin
    if (select count(*) from made) > 50 then raise exception 'too many' using errcode = 'query_canceled'; end if;
    return null;
  end $$;
  create trigger take_at_most_50 after insert on webhook_deliveries referencing new table as made
    for each statement execute function take_at_most_50()`;

describe('a webhook of an API process with a separate worker', () => {
  let world: World;
  let receiver: WebhookReceiver;
  let worker: INestApplicationContext | undefined;

  beforeAll(async () => {
    world = await World.start({ PROCESS_ROLE: 'api', WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await worker?.close();
    await world.stop();
    await receiver.stop();
  });

  it('waits for the worker, and is delivered when it starts', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const events = ['message.created', 'reaction.added', 'conversation.updated', 'participant.joined', 'user.updated'];
    await ana.call('POST', '/webhooks', { url: receiver.url(), events });
    const send = (content: string) => ana.call('POST', `/conversations/${group}/messages`, { content });
    const { id } = (await send('early')).body as { id: string };
    await ana.call('PUT', `/messages/${id}/reactions/${encodeURIComponent('👍')}`);
    await ana.call('PATCH', `/conversations/${group}`, { title: 'Another' });
    await ana.call('PATCH', '/users/me', { display_name: 'Ana Lima' });
    const waiting = await world.database.query('select type from outbox order by id');
    expect(waiting.map(({ type }) => type)).toEqual([
      'message.created',
      'reaction.added',
      'conversation.updated',
      'user.updated',
    ]);
    expect(receiver.calls).toEqual([]);
    worker = await createWorker(world.config, pino({ level: 'silent' }));
    await receiver.count(4);
    await send('late');
    await receiver.until(({ body }) => body.data.content === 'late');
    const admin = await world.user({ role: 'admin' });
    const entry = { user_ids: [admin.userId], reason: 'A report' };
    expect((await admin.call('POST', `/conversations/${group}/participants`, entry)).status).toBe(201);
    await receiver.until(({ body }) => {
      const { content, message } = body.data as { content: string; message?: Record<string, unknown> };
      if (message?.message_type !== 'system') return false;
      expect([content, message.content, 'message' in message]).toEqual([message.content, content, false]);
      return content === 'An admin of the system joined to moderate: A report';
    });
    expect(await world.database.query('select type from outbox')).toEqual([]);
  });

  it('is delivered in parts if all deliveries are too many for one transaction', async () => {
    await worker?.close();
    worker = undefined;
    const ana = await world.user();
    const group = await world.group(ana);
    await ana.call('POST', '/webhooks', { url: receiver.url('/many'), events: ['message.created'] });
    const send = (i: number) => ana.call('POST', `/conversations/${group}/messages`, { content: `no. ${i}` });
    const sent = await Promise.all(Array.from({ length: 70 }, (_, i) => send(i)));
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([201]));
    await world.database.query(TAKE_AT_MOST_50);
    worker = await createWorker(world.config, pino({ level: 'silent' }));
    const receivedCount = () =>
      new Set(receiver.calls.filter(({ path }) => path === '/many').map(({ text }) => text)).size;
    await receiver.until(() => receivedCount() === 70);
    await world.database.query('drop trigger take_at_most_50 on webhook_deliveries');
  });

  it('writes nothing for events without a subscriber', async () => {
    const bo = await world.user();
    const group = await world.group(bo);
    await worker?.close();
    worker = undefined;
    await bo.call('POST', `/conversations/${group}/messages`, { content: 'no subscriber' });
    await bo.call('PATCH', '/users/me', { display_name: 'Bo' });
    expect(await world.database.query('select type from outbox')).toEqual([]);
  });

  it('sends events of deleted objects, with what is left of them', async () => {
    const admin = await world.user({ role: 'admin' });
    const [ana, bo] = await world.users(2);
    const catalogue = (await admin.call('GET', '/webhooks/events')).body.data as CataloguedEvent[];
    const isOfObject = /^(message|reaction|conversation|participant|user)\.(?!unread_reminder)/;
    const events = catalogue.map(({ type }) => type).filter((type) => isOfObject.test(type));
    await admin.call('POST', '/webhooks', { url: receiver.url('/gone'), events, scope: 'all' });
    const cleo = await world.register('cleo');
    const group = await world.group(ana, [bo]);
    const { id } = (await ana.call('POST', `/conversations/${group}/messages`, { content: 'secret plan' })).body;
    await ana.call('PATCH', `/messages/${id}`, { content: 'secret plan B' });
    await ana.call('PUT', `/messages/${id}/reactions/${encodeURIComponent('👍')}`);
    await ana.call('DELETE', `/messages/${id}/reactions/${encodeURIComponent('👍')}`);
    await ana.call('DELETE', `/messages/${id}`);
    await ana.call('POST', `/conversations/${group}/bans`, { user_id: cleo.id, reason: 'secret reason' });
    await ana.call('DELETE', `/conversations/${group}/bans/${cleo.id}`);
    await ana.call('POST', `/conversations/${group}/truncate`, { up_to_number: 1 });
    await ana.call('PATCH', `/conversations/${group}`, { title: 'secret title' });
    await ana.call('PATCH', `/conversations/${group}/participants/${bo.userId}`, { role: 'moderator' });
    await ana.call('DELETE', `/conversations/${group}/participants/${bo.userId}`);
    await ana.call('DELETE', `/conversations/${group}`);
    await bo.call('PATCH', '/users/me', { display_name: 'secret name' });
    const users = world.get(UserAdministration);
    await users.ban(admin, cleo.id, { reason: 'spam', until: null });
    await world.database.query('update users set deleted_at = now() where id = any($1)', [[cleo.id, bo.userId]]);

    worker = await createWorker(world.config, pino({ level: 'silent' }));
    for (const { type, sample } of catalogue.filter((event) => events.includes(event.type))) {
      const call = await receiver.until(({ path, body }) => path === '/gone' && body.event === type);
      // Only webhooks with the scope all receive the members, so the sample has none.
      const { member_ids, member_count, ...data } = call.body.data;
      const isOfConversation = 'conversation_id' in data;
      expect([type, Array.isArray(member_ids), typeof member_count]).toEqual([
        type,
        isOfConversation,
        isOfConversation ? 'number' : 'undefined',
      ]);
      expect([type, Object.keys(data).sort()]).toEqual([type, Object.keys(sample.data).sort()]);
      expect(call.text).not.toContain('secret');
    }
    const dataOf = (type: string): unknown => receiver.calls.find(({ body }) => body.event === type)!.body.data;
    expect(dataOf('conversation.created')).toMatchObject({ conversation_id: group, conversation: null });
    expect(dataOf('user.banned')).toMatchObject({ user_id: cleo.id, reason: 'spam', user: null });
  });
});

interface CataloguedEvent {
  readonly type: string;
  readonly sample: { readonly data: object };
}
