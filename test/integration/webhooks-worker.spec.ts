import type { INestApplicationContext } from '@nestjs/common';
import pino from 'pino';
import { createWorker } from '../../src/create-worker.js';
import type { Actor } from '../../src/platform/http/actor.js';
import { People } from '../support/people.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

describe('webhooks of a process that serves and another that works', () => {
  let server: TestApp;
  let people: People;
  let receiver: WebhookReceiver;
  let worker: INestApplicationContext | undefined;

  beforeAll(async () => {
    server = await startTestApp({ PROCESS_ROLE: 'api', WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    people = new People(server);
    receiver = await WebhookReceiver.start();
  });
  afterAll(async () => {
    await worker?.close();
    await server.close();
    await receiver.stop();
  });

  it('wait for the worker, and come when it is there', async () => {
    const [ana] = (await people.many(1)) as [Actor];
    const group = await people.group(ana);
    const events = ['message.created', 'reaction.added', 'conversation.updated', 'participant.joined', 'user.updated'];
    await people.call(ana, 'POST', '/webhooks', { url: receiver.url(), events });
    const send = (content: string) => people.call(ana, 'POST', `/conversations/${group}/messages`, { content });
    const { id } = (await send('early')).body as { id: string };
    await people.call(ana, 'PUT', `/messages/${id}/reactions/x`);
    await people.call(ana, 'PATCH', `/conversations/${group}`, { title: 'Another' });
    await people.call(ana, 'PATCH', '/users/me', { display_name: 'Ana Lima' });
    const waiting = await server.database.query('select type from outbox order by id');
    expect(waiting.map(({ type }) => type)).toEqual([
      'message.created',
      'reaction.added',
      'conversation.updated',
      'user.updated',
    ]);
    expect(receiver.calls).toEqual([]);
    worker = await createWorker(server.config, pino({ level: 'silent' }));
    await receiver.count(4);
    await send('late');
    await receiver.until(({ body }) => body.data.content === 'late');
    expect(await server.database.query('select type from outbox')).toEqual([]);
  });

  it('leave no trace of what nobody wants to hear', async () => {
    const [bo] = (await people.many(1)) as [Actor];
    const group = await people.group(bo);
    await worker?.close();
    worker = undefined;
    await people.call(bo, 'POST', `/conversations/${group}/messages`, { content: 'nobody listens' });
    await people.call(bo, 'PATCH', '/users/me', { display_name: 'Bo' });
    expect(await server.database.query('select type from outbox')).toEqual([]);
  });
});
