import { withAlteredFunction } from '../altered-database.js';
import { Client } from '../client.js';
import { type Frame, LINK_KINDS } from '../client-link.js';
import type { Cluster } from '../cluster.js';
import { during, within } from '../load.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import { Refused, type Rest } from '../rest.js';
import type { Counts, Round, RoundOptions } from '../round.js';

const GROUPS = 3;
/** Marks and changes choose among this number of newest messages. */
const SPREAD = 12;
const SETTLE_MS = 5000;

interface Counted {
  readonly unread_count: number;
  readonly mention_count: number;
}

interface Totals {
  readonly total: number;
  readonly conversations: number;
  readonly mentions: number;
  readonly threads: number;
}

interface SlowThread {
  readonly user_id: string;
  readonly root_id: string;
  readonly is_muted: boolean;
  readonly unread_count: number;
  readonly mention_count: number;
}

interface SlowRow extends Counted {
  readonly user_id: string;
  readonly conversation_id: string;
  readonly is_muted: boolean;
}

/**
 * Messages `m` that the participant `p` sees: not limited to others, not cleared, not from before joining, and not deleted
 * for themselves.
 */
const VISIBLE = `
  m.sequence_number > p.hidden_up_to_number and (m.audience is null or p.user_id = any(m.audience))
  and not exists (select from hidden_messages x where x.user_id = p.user_id and x.message_id = m.id)`;

/** The definition of the documentation, one message at a time: it uses no function, index or row of a mention. */
const SLOW_COUNT = `
  select p.user_id, p.conversation_id, p.is_silenced as is_muted,
         count(*) filter (where m.message_type <> 'system' and not m.is_thread_only) as unread_count,
         count(*) filter (where p.user_id = any(m.mentions) and not m.is_thread_only
                             or m.mention_scope = 'all' and m.seq >= p.joined_seq) as mention_count
    from participants p
    left join messages m on m.conversation_id = p.conversation_id and m.sender_id <> p.user_id and m.deleted_at is null
                        and m.sequence_number > least(p.last_read_number, p.unread_from_number - 1)
                        and ${VISIBLE}
   where p.conversation_id = any($1::uuid[]) and p.left_seq is null
   group by p.conversation_id, p.user_id`;

/** Followed threads with unread replies, one reply at a time; mentions of replies that are only in the thread. */
const SLOW_THREADS = `
  select f.user_id, f.root_id, p.is_silenced as is_muted, count(*) as unread_count,
         count(*) filter (where m.is_thread_only and f.user_id = any(m.mentions)) as mention_count
    from thread_followers f
    join messages m on m.thread_root_id = f.root_id and m.sender_id <> f.user_id and m.deleted_at is null
                   and m.sequence_number > f.last_read_number
    join participants p on p.conversation_id = m.conversation_id and p.user_id = f.user_id and p.left_seq is null
                       and ${VISIBLE}
   where m.conversation_id = any($1::uuid[]) and f.is_following
   group by f.user_id, f.root_id, p.is_silenced`;

/** Roots whose replies, last reply or repliers are not those that the replies have. */
const WRONG_ROOTS = `
  select t.root_id
    from threads t
   cross join lateral (
     select count(*) filter (where m.audience is null) as replies, coalesce(max(m.sequence_number), 0) as last_number,
            max(m.created_at) filter (where m.audience is null) as last_at
       from messages m where m.thread_root_id = t.root_id and m.deleted_at is null) c
   where t.conversation_id = any($1::uuid[])
     and (t.reply_count <> c.replies or t.last_reply_number <> c.last_number or t.last_reply_at is distinct from c.last_at
          or t.reply_user_ids is distinct from array(
               select m.sender_id from messages m
                where m.thread_root_id = t.root_id and m.deleted_at is null and m.audience is null
                group by m.sender_id order by max(m.sequence_number) desc limit 5))`;

/** A few users in a few groups who send, mention, change and delete messages, read, leave, join and mute at once. */
class Crowd {
  done = 0;
  private readonly messages = new Map<string, { id: string; number: number }[]>();

  constructor(
    private readonly members: readonly Client[],
    private readonly groupIds: readonly string[],
    private readonly random: Random,
  ) {
    for (const id of groupIds) this.messages.set(id, []);
  }

  /** One operation of a member; a refused one has no effect. The first member owns the groups and always stays. */
  async act(who: number): Promise<void> {
    try {
      await this.attempt(this.members[who]!, who === 0, this.random.pick(this.groupIds));
      this.done++;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  private async attempt({ rest, person }: Client, isOwner: boolean, groupId: string): Promise<void> {
    const group = `/conversations/${groupId}`;
    const known = this.messages.get(groupId)!;
    const message = known.length > 0 ? this.random.pick(known.slice(-SPREAD)) : undefined;
    const dice = this.random.between(0, 99);
    if (dice < 45 || !message) {
      const others = this.members.filter(() => this.random.chance(0.3)).map((other) => other.person.id);
      const reply: { reply_to_id?: string; show_in_conversation?: boolean } =
        dice < 30 && message ? { reply_to_id: message.id, show_in_conversation: this.random.chance(0.5) } : {};
      const mentions =
        dice < 10 && reply.show_in_conversation !== false
          ? { all: true, users: others }
          : dice < 25
            ? others
            : undefined;
      const audience = this.random.chance(0.3) ? [this.random.pick(this.members).person.id] : undefined;
      const sent = await rest.post<{ id: string; sequence_number: number }>(`${group}/messages`, {
        content: 'x',
        mentions,
        visible_to: audience,
        ...reply,
      });
      known.push({ id: sent.id, number: sent.sequence_number });
    } else if (dice < 52) await rest.call('DELETE', `/messages/${message.id}`);
    else if (dice < 55) await rest.call('DELETE', `/messages/${message.id}?for=me`);
    else if (dice < 60)
      await rest.call('PATCH', `/messages/${message.id}`, {
        content: 'y',
        mentions: [this.random.pick(this.members).person.id],
      });
    else if (dice < 70) await rest.post(`${group}/read`, { sequence_number: message.number });
    else if (dice < 80) await rest.post(`${group}/unread`, { sequence_number: message.number });
    else if (dice < 83) await rest.post(`/messages/${message.id}/thread/read`, { sequence_number: message.number });
    else if (dice < 84)
      await rest.call(this.random.chance(0.5) ? 'PUT' : 'DELETE', `/messages/${message.id}/thread/follow`);
    else if (dice < 86) await rest.call('PATCH', `${group}/me`, { is_muted: this.random.chance(0.5) });
    else if (dice < 90) {
      const { cursor } = await rest.get<{ cursor: string }>('/users/me/unread');
      await rest.post('/users/me/read', { all: true, ...(this.random.chance(0.5) && { cursor }) });
    } else if (isOwner && dice > 96) await rest.post(`${group}/truncate`, { up_to_number: message.number });
    else if (isOwner) {
      const other = this.random.pick(this.members.slice(1)).person.id;
      if (this.random.chance(0.5)) await rest.call('DELETE', `${group}/participants/${other}`);
      await rest.post(`${group}/participants`, { user_ids: [other] });
    } else if (dice < 93 && person) await rest.post(`${group}/leave`);
    else if (dice < 95) await rest.post(`${group}/clear`, { up_to_number: message.number });
  }

  /**
   * What every round ends with, however few operations a slow machine did: all are members again, and the others have
   * an unread mention, a mention of all, one that only the last of them sees, and a deleted message; the owner has a thread with an unread and a deleted
   * reply. In the second group a member has cleared all but the last message, and deleted one of two others for
   * themselves.
   */
  async finish(): Promise<void> {
    const [owner, replier] = this.members.map(({ rest }) => rest) as [Rest, Rest];
    const userIds = this.members.slice(1).map(({ person }) => person.id);
    const send = (rest: Rest, body: object): Promise<{ id: string }> =>
      rest.post(`/conversations/${this.groupIds[0]}/messages`, { content: 'z', ...body });
    await owner.post(`/conversations/${this.groupIds[0]}/participants`, { user_ids: userIds });
    const root = await send(owner, { mentions: [userIds.at(-1)] });
    await send(owner, { mentions: { all: true } });
    await send(owner, { mentions: { all: true, users: userIds }, visible_to: userIds.slice(-1) });
    await owner.call('DELETE', `/messages/${(await send(owner, {})).id}`);
    const reply = { reply_to_id: root.id, show_in_conversation: false };
    const { id } = await send(replier, reply);
    await send(replier, reply);
    await replier.call('DELETE', `/messages/${id}`);
    const second = `/conversations/${this.groupIds[1]}`;
    await owner.post(`${second}/participants`, { user_ids: userIds });
    const sendThere = (): Promise<{ id: string; sequence_number: number }> =>
      owner.post(`${second}/messages`, { content: 'z', mentions: userIds });
    const cleared = await sendThere();
    const hidden = await sendThere();
    await sendThere();
    await replier.post(`${second}/clear`, { up_to_number: cleared.sequence_number });
    await replier.call('DELETE', `/messages/${hidden.id}?for=me`);
  }
}

/** Whether what a member loads now equals the slow count, and what a resume sends. */
async function compare(
  client: Client,
  { rows, threads }: { rows: readonly SlowRow[]; threads: readonly SlowThread[] },
  cluster: Cluster,
  random: Random,
): Promise<Counts> {
  const counts: Counts = { unread: 0, mentions: 0, totals: 0, threads: 0, resumed: 0 };
  const totals = await client.rest.get<Totals>('/users/me/unread');
  const heard = await framesOnResume(
    client,
    rows.length,
    random.pick(LINK_KINDS),
    cluster.address(random.between(0, 1)),
  );
  for (const row of rows) {
    const shown = await client.rest.get<Counted>(`/conversations/${row.conversation_id}`);
    counts.unread! += Number(shown.unread_count !== row.unread_count);
    counts.mentions! += Number(shown.mention_count !== row.mention_count);
    const frame = heard.get(row.conversation_id)?.data as unknown as (Counted & Totals) | undefined;
    counts.resumed! += Number(
      frame?.unread_count !== shown.unread_count ||
        frame.mention_count !== shown.mention_count ||
        frame.total !== totals.total,
    );
  }
  const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
  const counted = rows.filter(({ is_muted }) => !is_muted);
  counts.totals! += Number(totals.total !== sum(counted.map((row) => row.unread_count)));
  counts.totals! += Number(totals.conversations !== counted.filter((row) => row.unread_count > 0).length);
  counts.totals! += Number(totals.mentions !== sum([...rows, ...threads].map((row) => row.mention_count)));
  counts.threads! += Number(totals.threads !== threads.filter(({ is_muted }) => !is_muted).length);
  const inbox = await client.rest.get<{ data: { root_id: string; unread_count: number }[] }>(
    '/threads?unread=true&limit=100',
  );
  const listed = new Map(inbox.data.map((thread) => [thread.root_id, thread.unread_count]));
  if (threads.length <= 100) counts.threads! += Number(listed.size !== threads.length);
  for (const thread of threads.slice(0, 100))
    counts.threads! += Number(listed.has(thread.root_id) && listed.get(thread.root_id) !== thread.unread_count);
  return counts;
}

/** The `unread.changed` of each conversation that a client receives when it resumes. */
async function framesOnResume(
  client: Client,
  count: number,
  kind: (typeof LINK_KINDS)[number],
  address: string,
): Promise<Map<string, Frame>> {
  const heard = new Map<string, Frame>();
  client.cut();
  client.onFrame = (frame) => {
    if (frame.type === 'unread.changed') heard.set(frame.data.conversation_id as string, frame);
  };
  await client.connect(kind, { address });
  await within(SETTLE_MS, () => heard.size >= count);
  return heard;
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const people = await register(cluster, count);
  const groupIds: string[] = [];
  for (let i = 0; i < GROUPS; i++) groupIds.push(await createGroup(cluster, people));
  const members = people.map((person, index) => new Client(person, () => cluster.address(index)));
  for (const member of members) await member.follow(groupIds[0]!);
  const crowd = new Crowd(members, groupIds, random);
  await during(seconds, members.length, (worker) => crowd.act(worker));
  await crowd.finish();
  const rows = await cluster.query<SlowRow>(SLOW_COUNT, [groupIds]);
  const unreadThreads = await cluster.query<SlowThread>(SLOW_THREADS, [groupIds]);
  const wrongRoots = await cluster.query(WRONG_ROOTS, [groupIds]);
  const differences: Counts = { unread: 0, mentions: 0, totals: 0, threads: wrongRoots.length, resumed: 0 };
  for (const member of members) {
    const isOwn = ({ user_id }: { user_id: string }): boolean => user_id === member.person.id;
    const own = { rows: rows.filter(isOwn), threads: unreadThreads.filter(isOwn) };
    const found = await compare(member, own, cluster, random);
    for (const name of Object.keys(differences)) differences[name]! += found[name]!;
  }
  for (const member of members) member.close();
  return {
    operations: crowd.done,
    unread: rows.reduce((sum, row) => sum + row.unread_count, 0),
    mentions: rows.reduce((sum, row) => sum + row.mention_count, 0),
    threads: unreadThreads.length,
    unread_mismatches: differences.unread!,
    mention_mismatches: differences.mentions!,
    total_mismatches: differences.totals!,
    thread_mismatches: differences.threads!,
    resume_mismatches: differences.resumed!,
  };
}

export const UNREAD: Round = {
  name: 'T27',
  promise: 'P11',
  sentence: 'Unread messages, mentions, threads and totals are what a slow count finds, and what a resume sends',
  mustBeZero: ['unread_mismatches', 'mention_mismatches', 'total_mismatches', 'thread_mismatches', 'resume_mismatches'],
  mustNotBeZero: ['operations', 'unread', 'mentions', 'threads'],
  control:
    'deleted, own, cleared and hidden messages and those for others count, mentions of all do not, and deleted replies stay in the counts of threads',
  broken: ['unread_mismatches', 'mention_mismatches', 'total_mismatches', 'thread_mismatches'],
  short: { seconds: 3, clients: 5 },
  long: { seconds: 60, clients: 12 },
  run: (cluster, options) =>
    options.breakIt
      ? withAlteredFunction(cluster, 'unread_messages', countingAll, () =>
          withAlteredFunction(cluster, 'unread_mentions', forgettingAll, () =>
            withAlteredFunction(cluster, 'recount_threads', keepingDeleted, () => run(cluster, options)),
          ),
        )
      : run(cluster, options),
};

function countingAll(text: string): string {
  return text
    .replace('m.deleted_at is not null or m.message_type', 'm.message_type')
    .replace('or not is_in_audience(m.audience, m.sender_id, reader.user_id)', '')
    .replace('own_messages_above(reader, mark.number)', '0')
    .replace('reader.hidden_up_to_number', '0')
    .replace('hidden_unread_messages(reader, mark.number, settings)', '0');
}

function forgettingAll(text: string): string {
  return text.replace(`m.mention_scope = 'all'`, `m.mention_scope = 'none'`);
}

function keepingDeleted(text: string): string {
  return text.replaceAll('and m.deleted_at is null', '');
}
