import { setTimeout as sleep } from 'node:timers/promises';
import { countDoubles, countGaps, countInversions, countLost } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { heads, logPositions, storedMessages } from '../database-facts.js';
import { LastingConnection, WAYS_TO_MOVE } from '../lasting-connection.js';
import { within } from '../load.js';
import type { NodeProcess } from '../node-process.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import type { Figures, Round, RoundOptions } from '../round.js';

const CONVERSATIONS = 3;
const WRITERS = 6;
const SETTLE_MS = 10_000;

/** Ends one node after the other, each when the one before serves again. Answers their exit codes. */
async function restartInTurn(nodes: readonly NodeProcess[], seconds: number): Promise<(number | null)[]> {
  const exitCodes: (number | null)[] = [];
  const until = performance.now() + seconds * 1000;
  do {
    for (const node of nodes) {
      exitCodes.push(await node.stop());
      await node.start();
    }
  } while (performance.now() < until);
  return exitCodes;
}

async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
): Promise<Figures> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationIds = await Promise.all(Array.from({ length: CONVERSATIONS }, () => createGroup(cluster, people)));
  const readers = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const connections = readers.map((reader, index) => {
    reader.forgetsCursor = breakIt;
    const way = WAYS_TO_MOVE[index % WAYS_TO_MOVE.length]!;
    const kind = way === 'open first' || random.chance(0.5) ? 'websocket' : 'socket.io';
    return { way, lasting: new LastingConnection(reader, kind, way) };
  });
  for (const reader of readers) await Promise.all(conversationIds.map((id) => reader.follow(id)));
  await Promise.all(connections.map(({ lasting }) => lasting.open()));

  // Half of them write over their connection, which moves; the others over REST.
  const writers = people.slice(0, WRITERS).map((_, index) => readers[index]!);
  let isOver = false;
  const write = async (writer: Client, index: number): Promise<void> => {
    for (let turn = 0; !isOver; turn++) {
      const overLink = index % 2 === 0;
      await writer.send(random.pick(conversationIds), `${index}/${turn}`, { overLink });
      await sleep(random.between(5, 30));
    }
  };
  // What the control has to show, one restart shows.
  const nodes = breakIt ? cluster.nodes.slice(0, 1) : cluster.nodes;
  const restarting = restartInTurn(nodes, seconds).finally(() => (isOver = true));
  const [exitCodes] = await Promise.all([restarting, ...writers.map(write)]);

  const ends = await heads(cluster, conversationIds);
  const streamsOf = (reader: Client) =>
    conversationIds.map((id) => ({ end: ends.get(id)!, stream: reader.streams.get(id)! }));
  await within(SETTLE_MS, () =>
    readers.every((reader) => streamsOf(reader).every(({ end, stream }) => stream.last >= end)),
  );
  await Promise.all(readers.map((reader) => reader.settled()));
  const stored = await storedMessages(cluster, conversationIds);
  const acks = writers.flatMap((writer) => writer.acks);
  const streams = readers.flatMap(streamsOf);
  for (const { lasting } of connections) lasting.end();
  for (const reader of readers) reader.close();
  const interruptionsOf = (chosen: typeof connections) =>
    chosen.reduce((sum, { lasting }) => sum + lasting.interruptions, 0);
  return {
    acked: acks.length,
    lost: countLost(acks, stored),
    doubles: countDoubles(stored),
    gaps: countGaps(await logPositions(cluster, conversationIds)),
    holes: streams.reduce((sum, { end, stream }) => sum + stream.countHoles(end) + stream.gaps, 0),
    inversions: conversationIds.reduce(
      (sum, id) => sum + countInversions(readers.map((reader) => reader.streams.get(id)!.sightings)),
      0,
    ),
    unanswered_over_rest: writers.reduce((sum, { unansweredOverRest }) => sum + unansweredOverRest, 0),
    restarts: exitCodes.length,
    unclean_ends: exitCodes.filter((code) => code !== 0).length,
    moves: connections.reduce((sum, { lasting }) => sum + lasting.moves, 0),
    interrupted_although_open_first: interruptionsOf(connections.filter(({ way }) => way === 'open first')),
    interruptions: interruptionsOf(connections),
    repeats: streams.reduce((sum, { stream }) => sum + stream.repeats, 0),
    resyncs: readers.reduce((sum, { resyncs }) => sum + resyncs, 0),
  };
}

export const ROLLING_RESTART: Round = {
  name: 'T17',
  promise: 'P17',
  sentence:
    'Nodes are ended one after the other and clients that do as documented miss nothing and are refused nothing',
  zeros: [
    'lost',
    'doubles',
    'gaps',
    'holes',
    'inversions',
    'unanswered_over_rest',
    'unclean_ends',
    'interrupted_although_open_first',
  ],
  tried: ['acked', 'restarts', 'moves', 'interruptions'],
  control: 'clients come back without their cursor',
  broken: ['holes'],
  short: { seconds: 1, clients: 24 },
  long: { seconds: 120, clients: 150 },
  run,
};
