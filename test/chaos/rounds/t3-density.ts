import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { countGaps, countLost } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { logPositions, storedMessages } from '../database-facts.js';
import { LINK_KINDS } from '../client-link.js';
import { during } from '../load.js';
import { createGroup, type Person, register } from '../people.js';
import { Random } from '../random.js';
import { Refused } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { withAlteredFunction } from '../altered-database.js';
import { appendDirectly } from '../direct-append.js';

const CONVERSATIONS = 8;
const PATIENCE_MS = 20_000;

/** Sends of another process that reach everything except their commit. */
async function abort(cluster: Cluster, conversationId: string, person: Person): Promise<void> {
  const client: pg.PoolClient = await cluster.pool.connect();
  try {
    await client.query('begin');
    await appendDirectly(client, conversationId, person, ['never to be', 'never to be either']);
    await client.query('rollback');
  } finally {
    client.release();
  }
}

/** Ends connections of the nodes during their work. */
async function endConnections(cluster: Cluster): Promise<number> {
  const rows = await cluster.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'parley' and state <> 'idle'`,
  );
  return rows.length;
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationIds = await Promise.all(Array.from({ length: CONVERSATIONS }, () => createGroup(cluster, people)));
  if ((await cluster.query(`select to_regproc('chaos_next') as found`))[0]!.found) {
    for (const id of conversationIds) await cluster.query(`create sequence chaos_${id.replaceAll('-', '')}`);
  }
  const writers = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const patience = performance.now() + seconds * 1000 + PATIENCE_MS;
  const tally = { refused: 0, aborted: 0, ended: 0 };
  const writing = during(seconds, count, async (writer, turn) => {
    const client = writers[writer]!;
    const overLink = writer % 3 !== 0;
    if (overLink && !client.isConnected) await client.connect(LINK_KINDS[writer % 2]!).catch(() => sleep(20));
    const conversationId = random.pick(conversationIds);
    if (random.chance(0.15)) {
      const reply = { content: 'an answer to nothing', reply_to_id: randomUUID() };
      await client.rest.post(`/conversations/${conversationId}/messages`, reply).catch((error: Error) => {
        if (error instanceof Refused) tally.refused++;
      });
    }
    await client.send(conversationId, `${writer}/${turn}`, { overLink, until: patience });
  });
  const faults = during(seconds, 1, async () => {
    await sleep(random.between(10, 40));
    await abort(cluster, random.pick(conversationIds), random.pick(people));
    tally.aborted++;
    if (random.chance(0.1)) tally.ended += await endConnections(cluster);
  });
  await Promise.all([writing, faults]);
  const stored = await storedMessages(cluster, conversationIds);
  const acks = writers.flatMap((client) => client.acks);
  for (const client of writers) client.close();
  return {
    acked: acks.length,
    ...tally,
    lost: countLost(acks, stored),
    number_gaps: countGaps(stored.map((row) => ({ stream: row.conversation_id, position: row.sequence_number }))),
    seq_gaps: countGaps(await logPositions(cluster, conversationIds)),
  };
}

/** Numbers from sequences, as databases provide them: fast, and lost with every rollback. */
async function withSequences(cluster: Cluster, work: () => Promise<Counts>): Promise<Counts> {
  await cluster.query(`
    create function chaos_next(id uuid) returns bigint language sql volatile
      return nextval(('chaos_' || replace(id::text, '-', ''))::regclass)`);
  const counted = 'last_number := last_number + 1';
  try {
    const alter = (text: string): string => text.replace(counted, 'last_number := chaos_next(stream)');
    return await withAlteredFunction(cluster, 'append_messages', alter, work);
  } finally {
    await cluster.query(`drop function chaos_next(uuid)`);
  }
}

export const DENSITY: Round = {
  name: 'T3',
  promise: 'P3',
  sentence: 'sequence_number and seq have no gaps and no repeats, whatever is refused, aborted or cut off',
  mustBeZero: ['number_gaps', 'seq_gaps', 'lost'],
  mustNotBeZero: ['acked', 'refused', 'aborted'],
  control: 'numbers come out of sequences',
  broken: ['number_gaps'],
  short: { seconds: 2, clients: 32 },
  long: { seconds: 60, clients: 64 },
  run: (cluster, options) =>
    options.breakIt ? withSequences(cluster, () => run(cluster, options)) : run(cluster, options),
};
