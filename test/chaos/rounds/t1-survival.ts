import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ack, countDoubles, countGaps, countLost } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { logPositions, storedMessages } from '../database-facts.js';
import { appendDirectly } from '../direct-append.js';
import { LINK_KINDS } from '../client-link.js';
import { during } from '../load.js';
import { createGroup, type Person, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { withAlteredFunction } from '../altered-database.js';

const KILL_EVERY_MS = 1500;
const PEOPLE_PER_CONVERSATION = 4;
const PATIENCE_MS = 20_000;

/** Kills the servers in turn, with nothing left but their disks; the database right after a commit. */
async function killByTurns(
  cluster: Cluster,
  { seconds, random, direct }: { seconds: number; random: Random; direct: DirectSends },
): Promise<{ nodes: number; databases: number }> {
  const kills = { nodes: 0, databases: 0 };
  const restarts: Promise<void>[] = [];
  const pauseMs = Math.min(KILL_EVERY_MS, (seconds * 1000) / 4);
  const until = performance.now() + seconds * 1000;
  for (let turn = 0; performance.now() + pauseMs < until || turn < 2; turn++) {
    await sleep(pauseMs);
    const up = cluster.nodes.filter((node) => node.isUp);
    if (turn % 2 === 1 && up.length > 0) {
      const node = random.pick(up);
      await node.kill();
      kills.nodes++;
      restarts.push(node.startPatiently());
    } else {
      await direct.nextAck();
      await cluster.crashDatabase();
      kills.databases++;
    }
  }
  await Promise.all(restarts);
  return kills;
}

/** Messages sent past the nodes, by the same function, one after the other. */
class DirectSends {
  readonly acks: Ack[] = [];
  private readonly settled = new EventEmitter();
  private hasEnded = false;

  /** Sends for so many seconds. */
  async run(cluster: Cluster, seconds: number, conversationId: string, person: Person): Promise<void> {
    await during(seconds, 1, async (_, turn) => {
      try {
        this.acks.push(...(await appendDirectly(cluster.pool, conversationId, person, [`direct/${turn}`])));
        this.settled.emit('settled');
      } catch {
        await sleep(20); // the database is down, and the message is not acknowledged
      }
    });
    this.hasEnded = true;
    this.settled.emit('settled');
  }

  /** Waits until one is acknowledged, or all are sent. */
  async nextAck(): Promise<void> {
    if (!this.hasEnded) await once(this.settled, 'settled');
  }
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationIds: string[] = [];
  for (let first = 0; first < count; first += PEOPLE_PER_CONVERSATION) {
    conversationIds.push(await createGroup(cluster, people.slice(first, first + PEOPLE_PER_CONVERSATION)));
  }
  const writers = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const patience = performance.now() + seconds * 1000 + PATIENCE_MS;
  const writing = during(seconds, count, async (writer, turn) => {
    const client = writers[writer]!;
    const overLink = writer % 3 !== 0;
    if (overLink && !client.isConnected) await client.connect(LINK_KINDS[writer % 2]!).catch(() => sleep(50));
    const conversationId = conversationIds[Math.floor(writer / PEOPLE_PER_CONVERSATION)]!;
    await client.send(conversationId, `${writer}/${turn}`, { overLink, until: patience });
  });
  const direct = new DirectSends();
  const [{ nodes, databases }] = await Promise.all([
    killByTurns(cluster, { seconds, random, direct }),
    direct.run(cluster, seconds, conversationIds[0]!, people[0]!),
    writing,
  ]);
  await cluster.untilDatabaseAnswers();
  const stored = await storedMessages(cluster, conversationIds);
  const acks = [...direct.acks, ...writers.flatMap((client) => client.acks)];
  for (const client of writers) client.close();
  return {
    acked: acks.length,
    lost: countLost(acks, stored),
    doubles: countDoubles(stored),
    gaps:
      countGaps(stored.map((row) => ({ stream: row.conversation_id, position: row.sequence_number }))) +
      countGaps(await logPositions(cluster, conversationIds)),
    unknown: writers.reduce((sum, { unknown }) => sum + unknown, 0),
    node_kills: nodes,
    database_kills: databases,
  };
}

export const SURVIVAL: Round = {
  name: 'T1',
  promise: 'P1',
  sentence: 'An acknowledged message survives kill -9 of nodes and of PostgreSQL',
  mustBeZero: ['lost', 'doubles', 'gaps'],
  mustNotBeZero: ['acked', 'node_kills', 'database_kills'],
  control: 'synchronous_commit is off',
  broken: ['lost'],
  short: { seconds: 4.5, clients: 12 },
  long: { seconds: 60, clients: 24 },
  ownServer: (breakIt) =>
    breakIt ? ['synchronous_commit=off', 'wal_writer_delay=10s', 'wal_writer_flush_after=1GB'] : [],
  run: (cluster, options) =>
    options.breakIt
      ? withAlteredFunction(
          cluster,
          'append_messages',
          (text) => text.replace(`'synchronous_commit', 'on'`, `'synchronous_commit', 'off'`),
          () => run(cluster, options),
        )
      : run(cluster, options),
};
