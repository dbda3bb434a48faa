import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { heads } from '../database-facts.js';
import { appendDirectly } from '../direct-append.js';
import { LINK_KINDS } from '../client-link.js';
import { during, within } from '../load.js';
import { createGroup, type Person, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';

const CONVERSATIONS = 6;
const SLOW_WRITERS = 3;
/** Into the first conversation, repeatedly: a client that is disconnected for long has missed too much of it. */
const BURST = 60;
const SETTLE_MS = 10_000;
/** What a control waits for never arrives. */
const CONTROL_SETTLE_MS = 2500;

/** A writer whose transaction stays open for a while between its write and its commit, as that of a stalled node. */
async function writeSlowly(cluster: Cluster, conversationId: string, person: Person, openMs: number): Promise<void> {
  const client: pg.PoolClient = await cluster.pool.connect();
  try {
    await client.query('begin');
    await appendDirectly(client, conversationId, person, ['slow']);
    await sleep(openMs);
    await client.query('commit');
  } finally {
    client.release();
  }
}

/** Online for a moment, offline for a moment, then on another node over another transport. */
async function comeAndGo(reader: Client, index: number, cluster: Cluster, random: Random): Promise<void> {
  for (let tries = 0; !reader.isConnected; tries++) {
    const address = cluster.address(random.between(0, cluster.nodes.length - 1));
    // Every third client sends its positions, too; the others have only their cursor.
    await reader.connect(random.pick(LINK_KINDS), { address, statesPositions: index % 3 === 0 }).catch(() => sleep(50));
    if (tries > 100) throw new Error('a reader was refused');
  }
}

async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationIds = await Promise.all(Array.from({ length: CONVERSATIONS }, () => createGroup(cluster, people)));
  const readers = people.map((person, index) => new Client(person, () => cluster.address(index)));
  for (const reader of readers) await Promise.all(conversationIds.map((id) => reader.follow(id)));
  const writers = people.slice(0, 4).map((person, index) => new Client(person, () => cluster.address(index)));
  let cuts = 0;
  await Promise.all([
    during(seconds, writers.length, async (writer, turn) => {
      await writers[writer]!.send(random.pick(conversationIds), `${writer}/${turn}`);
      await sleep(random.between(5, 30));
    }),
    during(seconds, SLOW_WRITERS, async () => {
      await writeSlowly(cluster, random.pick(conversationIds), random.pick(people), random.between(100, 900));
      await sleep(random.between(10, 100));
    }),
    during(seconds, 1, async (_, turn) => {
      const burst = Array.from({ length: BURST }, (__, index) => `burst ${turn}/${index}`);
      await appendDirectly(cluster.pool, conversationIds[0]!, people[0]!, burst);
      await sleep(400);
    }),
    during(seconds, count, async (index) => {
      const reader = readers[index]!;
      await comeAndGo(reader, index, cluster, random);
      await sleep(random.between(10, 900));
      reader.cut();
      cuts++;
      // A few stay offline so long that, in long rounds, the server sends a resync instead of a replay.
      await sleep(random.chance(0.03) ? random.between(600, seconds * 400) : random.between(10, 600));
    }),
  ]);
  await Promise.all(readers.map((reader, index) => comeAndGo(reader, index, cluster, random)));
  const ends = await heads(cluster, conversationIds);
  const streamsOf = (reader: Client) =>
    conversationIds.map((id) => ({ end: ends.get(id)!, stream: reader.streams.get(id)! }));
  await within(breakIt ? CONTROL_SETTLE_MS : SETTLE_MS, () =>
    readers.every((reader) => streamsOf(reader).every(({ end, stream }) => stream.last >= end)),
  );
  await Promise.all(readers.map((reader) => reader.settled()));
  const streams = readers.flatMap(streamsOf);
  for (const client of [...readers, ...writers]) client.close();
  return {
    events: [...ends.values()].reduce((sum, end) => sum + end, 0),
    deliveries: streams.reduce((sum, { stream }) => sum + stream.applied.length, 0),
    cuts,
    holes: streams.reduce((sum, { end, stream }) => sum + stream.countHoles(end) + stream.gaps, 0),
    resyncs: readers.reduce((sum, { resyncs }) => sum + resyncs, 0),
    repeats: streams.reduce((sum, { stream }) => sum + stream.repeats, 0),
  };
}

export const RESUME: Round = {
  name: 'T6',
  promise: 'P6',
  sentence: 'A client that reconnects, to any node, gets all that it missed or the name of what to fetch',
  mustBeZero: ['holes'],
  mustNotBeZero: ['deliveries', 'cuts'],
  control: 'cursors stand at the newest transaction instead of the oldest unfinished one',
  broken: ['holes'],
  short: { seconds: 3, clients: 24 },
  long: { seconds: 120, clients: 200 },
  controlFaults: { newestWatermark: true },
  run,
};
