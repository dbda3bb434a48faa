import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Message } from '../client.js';
import type { Cluster } from '../cluster.js';
import { type Frame, LINK_KINDS } from '../client-link.js';
import { during, within } from '../load.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import { Refused } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';

/** This long after a removal everything that was on its way has arrived. */
const LINGER_MS = 250;

interface Tally {
  removals: number;
  past_cut: number;
  owed_missing: number;
}

/** A participant who is removed from a conversation and then tries every way to receive more. */
class Leaver {
  private frames: Frame[] = [];

  constructor(
    private readonly client: Client,
    private readonly owner: Client,
    private readonly conversationId: string,
    private readonly random: Random,
  ) {
    client.onFrame = (frame) => {
      if (frame.conversation_id === conversationId && frame.seq) this.frames.push(frame);
    };
  }

  /** Joins, receives, and is removed during the traffic; then everything that arrived is checked. */
  async comeAndBeRemoved(cluster: Cluster, tally: Tally): Promise<void> {
    const { client, owner, conversationId, random } = this;
    const path = `/conversations/${conversationId}`;
    this.frames = [];
    await owner.rest.post(`${path}/participants`, { user_ids: [client.person.id] });
    const { at_seq: from } = await client.follow(conversationId);
    const address = (): string => cluster.address(random.between(0, cluster.nodes.length - 1));
    await client.connect(random.pick(LINK_KINDS), { address: address() });
    await sleep(random.between(0, 60));
    const { cursor } = client;
    await owner.rest.call('DELETE', `${path}/participants/${client.person.id}`);
    tally.removals++;
    const cut = await this.findCut(cluster);
    await within(3000, () => this.frames.some(({ seq }) => seq === cut));
    await sleep(LINGER_MS);
    client.cut();
    tally.owed_missing += countOwed(this.frames, from, cut);
    client.cursor = cursor;
    await client.connect(random.pick(LINK_KINDS), { address: address() });
    tally.past_cut += this.frames.filter(({ seq }) => seq! > cut).length;
    tally.past_cut += await this.countRead(cursor!, cut);
    client.cut();
  }

  private async findCut(cluster: Cluster): Promise<number> {
    const [row] = await cluster.query<{ left_seq: number }>(
      `select left_seq from participants where conversation_id = $1 and user_id = $2`,
      [this.conversationId, this.client.person.id],
    );
    return row!.left_seq;
  }

  /** Counts reads after the removal that are not refused. */
  private async countRead(cursor: string, cut: number): Promise<number> {
    const { rest } = this.client;
    const { conversationId } = this;
    const newest = this.owner.acks.at(-1)!;
    const paths = [
      `/conversations/${conversationId}`,
      `/conversations/${conversationId}/messages`,
      `/conversations/${conversationId}/events?after_seq=${cut}`,
      `/conversations/${conversationId}/pins`,
      `/messages/${newest.id}`,
      `/search/messages?q=marker&conversation_id=${conversationId}`,
    ];
    const refused = await Promise.all(
      paths.map((path) =>
        rest.get(path).then(
          () => false,
          (error) => error instanceof Refused,
        ),
      ),
    );
    const { data } = await rest.get<{ data: Message[] }>('/search/messages?q=marker');
    const { events } = await rest.get<{ events: Frame[] }>(`/sync?cursor=${encodeURIComponent(cursor)}`);
    const late = events.filter((event) => event.conversation_id === conversationId && event.seq! > cut);
    return refused.filter((isRefused) => !isRefused).length + data.length + late.length;
  }
}

/** Counts positions after `from`, up to and including the removal, that never arrived. */
function countOwed(frames: readonly Frame[], from: number, cut: number): number {
  const seen = new Set(frames.map(({ seq }) => seq));
  let missing = 0;
  for (let seq = from + 1; seq <= cut; seq++) if (!seen.has(seq)) missing++;
  return missing;
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count + 2);
  const conversationId = await createGroup(cluster, people.slice(0, 2));
  const [owner, writer, ...rest] = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const leavers = rest.map((client) => new Leaver(client, owner!, conversationId, random));
  const tally: Tally = { removals: 0, past_cut: 0, owed_missing: 0 };
  await owner!.send(conversationId, 'marker');
  await Promise.all([
    during(seconds, 4, async (index, turn) => {
      await [owner!, writer!][index % 2]!.send(conversationId, `marker ${index}/${turn}`);
      await sleep(random.between(0, 20));
    }),
    during(seconds, count, (index) => leavers[index]!.comeAndBeRemoved(cluster, tally)),
  ]);
  const sent = owner!.acks.length + writer!.acks.length;
  for (const client of [owner!, writer!, ...rest]) client.close();
  return { sent, ...tally };
}

export const REMOVAL: Round = {
  name: 'T14',
  promise: 'P14',
  sentence: 'A removed participant gets everything up to the removal and nothing after it, on any path',
  mustBeZero: ['past_cut', 'owed_missing'],
  mustNotBeZero: ['sent', 'removals'],
  control: 'leaving does not end delivery',
  broken: ['past_cut'],
  short: { seconds: 2, clients: 8 },
  long: { seconds: 60, clients: 24 },
  controlFaults: { leaversStay: true },
  run,
};
