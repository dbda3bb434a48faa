import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChaosProxy } from '../chaos-proxy.js';
import { type Ack, countDiffering, countDoubles, countGaps } from '../checker.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { storedMessages } from '../database-facts.js';
import { LINK_KINDS } from '../client-link.js';
import { during } from '../load.js';
import { createGroup, type Person, register } from '../people.js';
import { Random } from '../random.js';
import { Refused } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';
import { without, withAlteredFunction } from '../altered-database.js';

const MOST_TRIES = 20;
const PATIENCE_MS = 15_000;

/** The same user over all ways to all nodes, each of which may cut off its responses. */
class ManyWays {
  readonly clients: Client[];

  constructor(person: Person, proxies: readonly ChaosProxy[]) {
    this.clients = Array.from({ length: 4 }, (_, index) => {
      return new Client(person, () => `http://127.0.0.1:${proxies[index % proxies.length]!.port}`);
    });
  }

  /** One of many attempts: over its own way, until it is answered. */
  async send(way: number, conversationId: string, content: string, key: string): Promise<Ack | undefined> {
    const client = this.clients[way % this.clients.length]!;
    const overLink = way % 3 !== 0;
    if (overLink && !client.isConnected) await client.connect(LINK_KINDS[way % 2]!).catch(() => sleep(5));
    return client.send(conversationId, content, { key, overLink, until: performance.now() + PATIENCE_MS });
  }

  /** Whether the key is refused with another text. */
  async refusesOther(conversationId: string, key: string): Promise<boolean> {
    const until = performance.now() + PATIENCE_MS;
    try {
      await this.clients[0]!.send(conversationId, 'another text', { key, until });
      return false;
    } catch (error) {
      return error instanceof Refused && error.code === 'IDEMPOTENCY_CONFLICT' && error.status === 422;
    }
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const conversationId = await createGroup(cluster, people);
  const proxies = await Promise.all(
    cluster.nodes.map((node, index) => ChaosProxy.start(() => node.port, seed + index)),
  );
  const senders = people.map((person) => new ManyWays(person, proxies));
  for (const proxy of proxies) proxy.conditions = { cutShare: 0.5, cutWithinBytes: 6000, jitterMs: 2 };
  let keys = 0;
  let tries = 0;
  let conflictsMissed = 0;
  await during(seconds, count, async (worker) => {
    const [sender, key] = [senders[worker]!, randomUUID()];
    const repeats = random.between(1, MOST_TRIES);
    keys++;
    tries += repeats;
    await Promise.all(
      Array.from({ length: repeats }, (_, way) =>
        sender.send(way + random.between(0, 11), conversationId, `text of ${key}`, key),
      ),
    );
    if (random.chance(0.2) && !(await sender.refusesOther(conversationId, key))) conflictsMissed++;
  });
  const stored = await storedMessages(cluster, [conversationId]);
  const clients = senders.flatMap((sender) => sender.clients);
  const counts = {
    keys,
    tries,
    cuts: proxies.reduce((sum, proxy) => sum + proxy.cuts, 0),
    doubles: countDoubles(stored.filter(({ content }) => content !== 'another text')),
    differing: countDiffering(
      clients.flatMap((client) => client.acks.filter(({ content }) => content !== 'another text')),
    ),
    conflicts_missed: conflictsMissed,
    gaps: countGaps(stored.map((row) => ({ stream: row.conversation_id, position: row.sequence_number }))),
    unknown: clients.reduce((sum, { unknown }) => sum + unknown, 0),
  };
  for (const sender of senders) sender.close();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  return counts;
}

export function withoutKeys(cluster: Cluster, work: () => Promise<Counts>): Promise<Counts> {
  const index = {
    table: 'messages',
    drop: `drop index messages_client_message_id_key`,
    mend: `delete from messages m using messages twin
            where m.conversation_id = twin.conversation_id and m.sender_id = twin.sender_id
              and m.client_message_id = twin.client_message_id and m.id > twin.id`,
    restore: `create unique index messages_client_message_id_key on messages (conversation_id, sender_id, client_message_id)
               where client_message_id is not null`,
  };
  const forgetTwins = (text: string): string =>
    text.replace(
      'twin.client_message_id = e.client_message_id',
      'twin.client_message_id = e.client_message_id and false',
    );
  return without(cluster, index, () => withAlteredFunction(cluster, 'append_messages', forgetTwins, work));
}

export const REPEATS: Round = {
  name: 'T2',
  promise: 'P2',
  sentence: 'One client_message_id is one message, however often and over whatever it is sent',
  mustBeZero: ['doubles', 'differing', 'conflicts_missed', 'gaps'],
  mustNotBeZero: ['keys', 'tries', 'cuts'],
  control: 'keys are neither looked up nor unique',
  broken: ['doubles', 'differing'],
  short: { seconds: 2, clients: 6 },
  long: { seconds: 30, clients: 16 },
  run: (cluster, options) =>
    options.breakIt ? withoutKeys(cluster, () => run(cluster, options)) : run(cluster, options),
};
