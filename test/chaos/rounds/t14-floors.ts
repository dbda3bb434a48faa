import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Message, type MessagePage } from '../client.js';
import type { Cluster } from '../cluster.js';
import { type Frame, LINK_KINDS } from '../client-link.js';
import { during, within } from '../load.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';

const PAGE = 100;
const SETTLE_MS = 5000;
/** A truncation leaves this number of newest messages. */
const KEPT = 25;

const WAYS = ['invitation', 'link', 'request'] as const;
type Way = (typeof WAYS)[number];

interface History {
  readonly history_visibility: 'all' | 'since_join' | 'since_date';
  readonly history_since?: string;
}

interface StoredMessage {
  readonly id: string;
  readonly sequence_number: number;
  readonly seq: number;
  readonly sender_id: string;
  readonly created_at: Date;
}

interface StoredEvent {
  readonly seq: number;
  readonly type: string;
  readonly subject_id: string;
  readonly payload: { hidden_up_to_number?: number } | null;
}

/** What the tables say of the conversation; `histories` are its settings in the order of their changes. */
interface Facts {
  readonly messages: readonly StoredMessage[];
  readonly events: readonly StoredEvent[];
  readonly histories: readonly History[];
}

/** A user who joins in one of three ways, and leaves. */
class Joiner {
  readonly joined: Record<Way, number> = { invitation: 0, link: 0, request: 0 };
  private frames: Frame[] = [];
  private cursor: string | undefined;
  private isInside = false;

  constructor(
    readonly client: Client,
    private readonly owner: Client,
    private readonly conversationId: string,
    private readonly random: Random,
  ) {
    client.onFrame = (frame) => this.frames.push(frame);
  }

  /** Leaves if the user is inside, and joins. Between them is a cursor, from which the user resumes at the end. */
  async come(way: Way, cluster: Cluster): Promise<void> {
    const { client, owner, conversationId, random } = this;
    const path = `/conversations/${conversationId}`;
    if (this.isInside) await client.rest.post(`${path}/leave`);
    client.cursor = undefined;
    await client.connect(random.pick(LINK_KINDS), { address: cluster.address(random.between(0, 1)) });
    this.cursor = client.cursor;
    client.cut();
    if (way === 'invitation') {
      const userIds = { user_ids: [client.person.id] };
      const { data } = await owner.rest.post<{ data: { id: string }[] }>(`${path}/invitations`, userIds);
      await client.rest.post(`/invitations/${data[0]!.id}/accept`);
    } else if (way === 'link') {
      const { code } = await owner.rest.post<{ code: string }>(`${path}/invite-links`, { max_uses: 1 });
      await client.rest.post('/invite-links/join', { code });
    } else {
      const { id } = await client.rest.post<{ id: string }>(`${path}/join-requests`);
      await owner.rest.post(`/join-requests/${id}/approve`);
    }
    this.isInside = true;
    this.joined[way]++;
  }

  /** Differences between what the user reads and what the slow count finds. */
  async compare(facts: Facts, cluster: Cluster): Promise<Counts> {
    const { client, conversationId } = this;
    const floor = floorOf(client.person.id, facts);
    const visible = facts.messages.filter((message) => message.sequence_number > floor);
    const ids = visible.map(({ id }) => id);
    const path = `/conversations/${conversationId}`;
    const listed = await this.readAll(`${path}/messages?limit=${PAGE}`);
    const search = `/search/messages?q=marker&conversation_id=${conversationId}&limit=${PAGE}`;
    let found: string[] = [];
    const isComplete = async (): Promise<boolean> => {
      found = (await this.readAll(search)).map(({ id }) => id);
      return isSame(found, ids);
    };
    const isFound = await within(SETTLE_MS / 5, isComplete);
    const oldest = listed.at(-1);
    let unread = 0;
    if (oldest) {
      await client.rest.post(`${path}/unread`, { sequence_number: oldest.sequence_number });
      unread = (await client.rest.get<{ unread_count: number }>(path)).unread_count;
    }
    return {
      visible: visible.length,
      hidden: facts.messages.length - visible.length,
      list_mismatches: Number(
        !isSame(
          listed.map(({ id }) => id),
          ids,
        ),
      ),
      search_mismatches: Number(!isFound),
      unread_mismatches: Number(unread !== visible.filter(({ sender_id: id }) => id !== client.person.id).length),
      ...(await this.compareResume(facts, floor, cluster)),
    };
  }

  /** A resume from before joining has every visible message since then, and nothing of an older one. */
  private async compareResume(facts: Facts, floor: number, cluster: Cluster): Promise<Counts> {
    const { client, conversationId, random } = this;
    const joinedSeq = joinsOf(client.person.id, facts).at(-1)!.seq;
    const owed = facts.messages.filter(({ seq, sequence_number: n }) => seq > joinedSeq && n > floor);
    this.frames = [];
    client.cursor = this.cursor;
    await client.connect(random.pick(LINK_KINDS), { address: cluster.address(random.between(0, 1)) });
    const own = (): Frame[] => this.frames.filter((frame) => frame.conversation_id === conversationId && frame.seq);
    const isResynced = (): boolean => this.frames.some(({ type }) => type === 'resync');
    const last = facts.events.at(-1)!.seq;
    await within(SETTLE_MS, () => isResynced() || own().some(({ seq }) => seq === last));
    client.cut();
    if (isResynced()) return { resumed: 0, resume_mismatches: 0 };
    const shown = own().flatMap(({ type, data }) => {
      const message = data.message as Message | undefined;
      return message ? [{ type, message }] : [];
    });
    const created = shown.filter(({ type }) => type === 'message.created').map(({ message }) => message.id);
    const isBelow = ({ message }: { message: Message }): boolean => message.sequence_number <= floor;
    const isWrong =
      shown.some(isBelow) ||
      !isSame(
        created,
        owed.map(({ id }) => id),
      );
    return { resumed: 1, resume_mismatches: Number(isWrong) };
  }

  private async readAll(query: string): Promise<Message[]> {
    const messages: Message[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const page: MessagePage = await this.client.rest.get<MessagePage>(query + next);
      messages.push(...page.data);
      cursor = page.next_cursor;
    }
    return messages;
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && new Set([...some, ...others]).size === some.length;
}

function joinsOf(userId: string, { events }: Facts): StoredEvent[] {
  return events.filter(({ type, subject_id: id }) => type === 'participant.joined' && id === userId);
}

/** The number up to which a user sees nothing: by the settings at each of their joins, and by every truncation. */
function floorOf(userId: string, facts: Facts): number {
  const { messages, events, histories } = facts;
  const truncated = events.filter(({ type }) => type === 'conversation.truncated');
  const newestOf = (some: readonly StoredMessage[]): number => some.at(-1)?.sequence_number ?? 0;
  const atJoins = joinsOf(userId, facts).map(({ seq }) => {
    const changes = events.filter((event) => event.type === 'conversation.updated' && event.seq < seq).length;
    const { history_visibility: visibility, history_since: since } = histories[changes]!;
    if (visibility === 'since_join') return newestOf(messages.filter((message) => message.seq < seq));
    if (visibility === 'all') return 0;
    return newestOf(messages.filter((message) => message.seq < seq && message.created_at < new Date(since!)));
  });
  return Math.max(0, ...truncated.map(({ payload }) => payload!.hidden_up_to_number!), ...atJoins);
}

/** Changes what users who join see, truncates, and edits messages, one after the other. */
class Owner {
  /** The settings from the creation on. */
  readonly histories: History[] = [{ history_visibility: 'since_join' }];
  truncations = 0;

  constructor(
    readonly client: Client,
    private readonly conversationId: string,
    private readonly random: Random,
  ) {}

  async change(): Promise<void> {
    const { client, random } = this;
    const kind = random.between(0, 9);
    const since = new Date(Date.now() - random.between(0, 1000)).toISOString();
    if (kind < 2) await this.show({ history_visibility: 'all' });
    else if (kind < 5) await this.show({ history_visibility: 'since_join' });
    else if (kind < 7) await this.show({ history_visibility: 'since_date', history_since: since });
    else if (kind < 9) await this.edit(random.pick(client.acks).id);
    else await this.truncate();
  }

  async truncate(): Promise<void> {
    const number = Math.max(1, this.client.acks.at(-1)!.sequenceNumber - KEPT);
    await this.client.rest.post(`/conversations/${this.conversationId}/truncate`, { up_to_number: number });
    this.truncations++;
  }

  async show(history: History): Promise<void> {
    await this.client.rest.call('PATCH', `/conversations/${this.conversationId}`, { settings: history });
    this.histories.push(history);
  }

  /** A truncated message can no longer be edited. */
  async edit(id: string): Promise<void> {
    await this.client.rest.call('PATCH', `/messages/${id}`, { content: 'marker, edited' }).catch(() => undefined);
  }
}

async function readFacts(cluster: Cluster, conversationId: string, histories: readonly History[]): Promise<Facts> {
  const messages = await cluster.query<StoredMessage>(
    `select id, sequence_number, seq, sender_id, created_at from messages where conversation_id = $1 order by sequence_number`,
    [conversationId],
  );
  const events = await cluster.query<StoredEvent>(
    `select seq, type, subject_id, payload from events where stream_id = $1 order by seq`,
    [conversationId],
  );
  return { messages, events, histories };
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count + WAYS.length + 2);
  const settings = { history_visibility: 'since_join', join_requests: true };
  const conversationId = await createGroup(cluster, people.slice(0, 2), { settings });
  const [first, writer, ...rest] = people.map((person, index) => new Client(person, () => cluster.address(index)));
  const owner = new Owner(first!, conversationId, random);
  const joiners = rest.map((client) => new Joiner(client, owner.client, conversationId, random));
  await owner.client.send(conversationId, 'marker, the first');
  await Promise.all([
    during(seconds, 2, async (index, turn) => {
      await [owner.client, writer!][index]!.send(conversationId, `marker ${index}/${turn}`);
      await sleep(random.between(10, 40));
    }),
    during(seconds, 1, async () => {
      await owner.change();
      await sleep(random.between(20, 80));
    }),
    during(seconds, count, async (index) => {
      await joiners[index]!.come(random.pick(WAYS), cluster);
      await sleep(random.between(50, 200));
    }),
  ]);
  // However little a slow machine did, a user joins in each way, and messages from before and after it are edited.
  await owner.truncate();
  await owner.show({ history_visibility: 'since_join' });
  for (const [index, way] of WAYS.entries()) await joiners[count + index]!.come(way, cluster);
  await writer!.send(conversationId, 'marker, the last');
  await owner.edit(owner.client.acks.at(-1)!.id);
  const facts = await readFacts(cluster, conversationId, owner.histories);
  const counts: Counts = { sent: facts.messages.length, truncations: owner.truncations };
  for (const way of WAYS) counts[way] = joiners.reduce((sum, { joined }) => sum + joined[way], 0);
  for (const found of await Promise.all(joiners.map((joiner) => joiner.compare(facts, cluster)))) {
    for (const [name, value] of Object.entries(found)) counts[name] = (counts[name] ?? 0) + value;
  }
  for (const client of [owner.client, writer!, ...rest]) client.close();
  return counts;
}

export const FLOORS: Round = {
  name: 'T14-floors',
  promise: 'P14',
  sentence:
    'Who joins by an invitation, a link or a request lists, finds, receives and counts what the settings of that moment show, and nothing else',
  mustBeZero: ['list_mismatches', 'search_mismatches', 'unread_mismatches', 'resume_mismatches'],
  mustNotBeZero: ['sent', 'truncations', 'visible', 'hidden', 'resumed', ...WAYS],
  control: 'joining hides no older messages',
  broken: ['list_mismatches', 'search_mismatches', 'unread_mismatches', 'resume_mismatches'],
  short: { seconds: 1, clients: 4 },
  long: { seconds: 30, clients: 12 },
  controlFaults: { showHistory: true },
  run,
};
