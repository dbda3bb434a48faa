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
  /** Messages from before a user has joined that they were shown. */
  below_join: number;
}

/** A participant who is removed from a conversation and then tries every way to receive more. */
class Leaver {
  private frames: Frame[] = [];
  /** Messages of the owner from before the user has joined. */
  private older: ReadonlySet<string> = new Set();

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
    this.older = new Set(owner.acks.map(({ id }) => id));
    await owner.rest.post(`${path}/participants`, { user_ids: [client.person.id] });
    const { at_seq: from } = await client.follow(conversationId);
    const address = (): string => cluster.address(random.between(0, cluster.nodes.length - 1));
    await client.connect(random.pick(LINK_KINDS), { address: address() });
    await sleep(random.between(0, 60));
    const { cursor } = client;
    tally.below_join += await this.countOlder();
    await owner.rest.call('DELETE', `${path}/participants/${client.person.id}`);
    tally.removals++;
    const cut = await this.findCut(cluster);
    await within(3000, () => this.frames.some(({ seq }) => seq === cut));
    await sleep(LINGER_MS);
    client.cut();
    tally.owed_missing += countOwed(this.frames, from, cut);
    tally.below_join += this.frames.filter(({ data }) => this.shows(data.message as Message | undefined)).length;
    client.cursor = cursor;
    await client.connect(random.pick(LINK_KINDS), { address: address() });
    tally.past_cut += this.frames.filter(({ seq }) => seq! > cut).length;
    tally.past_cut += await this.countRead(cursor!, cut);
    client.cut();
  }

  /** Whether a message, or what it quotes, is from before the user has joined. */
  private shows(message: Pick<Message, 'id' | 'reply_to_id' | 'reply_to_content'> | undefined): boolean {
    if (!message) return false;
    const { id, reply_to_id: quoted, reply_to_content: quote } = message;
    return this.older.has(id) || (quote !== null && quoted !== null && this.older.has(quoted));
  }

  /** Counts what a participant reads of the messages from before they have joined. */
  private async countOlder(): Promise<number> {
    const { rest } = this.client;
    const path = `/conversations/${this.conversationId}`;
    const lists = [
      `${path}/messages?limit=100`,
      `${path}/pins`,
      `/search/messages?q=marker&conversation_id=${this.conversationId}&limit=100`,
    ];
    const pages = await Promise.all(lists.map((list) => rest.get<{ data: Message[] }>(list)));
    const events = await rest.get<{ data: Frame[] }>(`${path}/events?after_seq=0`);
    const messages = [
      ...pages.flatMap(({ data }) => data),
      ...events.data.map(({ data }) => data.message as Message | undefined),
    ];
    const [known] = [...this.older];
    const isFound = await rest.get(`/messages/${known}`).then(
      () => true,
      (error) => !(error instanceof Refused),
    );
    return messages.filter((message) => this.shows(message)).length + Number(isFound);
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

/** Edits, pins or quotes a message that may be from before a participant has joined. */
async function changeOlder({ rest, acks }: Client, conversationId: string, random: Random): Promise<void> {
  const { id } = random.pick(acks);
  const kind = random.between(0, 2);
  if (kind === 0) await rest.call('PATCH', `/messages/${id}`, { content: 'marker, edited' });
  else if (kind === 1) await rest.call('PUT', `/messages/${id}/pin`);
  else await rest.post(`/conversations/${conversationId}/messages`, { content: 'marker', reply_to_id: id });
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count + 2);
  const settings = { history_visibility: 'since_join' };
  const conversationId = await createGroup(cluster, people.slice(0, 2), { settings });
  const [owner, writer, ...rest] = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const leavers = rest.map((client) => new Leaver(client, owner!, conversationId, random));
  const tally: Tally = { removals: 0, past_cut: 0, owed_missing: 0, below_join: 0 };
  await owner!.send(conversationId, 'marker');
  await Promise.all([
    during(seconds, 4, async (index, turn) => {
      await [owner!, writer!][index % 2]!.send(conversationId, `marker ${index}/${turn}`);
      if (turn % 4 === 0) await changeOlder(owner!, conversationId, random);
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
  sentence:
    'A removed participant gets everything since joining up to the removal, and nothing before or after it, on any path',
  mustBeZero: ['past_cut', 'owed_missing', 'below_join'],
  mustNotBeZero: ['sent', 'removals'],
  control: 'leaving does not end delivery, and joining hides no older messages',
  broken: ['past_cut', 'below_join'],
  short: { seconds: 2, clients: 8 },
  long: { seconds: 60, clients: 24 },
  controlFaults: { leaversStay: true, showHistory: true },
  run,
};
