import { setTimeout as sleep } from 'node:timers/promises';
import { hasHaproxy } from '../../support/haproxy.js';
import { countDoubles, countGaps, countInversions, countLost } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { heads, logPositions, storedMessages } from '../database-facts.js';
import { LastingConnection, WAYS_TO_MOVE, type WayToMove } from '../lasting-connection.js';
import { within } from '../load.js';
import type { NodeProcess } from '../node-process.js';
import { createGroup, type Person, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import type { StreamHistory } from '../stream-history.js';

const CONVERSATIONS = 3;
const WRITERS = 6;
const SETTLE_MS = 10_000;

interface Trial {
  /** What the control does: it kills the nodes, or makes the clients reconnect without their cursor. */
  readonly sabotage?: 'kill' | 'forget';
}

/** Ends one node after the other, each when the one before serves again. Returns their exit codes. */
async function restartInTurn(
  nodes: readonly NodeProcess[],
  seconds: number,
  end: (node: NodeProcess) => Promise<number | null | void>,
): Promise<(number | null)[]> {
  const exitCodes: (number | null)[] = [];
  const until = performance.now() + seconds * 1000;
  do {
    for (const node of nodes) {
      exitCodes.push((await end(node)) ?? null);
      await node.start();
    }
  } while (performance.now() < until);
  return exitCodes;
}

interface Reader {
  readonly client: Client;
  readonly way: WayToMove;
  readonly lasting: LastingConnection;
}

/** Every reader reads everything, over either transport, and moves in each of the ways. */
async function connectReaders(
  cluster: Cluster,
  { people, conversationIds, random }: { people: Person[]; conversationIds: string[]; random: Random },
): Promise<Reader[]> {
  const readers = people.map((person, index) => {
    const client = new Client(person, () => cluster.address(index));
    const way = WAYS_TO_MOVE[index % WAYS_TO_MOVE.length]!;
    const kind = way === 'open first' || random.chance(0.5) ? 'websocket' : 'socket.io';
    return { client, way, lasting: new LastingConnection(client, kind, way) };
  });
  for (const { client } of readers) await Promise.all(conversationIds.map((id) => client.follow(id)));
  await Promise.all(readers.map(({ lasting }) => lasting.open()));
  return readers;
}

/** Some of them write during `work`, half over their connection, which moves, and half over REST. */
async function whileWriting<T>(
  writers: readonly Client[],
  write: (writer: Client, text: string, overLink: boolean) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  let isOver = false;
  const writing = writers.map(async (writer, index) => {
    for (let turn = 0; !isOver; turn++) await write(writer, `${index}/${turn}`, index % 2 === 0);
  });
  try {
    return await work();
  } finally {
    isOver = true;
    await Promise.all(writing);
  }
}

async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
  { sabotage }: Trial,
): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationIds = await Promise.all(Array.from({ length: CONVERSATIONS }, () => createGroup(cluster, people)));
  const readers = await connectReaders(cluster, { people, conversationIds, random });
  const writers = readers.slice(0, WRITERS).map(({ client }) => client);
  const write = async (writer: Client, text: string, overLink: boolean): Promise<void> => {
    await writer.send(random.pick(conversationIds), text, { overLink });
    await sleep(random.between(5, 30));
  };
  try {
    for (const { client } of readers) client.forgetsCursor = sabotage === 'forget';
    // One restart is enough for the control.
    const nodes = breakIt ? cluster.nodes.slice(0, 1) : cluster.nodes;
    const end = (node: NodeProcess) => (sabotage === 'kill' ? node.kill() : node.stop());
    const exitCodes = await whileWriting(writers, write, () => restartInTurn(nodes, seconds, end));
    const ends = await heads(cluster, conversationIds);
    const behind = ({ client }: Reader) => conversationIds.some((id) => client.streams.get(id)!.last < ends.get(id)!);
    await within(SETTLE_MS, () => !readers.some(behind));
    await Promise.all(readers.map(({ client }) => client.settled()));
    return {
      ...(await evaluate(cluster, readers, ends)),
      restarts: exitCodes.length,
      unclean_ends: exitCodes.filter((code) => code !== 0).length,
    };
  } finally {
    for (const { client, lasting } of readers) {
      lasting.end();
      client.close();
    }
  }
}

async function evaluate(
  cluster: Cluster,
  readers: readonly Reader[],
  ends: ReadonlyMap<string, number>,
): Promise<Counts> {
  const conversationIds = [...ends.keys()];
  const stored = await storedMessages(cluster, conversationIds);
  const positions = await logPositions(cluster, conversationIds);
  const sum = (count: (reader: Reader) => number): number => readers.reduce((total, each) => total + count(each), 0);
  const sumOfStreams = (count: (stream: StreamHistory, end: number) => number): number =>
    sum(({ client }) => [...ends].reduce((total, [id, end]) => total + count(client.streams.get(id)!, end), 0));
  const acks = readers.flatMap(({ client }) => client.acks);
  return {
    acked: acks.length,
    lost: countLost(acks, stored),
    doubles: countDoubles(stored),
    gaps: countGaps(positions),
    holes: sumOfStreams((stream, end) => stream.countHoles(end) + stream.gaps),
    inversions: conversationIds
      .map((id) => countInversions(readers.map(({ client }) => client.streams.get(id)!.sightings)))
      .reduce((total, count) => total + count, 0),
    unanswered_over_rest: sum(({ client }) => client.unansweredOverRest),
    refused_connections: sum(({ lasting }) => lasting.refusals.length),
    moves: sum(({ lasting }) => lasting.moves),
    interrupted_although_open_first: sum(({ way, lasting }) =>
      way === 'open first' ? lasting.interruptions - lasting.lateMoves : 0,
    ),
    late_moves: sum(({ lasting }) => lasting.lateMoves),
    interruptions: sum(({ lasting }) => lasting.interruptions),
    repeats: sumOfStreams((stream) => stream.repeats),
    resyncs: sum(({ client }) => client.resyncs),
  };
}

const ROLLING_RESTART: Round = {
  name: 'T17',
  promise: 'P17',
  sentence:
    'Nodes are ended one after the other and clients that do as documented miss nothing and are refused nothing',
  mustBeZero: [
    'lost',
    'doubles',
    'gaps',
    'holes',
    'inversions',
    'unanswered_over_rest',
    'refused_connections',
    'unclean_ends',
    'interrupted_although_open_first',
  ],
  mustNotBeZero: ['acked', 'restarts', 'moves', 'interruptions'],
  control: 'clients come back without their cursor',
  broken: ['holes'],
  short: { seconds: 1, clients: 24 },
  long: { seconds: 120, clients: 150 },
  run: (cluster, options) => run(cluster, options, { sabotage: options.breakIt ? 'forget' : undefined }),
};

const BEHIND_HAPROXY: Round = {
  ...ROLLING_RESTART,
  name: 'T17-haproxy',
  sentence: 'Behind HAProxy as shipped, nodes that are ended one after the other are not missed',
  control: 'nodes are killed instead',
  broken: ['interrupted_although_open_first'],
  // More than HAProxy needs to notice: 1.5 s.
  settings: { TRUST_PROXY: '1', SHUTDOWN_DELAY: '3' },
  behindHaproxy: true,
  sharesWithControl: true,
  isPossible: hasHaproxy,
  run: (cluster, options) => run(cluster, options, { sabotage: options.breakIt ? 'kill' : undefined }),
};

export const ROLLING_RESTARTS: readonly Round[] = [ROLLING_RESTART, BEHIND_HAPROXY];
