import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, WebhookReceivers } from '../../chaos/webhook-receivers.js';
import type { Bench } from '../bench.js';
import { writeProfile } from '../hot-spots.js';
import type { Person } from '../world.js';
import { CpuClock } from './sends.js';

const ENDPOINTS = 20;
/** Messages sent as fast as they are accepted: each is a delivery for every endpoint. */
const BURST = 150;
const SENDERS = 8;
const PAUSE_MS = 100;
const PATIENCE_MS = 60_000;

/**
 * Deliveries to endpoints that respond at once, with the receivers on the same machine: the rate at which a burst is
 * processed.
 */
export async function measureWebhooks(bench: Bench): Promise<void> {
  const { report, world, server, options } = bench;
  report.begin(`Webhooks: ${ENDPOINTS} endpoints that each want every message`);
  const delays: number[] = [];
  const receivers = await WebhookReceivers.start(ENDPOINTS, (_receiver, { delayMs }, response) => {
    delays.push(delayMs);
    response.writeHead(204).end();
  });
  try {
    const people = await world.people(ENDPOINTS);
    const [group] = await world.groups([people]);
    const call = (person: Person, path: string, body: object): Promise<Response> =>
      fetch(`http://127.0.0.1:${server.port}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    for (const [index, person] of people.entries()) {
      const { status } = await call(person, '/webhooks', { url: receivers.url(index), events: ['message.created'] });
      if (status !== 201) throw new Error(`a webhook was answered ${status}`);
    }
    const send = (index: number): Promise<Response> =>
      call(people[index % ENDPOINTS]!, `/conversations/${group!}/messages`, { content: `number ${index}` });
    const arrived = async (count: number): Promise<void> => {
      const until = performance.now() + PATIENCE_MS;
      while (delays.length < count && performance.now() < until) await sleep(5);
    };
    let sent = 0;
    const until = performance.now() + options.seconds * 1000;
    while (performance.now() < until) {
      await send(sent++);
      await sleep(PAUSE_MS);
    }
    await arrived(sent * ENDPOINTS);
    const calm = delays.splice(0);
    const clock = new CpuClock(bench);
    if (options.profile) await server.process.startProfile();
    clock.begin();
    const begunAt = performance.now();
    const next = Array.from({ length: SENDERS }, async (_, sender) => {
      for (let index = sender; index < BURST; index += SENDERS) await send(index);
    });
    await Promise.all(next);
    await arrived(BURST * ENDPOINTS);
    const seconds = (performance.now() - begunAt) / 1000;
    clock.end();
    if (options.profile) writeProfile('webhooks.burst', await server.process.stopProfile());
    report.add({
      id: 'webhooks.burst',
      label: `a burst of ${(BURST * ENDPOINTS).toLocaleString('en')} deliveries`,
      figures: {
        'deliveries/s': delays.length / seconds,
        missing: BURST * ENDPOINTS - delays.length,
        ...clock.figures(delays.length),
      },
    });
    report.add({
      id: 'webhooks.delay',
      label: `${1000 / PAUSE_MS} messages/s`,
      figures: {
        'p50 ms': percentile(calm, 0.5),
        'p99 ms': percentile(calm, 0.99),
        missing: sent * ENDPOINTS - calm.length,
      },
    });
  } finally {
    await receivers.stop();
  }
}
