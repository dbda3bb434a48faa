import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../support/redis-server.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { storedMessages } from '../database-facts.js';
import { during, within } from '../load.js';
import { createGroup, logInAdmin, register } from '../people.js';
import { Random } from '../random.js';
import { Rest } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { percentile, WebhookReceivers } from '../webhook-receivers.js';

/** Until nothing is waiting or active any more. */
const SETTLE_MS = 60_000;
/** Between two kills: in a long round everything has time to recover. */
const pauseMs = (seconds: number): number => Math.min(3000, Math.max(800, seconds * 100));
/** The share of calls that are accepted; the rest is refused, never answered, or cut off. */
const TAKEN = 0.75;

const SETTINGS = {
  WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
  WEBHOOK_RETRY_SCHEDULE: '0,1,1,1,1,1,1,1,1,1,1,1',
  WEBHOOK_TIMEOUT_MS: '400',
  WEBHOOK_CONCURRENCY: '20',
};

type Kills = Record<'nodes' | 'databases' | 'redis', number>;

interface Killing {
  readonly seconds: number;
  readonly random: Random;
  readonly withRedis: boolean;
  /** Whether only PostgreSQL is killed, which the control does not survive. */
  readonly databaseOnly: boolean;
}

/** Nodes (with their workers), PostgreSQL and Redis are killed in turn. */
async function killByTurns(cluster: Cluster, killing: Killing): Promise<Kills> {
  const { seconds, random, withRedis, databaseOnly } = killing;
  const kills: Kills = { nodes: 0, databases: 0, redis: 0 };
  const restarts: Promise<void>[] = [];
  const pause = pauseMs(seconds);
  const until = performance.now() + seconds * 1000;
  const turns: (() => Promise<void>)[] = [
    async () => {
      if (databaseOnly) return;
      const up = cluster.nodes.filter((node) => node.isUp);
      if (up.length === 0) return;
      const node = random.pick(up);
      await node.kill();
      kills.nodes++;
      restarts.push(node.startPatiently());
    },
    async () => {
      await cluster.crashDatabase();
      kills.databases++;
    },
    ...(withRedis
      ? [
          async () => {
            await cluster.crashRedis();
            kills.redis++;
          },
        ]
      : []),
  ];
  for (let turn = 0; performance.now() + pause < until || turn < turns.length; turn++) {
    await sleep(pause);
    await turns[turn % turns.length]!();
  }
  await Promise.all(restarts);
  return kills;
}

async function isQuiet(cluster: Cluster, webhookId: string): Promise<boolean> {
  const [row] = await cluster.query<{ is_busy: boolean }>(
    `select exists (select from outbox) or exists (
       select from webhook_deliveries where webhook_id = $1 and status in ('waiting', 'queued')) as is_busy`,
    [webhookId],
  );
  return !row?.is_busy;
}

async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
  withRedis: boolean,
): Promise<Counts> {
  const random = new Random(seed);
  const taken = new Map<string, number>();
  const firstTries = new Map<string, number>();
  const receivers = await WebhookReceivers.start(1, (_receiver, { messageId, delayMs }, response, request) => {
    if (!firstTries.has(messageId)) firstTries.set(messageId, delayMs);
    if (random.chance(TAKEN)) {
      response.writeHead(204).end(() => taken.set(messageId, (taken.get(messageId) ?? 0) + 1));
    } else if (random.chance(0.5)) response.writeHead(500).end();
    else if (random.chance(0.5)) request.socket.resetAndDestroy();
  });
  try {
    if (breakIt) for (const table of FORGETFUL) await cluster.query(`alter table ${table} set unlogged`);
    const people = await register(cluster, count);
    const conversationId = await createGroup(cluster, people);
    const admin = new Rest(() => cluster.address(0), await logInAdmin(cluster));
    const hook = { url: receivers.url(0), events: ['message.created'], scope: 'all' };
    const { id: webhookId } = await admin.post<{ id: string }>('/webhooks', hook);
    admin.close();
    const killing = killByTurns(cluster, { seconds, random, withRedis, databaseOnly: breakIt });
    const writers = people.map((person, index) => new Client(person, () => cluster.address(index)));
    const patience = performance.now() + seconds * 1000 + 20_000;
    await during(seconds, count, async (writer, turn) => {
      await writers[writer]!.send(conversationId, `${writer}/${turn}`, { until: patience });
      await sleep(20);
    });
    const kills = await killing;
    await cluster.untilDatabaseAnswers();
    for (const client of writers) client.close();
    const committed = (await storedMessages(cluster, [conversationId])).map(({ id }) => id);
    await within(SETTLE_MS, async () => committed.every((id) => taken.has(id)) || (await isQuiet(cluster, webhookId)));
    const missing = committed.filter((id) => !taken.has(id));
    const listed = await cluster.query<{ subject_id: string }>(
      `select e.subject_id from webhook_deliveries d join webhook_events e on e.id = d.event_id
        where d.webhook_id = $1 and d.status = 'failed' and e.subject_id = any($2::uuid[])`,
      [webhookId, missing],
    );
    await cluster.query('delete from webhooks');
    const calls = [...taken.values()].reduce((sum, times) => sum + times, 0);
    return {
      committed: committed.length,
      lost: missing.length - listed.length,
      listed_as_failed: listed.length,
      doubles_per_cent: Number(((100 * (calls - taken.size)) / Math.max(1, taken.size)).toFixed(2)),
      p50_to_first_try_ms: percentile([...firstTries.values()], 0.5),
      p99_to_first_try_ms: percentile([...firstTries.values()], 0.99),
      node_kills: kills.nodes,
      database_kills: kills.databases,
      redis_kills: kills.redis,
    };
  } finally {
    await receivers.stop();
  }
}

/**
 * The tables that a crash of PostgreSQL empties in the control; in this order, none is referenced by one that is kept.
 */
const FORGETFUL = ['webhook_attempts', 'webhook_deliveries', 'outbox'];

const WEBHOOKS_ON_POSTGRESQL: Round = {
  name: 'T8',
  promise: 'P8',
  sentence: 'What was committed reaches a webhook, or is listed as failed, whatever is killed (queues on PostgreSQL)',
  mustBeZero: ['lost'],
  mustNotBeZero: ['committed', 'node_kills', 'database_kills'],
  control: 'outbox and deliveries do not survive a crash',
  broken: ['lost'],
  short: { seconds: 2, clients: 6 },
  long: { seconds: 60, clients: 12 },
  settings: SETTINGS,
  ownServer: () => [],
  sharesWithControl: true,
  run: (cluster, options) => run(cluster, options, false),
};

const WEBHOOKS_ON_REDIS: Round = {
  ...WEBHOOKS_ON_POSTGRESQL,
  name: 'T8-redis',
  sentence: 'What was committed reaches a webhook, or is listed as failed, whatever is killed (queues on Redis)',
  mustNotBeZero: [...WEBHOOKS_ON_POSTGRESQL.mustNotBeZero, 'redis_kills'],
  withRedis: true,
  run: (cluster, options) => run(cluster, options, true),
};

/** The second only if there is a Redis to kill. */
export const WEBHOOKS: readonly Round[] = [WEBHOOKS_ON_POSTGRESQL, ...(hasRedis ? [WEBHOOKS_ON_REDIS] : [])];
