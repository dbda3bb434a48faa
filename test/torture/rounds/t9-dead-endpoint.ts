import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { within } from '../load.js';
import { createGroup, logInAdmin, register } from '../people.js';
import { Rest } from '../rest.js';
import type { Figures, Round, RoundOptions } from '../round.js';
import { percentile, WebhookReceivers } from '../webhook-receivers.js';

const ENDPOINTS = 100;
/** The one that never answers. */
const DEAD = 0;
const SETTLE_MS = 10_000;
/** Tries under way at once to one host: the dead one takes all of its own, and in the control all of everybody's. */
const ROOM = 10;
/** Messages are sent at a pace the endpoints can follow: it is not throughput that is measured. */
const PATIENCE_MS = 1500;

/** Sends one after the other for so long and answers the delays of what came to the endpoints that live. */
async function measure(
  writer: Client,
  conversationId: string,
  { seconds, delays }: { seconds: number; delays: number[] },
): Promise<{ expected: number; arrived: number; p99: number }> {
  delays.length = 0;
  let sent = 0;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until || sent < 2 * ROOM) {
    await writer.send(conversationId, `number ${sent++}`);
    await within(PATIENCE_MS, () => delays.length >= sent * (ENDPOINTS - 1));
  }
  const expected = sent * (ENDPOINTS - 1);
  await within(SETTLE_MS, () => delays.length >= expected);
  return { expected, arrived: delays.length, p99: percentile(delays, 0.99) };
}

async function run(cluster: Cluster, { seconds, breakIt }: Required<RoundOptions>): Promise<Figures> {
  const delays: number[] = [];
  let isDead = false;
  let hanging = 0;
  const receivers = await WebhookReceivers.start(ENDPOINTS, (receiver, { delayMs }, response) => {
    if (receiver === DEAD && isDead) return void hanging++;
    if (receiver !== DEAD) delays.push(delayMs);
    response.writeHead(204).end();
  });
  try {
    const people = await register(cluster, 2);
    const conversationId = await createGroup(cluster, people);
    const admin = new Rest(() => cluster.address(0), await logInAdmin(cluster));
    for (let receiver = 0; receiver < ENDPOINTS; receiver++) {
      await admin.post('/webhooks', { url: receivers.url(receiver), events: ['message.created'], scope: 'all' });
    }
    admin.close();
    if (breakIt) await cluster.query(`update webhooks set host = 'one room for all'`);
    const writer = new Client(people[0]!, () => cluster.address(0));
    const alive = await measure(writer, conversationId, { seconds, delays });
    isDead = true;
    const dead = await measure(writer, conversationId, { seconds, delays });
    writer.close();
    return {
      delivered: dead.arrived,
      hanging,
      not_delivered: dead.expected - dead.arrived,
      p99_before_ms: alive.p99,
      p99_beside_a_dead_one_ms: dead.p99,
      p99_ratio: Number((dead.p99 / Math.max(1, alive.p99)).toFixed(2)),
    };
  } finally {
    await receivers.stop();
  }
}

export const DEAD_ENDPOINT: Round = {
  name: 'T9',
  promise: 'P9',
  sentence: 'One webhook endpoint of a hundred that hangs holds up none of the others',
  zeros: ['not_delivered'],
  tried: ['delivered', 'hanging'],
  control: 'all endpoints share one room',
  broken: ['not_delivered'],
  short: { seconds: 2, clients: 1 },
  long: { seconds: 30, clients: 1 },
  settings: {
    WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
    WEBHOOK_TIMEOUT_MS: '60000', // it hangs until the round is over
    WEBHOOK_CONCURRENCY: String(ROOM),
    WEBHOOK_CONCURRENCY_PER_HOST: String(ROOM),
    WEBHOOK_MAX_PER_USER: String(ENDPOINTS),
  },
  run,
};
