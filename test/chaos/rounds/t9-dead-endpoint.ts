import type { ServerResponse } from 'node:http';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { within } from '../load.js';
import { createGroup, logInAdmin, register } from '../people.js';
import { Rest } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { percentile, WebhookReceivers } from '../webhook-receivers.js';

/** The one that never responds. */
const DEAD = 0;
/** Attempts at once to one host: the dead one uses all of its own, and in the control all of the others'. */
const CONCURRENCY = 5;
/** Messages are sent at a pace the endpoints can follow: throughput is not measured. */
const PATIENCE = { messageMs: 1500, settleMs: 10_000 };
/** In the control nothing arrives any more. */
const CONTROL_PATIENCE = { messageMs: 400, settleMs: 1000 };

/** Slices of the two kinds in turn, so that other load of the machine affects both alike. */
const SLICES = 3;

interface Scene {
  readonly writer: Client;
  readonly conversationId: string;
  readonly living: number;
  /** The delays of deliveries to the living endpoints in this slice. */
  readonly delays: number[];
  readonly patience: typeof PATIENCE;
}

/** Sends one after the other for a time. Returns how many were to arrive. */
async function send({ writer, conversationId, living, delays, patience }: Scene, seconds: number): Promise<number> {
  delays.length = 0;
  let sent = 0;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until || sent < 2 * CONCURRENCY) {
    await writer.send(conversationId, `number ${sent++}`);
    await within(patience.messageMs, () => delays.length >= sent * living);
  }
  await within(patience.settleMs, () => delays.length >= sent * living);
  return sent * living;
}

async function isQuiet(cluster: Cluster): Promise<boolean> {
  const rows = await cluster.query(`select from webhook_deliveries where status in ('waiting', 'queued') limit 1`);
  return rows.length === 0;
}

/** `clients` is the number of endpoints. */
async function run(
  cluster: Cluster,
  { seconds, clients: endpoints, breakIt }: Required<RoundOptions>,
): Promise<Counts> {
  const delays: number[] = [];
  let isDead = false;
  let hanging: ServerResponse[] = [];
  let hung = 0;
  const receivers = await WebhookReceivers.start(endpoints, (receiver, { delayMs }, response) => {
    if (receiver !== DEAD) delays.push(delayMs);
    if (receiver === DEAD && isDead) hung = Math.max(hung, hanging.push(response));
    else response.writeHead(204).end();
  });
  try {
    const people = await register(cluster, 2);
    const conversationId = await createGroup(cluster, people);
    const admin = new Rest(() => cluster.address(0), await logInAdmin(cluster));
    const hooks: string[] = [];
    for (let receiver = 0; receiver < endpoints; receiver++) {
      const hook = { url: receivers.url(receiver), events: ['message.created'], scope: 'all' };
      hooks.push((await admin.post<{ id: string }>('/webhooks', hook)).id);
    }
    if (breakIt) await cluster.query(`update webhooks set host = 'one room for all'`);
    const writer = new Client(people[0]!, () => cluster.address(0));
    const patience = breakIt ? CONTROL_PATIENCE : PATIENCE;
    const scene = { writer, conversationId, living: endpoints - 1, delays, patience };
    const before: number[] = [];
    const beside: number[] = [];
    let expected = 0;
    for (let slice = 0; slice < (breakIt ? 1 : SLICES); slice++) {
      await send(scene, seconds / SLICES);
      before.push(...delays);
      isDead = true;
      // It has its maximum of active attempts before the first message: when capacity is short, endpoints take turns.
      for (let ping = 0; ping < CONCURRENCY; ping++) await admin.post(`/webhooks/${hooks[DEAD]!}/ping`);
      await within(PATIENCE.settleMs, () => hanging.length >= CONCURRENCY);
      expected += await send(scene, seconds / SLICES);
      beside.push(...delays);
      isDead = false;
      for (const response of hanging) response.writeHead(204).end();
      hanging = [];
      await within(patience.settleMs, () => isQuiet(cluster));
    }
    writer.close();
    admin.close();
    await cluster.query('delete from webhooks');
    const [alone, besideDead] = [percentile(before, 0.99), percentile(beside, 0.99)];
    return {
      delivered: beside.length,
      hanging: hung,
      not_delivered: expected - beside.length,
      p99_before_ms: alone,
      p99_beside_a_dead_one_ms: besideDead,
      p99_ratio: Number((besideDead / Math.max(1, alone)).toFixed(2)),
    };
  } finally {
    await receivers.stop();
  }
}

export const DEAD_ENDPOINT: Round = {
  name: 'T9',
  promise: 'P9',
  sentence: 'One webhook endpoint of a hundred that hangs holds up none of the others',
  mustBeZero: ['not_delivered'],
  mustNotBeZero: ['delivered', 'hanging'],
  control: 'all endpoints share one limit',
  broken: ['not_delivered'],
  short: { seconds: 1, clients: 20 },
  long: { seconds: 30, clients: 100 },
  sharesWithControl: true,
  settings: {
    WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
    WEBHOOK_TIMEOUT_MS: '60000', // it hangs until the round is over
    WEBHOOK_CONCURRENCY: String(CONCURRENCY),
    WEBHOOK_CONCURRENCY_PER_HOST: String(CONCURRENCY),
    WEBHOOK_MAX_PER_USER: '1000',
  },
  run,
};
