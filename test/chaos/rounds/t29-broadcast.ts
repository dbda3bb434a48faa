import { setTimeout as sleep } from 'node:timers/promises';
import { countInversions, type Sighting } from '../checker.js';
import { Client, type Message } from '../client.js';
import { LINK_KINDS } from '../client-link.js';
import type { Cluster } from '../cluster.js';
import { NO_BUS } from '../faults.js';
import { during, within } from '../load.js';
import { logInAdmin, register } from '../people.js';
import { Random } from '../random.js';
import { Rest } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';

const SETTLE_MS = 5000;

/** A reader and the messages they received, in the order in which those first arrived. */
class Reader {
  readonly sightings: Sighting[] = [];
  private readonly known = new Set<string>();
  /** The position of the newest message when the reader had joined. */
  since = 0;
  resumes = 0;

  constructor(
    readonly client: Client,
    private readonly conversationId: string,
    private readonly random: Random,
  ) {
    client.onFrame = (frame) => {
      const message = frame.data?.message as Message | undefined;
      if (frame.type !== 'message.created' || frame.conversation_id !== conversationId || !message) return;
      if (this.known.has(message.id)) return;
      this.known.add(message.id);
      this.sightings.push({ id: message.id, seq: message.seq, at: message.created_at });
    };
  }

  async join(): Promise<void> {
    await this.client.rest.post(`/conversations/${this.conversationId}/join`);
    this.since = (await this.client.follow(this.conversationId)).at_seq;
    await this.connect();
  }

  /** Loses the connection, and resumes on either node after a while. */
  async resume(): Promise<void> {
    this.client.cut();
    await sleep(this.random.between(10, 80));
    await this.connect();
    this.resumes++;
  }

  /** Messages from after joining that have not arrived. */
  missing(messages: readonly { id: string; seq: number }[]): number {
    return messages.filter(({ id, seq }) => seq > this.since && !this.known.has(id)).length;
  }

  /** A reconnect that the round itself cuts off is repeated. */
  private async connect(): Promise<void> {
    await this.client.connect(this.random.pick(LINK_KINDS), { statesPositions: this.random.chance(0.5) });
  }
}

async function run(
  cluster: Cluster,
  { seconds, clients: count, seed, breakIt }: Required<RoundOptions>,
): Promise<Counts> {
  const random = new Random(seed);
  const host = new Rest(() => cluster.address(0), await logInAdmin(cluster));
  const room = { type: 'room', type_name: 'broadcast', slug: `news-${random.between(0, 1e9)}` };
  const { id: conversationId } = await host.post<{ id: string }>('/conversations', room);
  const people = await register(cluster, count);
  const readers = people.map((person, index) => {
    return new Reader(new Client(person, () => cluster.address(index)), conversationId, random);
  });
  const [early, late] = [readers.filter((_, index) => index % 3 !== 0), readers.filter((_, index) => index % 3 === 0)];
  await Promise.all(early.map((reader) => reader.join()));
  await Promise.all([
    during(seconds, 4, async (writer, turn) => {
      await host.post(`/conversations/${conversationId}/messages`, { content: `${writer}/${turn}` });
      await sleep(random.between(0, 20));
    }),
    // Half of the readers stay connected.
    during(seconds, 1, async () => {
      await sleep(random.between(20, 100));
      await random.pick(early.slice(early.length >> 1)).resume();
    }),
    Promise.all(
      late.map(async (reader) => {
        await sleep(random.between(0, seconds * 500));
        await reader.join();
      }),
    ),
  ]);
  host.close();
  const messages = await cluster.query<{ id: string; seq: number }>(
    `select id, seq from messages where conversation_id = $1 order by seq`,
    [conversationId],
  );
  const missing = (): number => readers.reduce((sum, reader) => sum + reader.missing(messages), 0);
  await within(breakIt ? 500 : SETTLE_MS, () => missing() === 0);
  for (const { client } of readers) await client.settled();
  const isSystem = await cluster.query(`select from events where stream_id = $1 and type = 'participant.joined'`, [
    conversationId,
  ]);
  const counts = {
    sent: messages.length,
    received: readers.reduce((sum, { sightings }) => sum + sightings.length, 0),
    resumes: readers.reduce((sum, { resumes }) => sum + resumes, 0),
    missing: missing(),
    inversions: countInversions(readers.map(({ sightings }) => sightings)),
    gaps: readers.reduce((sum, { client }) => sum + client.streams.get(conversationId)!.gaps, 0),
    events_of_joins: isSystem.length,
  };
  for (const { client } of readers) client.close();
  return counts;
}

export const BROADCAST: Round = {
  name: 'T29',
  promise: 'P4',
  sentence:
    'Readers of a broadcast conversation receive all its messages since they joined, in order, also over resumes',
  mustBeZero: ['missing', 'inversions', 'gaps'],
  mustNotBeZero: ['sent', 'received', 'resumes'],
  control: 'nodes hand events out as they come, and nothing finds those of the other node',
  broken: ['missing', 'gaps'],
  short: { seconds: 1.5, clients: 9 },
  long: { seconds: 30, clients: 48 },
  controlFaults: { ...NO_BUS, noReconciler: true, deliverUnordered: true },
  run,
};
