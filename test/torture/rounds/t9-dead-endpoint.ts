import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { within } from '../load.js';
import { createGroup, logInAdmin, register } from '../people.js';
import { Rest } from '../rest.js';
import type { Figures, Round, RoundOptions } from '../round.js';
import { percentile, WebhookReceivers } from '../webhook-receivers.js';

/** The one that never answers. */
const DEAD = 0;
/** Tries under way at once to one host: the dead one takes all of its own, and in the control all of everybody's. */
const ROOM = 5;
/** Messages are sent at a pace the endpoints can follow: it is not throughput that is measured. */
const PATIENCE = { messageMs: 1500, settleMs: 10_000 };
/** In the control nothing comes any more, however long one waits. */
const CONTROL_PATIENCE = { messageMs: 400, settleMs: 1000 };

interface Measured {
  readonly seconds: number;
  readonly delays: number[];
  readonly living: number;
  readonly patience: { readonly messageMs: number; readonly settleMs: number };
}

/** Sends one after the other for so long and answers the delays of what came to the endpoints that live. */
async function measure(
  writer: Client,
  conversationId: string,
  { seconds, delays, living, patience }: Measured,
): Promise<{ expected: number; arrived: number; p99: number }> {
  delays.length = 0;
  let sent = 0;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until || sent < 2 * ROOM) {
    await writer.send(conversationId, `number ${sent++}`);
    await within(patience.messageMs, () => delays.length >= sent * living);
  }
  const expected = sent * living;
  await within(patience.settleMs, () => delays.length >= expected);
  return { expected, arrived: delays.length, p99: percentile(delays, 0.99) };
}

/** `clients` is the number of endpoints. */
async function run(
  cluster: Cluster,
  { seconds, clients: endpoints, breakIt }: Required<RoundOptions>,
): Promise<Figures> {
  const delays: number[] = [];
  let isDead = false;
  let hanging = 0;
  const receivers = await WebhookReceivers.start(endpoints, (receiver, { delayMs }, response) => {
    if (receiver === DEAD && isDead) return void hanging++;
    if (receiver !== DEAD) delays.push(delayMs);
    response.writeHead(204).end();
  });
  try {
    const people = await register(cluster, 2);
    const conversationId = await createGroup(cluster, people);
    const admin = new Rest(() => cluster.address(0), await logInAdmin(cluster));
    for (let receiver = 0; receiver < endpoints; receiver++) {
      await admin.post('/webhooks', { url: receivers.url(receiver), events: ['message.created'], scope: 'all' });
    }
    admin.close();
    if (breakIt) await cluster.query(`update webhooks set host = 'one room for all'`);
    const writer = new Client(people[0]!, () => cluster.address(0));
    const patience = breakIt ? CONTROL_PATIENCE : PATIENCE;
    const measured = { seconds, delays, living: endpoints - 1, patience };
    const alive = await measure(writer, conversationId, measured);
    isDead = true;
    const dead = await measure(writer, conversationId, measured);
    writer.close();
    await cluster.query('delete from webhooks');
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
  short: { seconds: 1, clients: 20 },
  long: { seconds: 30, clients: 100 },
  sharesWithControl: true,
  settings: {
    WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
    WEBHOOK_TIMEOUT_MS: '60000', // it hangs until the round is over
    WEBHOOK_CONCURRENCY: String(ROOM),
    WEBHOOK_CONCURRENCY_PER_HOST: String(ROOM),
    WEBHOOK_MAX_PER_USER: '1000',
  },
  run,
};
