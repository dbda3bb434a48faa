import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { during } from '../load.js';
import { createGroup, type Person, register } from '../people.js';
import { Random } from '../random.js';
import { Refused, type Rest } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { without } from '../altered-database.js';

const COUPLES = 4;
const GROUP_SIZE = 8;

/** Simultaneous requests for the ownership of a group; most of them are refused, which is as good a response as any. */
async function struggle(rest: Rest, conversationId: string, group: readonly Person[], random: Random): Promise<void> {
  const path = `/conversations/${conversationId}`;
  const other = random.pick(group).id;
  const role = random.pick(['owner', 'admin', 'participant'] as const);
  const move = random.between(0, 5);
  try {
    if (move === 0) await rest.post(`${path}/leave`);
    else if (move === 1) await rest.call('DELETE', `${path}/participants/${other}`);
    else if (move === 2) await rest.post(`${path}/participants`, { user_ids: [other, random.pick(group).id] });
    else await rest.call('PATCH', `${path}/participants/${other}`, { role });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

/** All clients open the same direct conversation at once; returns the number of different ones. */
async function raceForDirect(racers: readonly Client[], count: number): Promise<number> {
  const ids = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [mine, theirs] = [racers[index % racers.length]!, racers[(index + 1) % racers.length]!];
      const body = { type: 'direct', participant_ids: [theirs.person.id] };
      return (await mine.rest.post<{ id: string }>('/conversations', body)).id;
    }),
  );
  return new Set(ids).size;
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  let [races, moves, different] = [0, 0, 0];
  const racing = during(seconds, COUPLES, async () => {
    const couple = await register(cluster, 2);
    // Each of the two on each of the nodes, in turn.
    const racers = [0, 1, 2, 3].map((index) => new Client(couple[index % 2]!, () => cluster.address(index >> 1)));
    different += (await raceForDirect(racers, count)) - 1;
    races++;
    for (const racer of racers) racer.close();
  });
  const group = await register(cluster, GROUP_SIZE);
  const groupIds = await Promise.all(Array.from({ length: COUPLES }, () => createGroup(cluster, group)));
  const people = group.map((person, index) => new Client(person, () => cluster.address(index)));
  const struggling = during(seconds, group.length, async (worker) => {
    await struggle(people[worker]!.rest, random.pick(groupIds), group, random);
    moves++;
  });
  await Promise.all([racing, struggling]);
  const [doubles] = await cluster.query<{ count: number }>(
    `select coalesce(sum(n - 1), 0)::bigint as count from (
       select count(*) as n from conversations where type = 'direct' and deleted_at is null group by direct_key) d`,
  );
  const owners = await cluster.query<{ owners: number; participants: number }>(
    `select count(*) filter (where role = 'owner') as owners, count(*) as participants
       from participants where conversation_id = any($1::uuid[]) and left_seq is null group by conversation_id`,
    [groupIds],
  );
  for (const client of people) client.close();
  return {
    races,
    moves,
    doubles: different + doubles!.count,
    ownerless: owners.filter((row) => row.owners === 0).length,
    extra_owners: owners.filter((row) => row.owners > 1).length,
  };
}

export const UNIQUENESS: Round = {
  name: 'T21',
  promise: 'P21',
  sentence:
    'A pair has one direct conversation, and a group with participants has one owner, whatever number of requests race',
  mustBeZero: ['doubles', 'ownerless', 'extra_owners'],
  mustNotBeZero: ['races', 'moves'],
  control: 'pairs of direct conversations are not unique',
  broken: ['doubles'],
  short: { seconds: 1.5, clients: 24 },
  long: { seconds: 30, clients: 50 },
  run: (cluster, options) =>
    options.breakIt ? without(cluster, UNIQUE_PAIR, () => run(cluster, options)) : run(cluster, options),
};

const UNIQUE_PAIR = {
  table: 'conversations',
  drop: `alter table conversations drop constraint conversations_direct_key_key`,
  mend: `delete from conversations c using conversations twin where c.direct_key = twin.direct_key and c.id > twin.id`,
  restore: `alter table conversations add constraint conversations_direct_key_key unique (direct_key)`,
};
