import { percentile } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { heads } from '../database-facts.js';
import type { Faults } from '../faults.js';
import { LINK_KINDS } from '../client-link.js';
import { during, within } from '../load.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';

const BAD_BUS: Faults = { badBus: { lose: 0.5, repeat: 0.1, delayMs: 300 } };
const WRITERS_PER_CONVERSATION = 2;
/** The reconciler runs every 1.5 s; after this time nothing can still be on its way. */
const SETTLE_MS = 8000;
/** What a control waits for never arrives. */
const CONTROL_SETTLE_MS = 2500;
/** The reconciler and a second. */
const BOUND_MS = 2500;

/**
 * All clients write on the first node and read on the second: all that they read came over the bus, or by the sweep.
 */
async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationIds: string[] = [];
  for (let first = 0; first < count; first += WRITERS_PER_CONVERSATION) {
    conversationIds.push(await createGroup(cluster, people.slice(first, first + WRITERS_PER_CONVERSATION)));
  }
  const idOf = (index: number): string => conversationIds[Math.floor(index / WRITERS_PER_CONVERSATION)]!;
  const readers = people.map((person) => new Client(person, () => cluster.address(1)));
  const writers = people.map((person) => new Client(person, () => cluster.address(0)));
  await Promise.all(
    readers.map(async (reader, index) => {
      await reader.follow(idOf(index));
      await reader.connect(LINK_KINDS[index % 2]!);
    }),
  );
  const ackedAt = new Map<string, number>();
  const send = async (writer: number, turn: number | string): Promise<void> => {
    const ack = await writers[writer]!.send(idOf(writer), `${writer}/${turn}`);
    ackedAt.set(`${idOf(writer)}:${ack!.seq}`, performance.now());
  };
  await during(seconds, count, async (writer, turn) => {
    await send(writer, turn);
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 400)));
  });
  // One after another: messages that are stored together share one hint, which is lost or arrives for all of them.
  for (let writer = 0; writer < count; writer += WRITERS_PER_CONVERSATION) await send(writer, 'last');
  const ends = await heads(cluster, conversationIds);
  await within(breakIt ? CONTROL_SETTLE_MS : SETTLE_MS, () =>
    readers.every((reader, index) => reader.streams.get(idOf(index))!.last >= ends.get(idOf(index))!),
  );
  const streams = readers.map((reader, index) => ({ id: idOf(index), stream: reader.streams.get(idOf(index))! }));
  const lags = streams.flatMap(({ id, stream }) =>
    [...stream.arrivedAt].flatMap(([seq, at]) => {
      const acked = ackedAt.get(`${id}:${seq}`);
      return acked === undefined ? [] : [Math.max(0, at - acked)];
    }),
  );
  for (const client of [...readers, ...writers]) client.close();
  return {
    sent: ackedAt.size,
    missed: streams.reduce((sum, { id, stream }) => sum + stream.countHoles(ends.get(id)!), 0),
    broken_chains: streams.reduce((sum, { stream }) => sum + stream.gaps, 0),
    repeats: streams.reduce((sum, { stream }) => sum + stream.repeats, 0),
    lag_p50_ms: percentile(lags, 0.5),
    lag_p99_ms: percentile(lags, 0.99),
    lag_max_ms: percentile(lags, 1),
    beyond_bound: lags.filter((lag) => lag > BOUND_MS).length,
  };
}

export const LOSSY_BUS: Round = {
  name: 'T5',
  promise: 'P5',
  sentence: 'A connected client misses nothing although the bus loses half, repeats a tenth and shuffles the rest',
  mustBeZero: ['missed', 'broken_chains'],
  mustNotBeZero: ['sent'],
  control: 'the sweep is off',
  broken: ['missed'],
  short: { seconds: 3, clients: 24 },
  long: { seconds: 60, clients: 200 },
  faults: BAD_BUS,
  controlFaults: { ...BAD_BUS, noReconciler: true },
  run,
};
