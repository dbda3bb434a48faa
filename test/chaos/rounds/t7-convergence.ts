import fc from 'fast-check';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { heads } from '../database-facts.js';
import { LINK_KINDS } from '../client-link.js';
import { within } from '../load.js';
import { Observer } from '../observer.js';
import { ACTORS, OBSERVER, ONE_OF_EACH, type Operation, operations, World } from '../operations.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';

/** Every type of durable event that a user may receive. */
const TYPES = [
  ...['message.created', 'message.updated', 'message.deleted', 'message.pinned', 'message.unpinned'],
  ...[
    'thread.updated',
    'reaction.added',
    'reaction.removed',
    'poll.updated',
    'participant.joined',
    'participant.left',
    'participant.updated',
  ],
  ...['conversation.updated', 'conversation.deleted', 'conversation.added', 'conversation.removed'],
  ...[
    'user.updated',
    'session.revoked',
    'message.hidden',
    'conversation.cleared',
    'conversation.truncated',
    'event.hidden',
  ],
];
const SETTLE_MS = 4000;

interface Tally {
  worlds: number;
  operations: number;
  divergences: number;
  brokenChains: number;
  readonly types: Set<string>;
}

interface LifeOptions {
  readonly subscribeAt: number;
  readonly random: Random;
  readonly ignored: string | undefined;
  readonly isOrdered?: boolean;
}

/**
 * An own world in which all of this happens, in sequence or at once, and an observer who joins after `subscribeAt` of
 * it.
 */
async function live(
  cluster: Cluster,
  plan: readonly Operation[],
  { subscribeAt, random, ignored, isOrdered }: LifeOptions,
  tally: Tally,
): Promise<void> {
  const people = await register(cluster, ACTORS);
  const groupId = await createGroup(cluster, people.slice(0, 3));
  const clients = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const world = new World(cluster, clients, groupId);
  const watching = new Client(people[OBSERVER]!, () => cluster.address(random.between(0, 1)));
  const observer = new Observer(watching, ignored);
  const somewhere = () => [random.pick(LINK_KINDS), cluster.address(random.between(0, 1))] as const;
  const underWay: Promise<void>[] = [];
  let starting: Promise<void> | undefined;
  for (const [index, operation] of plan.entries()) {
    // Not awaited: it loads and connects while operations continue.
    if (index === subscribeAt) starting = observer.start(...somewhere());
    if (index === subscribeAt + 8) await starting!.then(() => observer.blink(...somewhere()));
    const performing = world.perform(operation);
    underWay.push(performing);
    if (isOrdered || random.chance(0.6)) await performing;
  }
  await Promise.all(underWay);
  await world.perform({ kind: 'send', who: 0, which: 0, text: 'the last word' });
  await (starting ?? observer.start(...somewhere()));
  const ids = [watching.person.id, ...world.groupIds];
  const ends = await heads(cluster, ids);
  const hasSettled = await within(SETTLE_MS, () => observer.hasReached(0, ends));
  await within(SETTLE_MS, () =>
    observer.hasReached(subscribeAt < plan.length ? (ends.get(watching.person.id) ?? 0) : 0, ends),
  );
  const difference = (await observer.findDivergence()) ?? (hasSettled ? undefined : 'it never got to the end');
  if (difference) {
    tally.divergences++;
    if (!ignored) process.stderr.write(`T7 diverged at ${difference}\n${JSON.stringify({ subscribeAt, plan })}\n`);
  }
  tally.worlds++;
  tally.operations += world.done;
  tally.brokenChains += observer.brokenChains;
  for (const type of observer.seenTypes) tally.types.add(type);
  for (const client of [...clients, watching]) client.close();
}

async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
): Promise<Counts> {
  const random = new Random(seed);
  const ignored = breakIt ? 'message.created' : undefined;
  const tally: Tally = { worlds: 0, operations: 0, divergences: 0, brokenChains: 0, types: new Set() };
  await live(cluster, ONE_OF_EACH, { subscribeAt: 0, random, ignored, isOrdered: true }, tally);
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: count }, async (_, worker) => {
      for (let turn = 0; performance.now() < until; turn++) {
        const [plan] = fc.sample(operations, { numRuns: 1, seed: seed + worker * 1000 + turn });
        const subscribeAt = random.between(0, plan!.length - 1);
        await live(cluster, plan!, { subscribeAt, random, ignored }, tally);
      }
    }),
  );
  return {
    worlds: tally.worlds,
    operations: tally.operations,
    types: tally.types.size,
    types_uncovered: TYPES.filter((type) => !tally.types.has(type)).length,
    divergences: tally.divergences,
    broken_chains: tally.brokenChains,
  };
}

export const CONVERGENCE: Round = {
  name: 'T7',
  promise: 'P7',
  sentence: 'What a client loaded and the events since are what it would load now, for every type of event',
  mustBeZero: ['divergences', 'broken_chains', 'types_uncovered'],
  mustNotBeZero: ['worlds', 'operations'],
  control: 'the client ignores message.created',
  broken: ['divergences'],
  short: { seconds: 2, clients: 4 },
  long: { seconds: 120, clients: 8 },
  run,
};
