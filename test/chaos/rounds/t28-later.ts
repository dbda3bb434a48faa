import { withoutKeys } from './t2-repeats.js';
import { Client } from '../client.js';
import type { Cluster } from '../cluster.js';
import { within } from '../load.js';
import { createGroup, register } from '../people.js';
import { Random } from '../random.js';
import type { Counts, Round, RoundOptions } from '../round.js';

/** More than one worker takes at once, so that both nodes have taken some. */
const SCHEDULED = 210;
const SETTLE_MS = 20_000;
/** Until a worker records what it has sent, the kill comes. */
const HELD_SECONDS = 0.5;

const HELD_TABLES = {
  scheduled_messages: 'before delete on scheduled_messages',
  saved_messages: 'before update on saved_messages',
} as const;

/** What becomes of messages and reminders waits for a while before it is recorded. */
async function whileHeld(cluster: Cluster, work: () => Promise<void>): Promise<void> {
  await cluster.query(
    `create or replace function chaos_hold() returns trigger language plpgsql as
       $$ begin perform pg_sleep(${HELD_SECONDS}); return null; end $$`,
  );
  for (const [table, when] of Object.entries(HELD_TABLES))
    await cluster.query(`create trigger chaos_hold_${table} ${when} for each statement execute function chaos_hold()`);
  try {
    await work();
  } finally {
    for (const table of Object.keys(HELD_TABLES)) await cluster.query(`drop trigger chaos_hold_${table} on ${table}`);
    await cluster.query('drop function chaos_hold()');
  }
}

/** Messages and reminders of some users, all of which are due at the same moment. */
class Later {
  constructor(
    private readonly cluster: Cluster,
    private readonly members: readonly Client[],
    private readonly conversationId: string,
  ) {}

  /** Each user schedules one and saves one message; of the scheduled ones there are copies. */
  async prepare(): Promise<void> {
    const [first] = this.members;
    const { id } = (await first!.send(this.conversationId, 'to be saved'))!;
    const later = '2100-01-01T00:00:00Z';
    const path = `/conversations/${this.conversationId}/scheduled-messages`;
    await Promise.all(
      this.members.flatMap(({ rest }) => [
        rest.post(path, { content: 'scheduled', send_at: later }),
        rest.call('PUT', `/messages/${id}/saved`, { remind_at: later }),
      ]),
    );
    await this.cluster.query(
      `insert into scheduled_messages (id, conversation_id, sender_id, client_message_id, send, send_at, due_at)
       select n.id, n.conversation_id, n.sender_id, n.id, jsonb_set(n.send, '{client_message_id}', to_jsonb(n.id::text)),
              n.send_at, n.due_at
         from (select gen_random_uuid() as id, s.conversation_id, s.sender_id, s.send, s.send_at, s.due_at
                 from scheduled_messages s cross join generate_series(2, $2::int)
                where s.conversation_id = $1) n`,
      [this.conversationId, Math.ceil(SCHEDULED / this.members.length)],
    );
  }

  async beginNow(): Promise<void> {
    const values = [this.conversationId];
    await this.cluster.query(
      `update scheduled_messages set send_at = now(), due_at = now() where conversation_id = $1`,
      values,
    );
    await this.cluster.query(`update saved_messages set remind_at = now() where conversation_id = $1`, values);
  }

  /** The share of the messages that is stored, though possibly not yet recorded as sent. */
  async shareStored(): Promise<number> {
    const [row] = await this.cluster.query<{ count: number }>(
      `select count(*) as count from messages where conversation_id = $1 and content = 'scheduled'`,
      [this.conversationId],
    );
    return row!.count / (Math.ceil(SCHEDULED / this.members.length) * this.members.length);
  }

  async waiting(): Promise<number> {
    const [row] = await this.cluster.query<{ count: number }>(
      `select (select count(*) from scheduled_messages where conversation_id = $1)
            + (select count(*) from saved_messages where conversation_id = $1 and remind_at is not null) as count`,
      [this.conversationId],
    );
    return row!.count;
  }

  /** How often each was stored and announced. */
  async outcome(): Promise<Counts> {
    const counts = async (text: string, values: unknown[]): Promise<number[]> =>
      (await this.cluster.query<{ count: number }>(text, values)).map(({ count }) => count);
    const userIds = this.members.map(({ person }) => person.id);
    const wanted = Math.ceil(SCHEDULED / this.members.length) * this.members.length;
    const sent = await counts(
      `select count(*) as count from messages where conversation_id = $1 and content = 'scheduled' group by client_message_id`,
      [this.conversationId],
    );
    const announced = await counts(
      `select count(*) as count from events e
        where e.stream_id = any($1::uuid[]) and e.type = 'scheduled_message.removed' and e.payload ->> 'conversation_id' = $2
        group by e.subject_id`,
      [userIds, this.conversationId],
    );
    const reminded = await counts(
      `select count(*) as count from events e
        where e.stream_id = any($1::uuid[]) and e.type = 'saved_message.due' and e.payload ->> 'conversation_id' = $2
        group by e.stream_id`,
      [userIds, this.conversationId],
    );
    const repeated = (list: number[]): number => list.filter((count) => count > 1).length;
    return {
      sent: sent.length,
      sent_twice: repeated(sent),
      not_sent: wanted - sent.length,
      announced_twice: repeated(announced),
      not_announced: wanted - announced.length,
      reminders: reminded.length,
      reminded_twice: repeated(reminded),
      not_reminded: userIds.length - reminded.length,
    };
  }
}

async function run(cluster: Cluster, { seconds, clients: count, seed }: Required<RoundOptions>): Promise<Counts> {
  const random = new Random(seed);
  const until = performance.now() + seconds * 1000;
  const total: Counts = { kills: 0, resent: 0 };
  for (let turn = 0; turn === 0 || performance.now() < until; turn++) {
    const people = await register(cluster, count);
    const conversationId = await createGroup(cluster, people);
    const members = people.map((person, index) => new Client(person, () => cluster.address(index)));
    const later = new Later(cluster, members, conversationId);
    await later.prepare();
    const victim = cluster.nodes[turn % cluster.nodes.length]!;
    // First when everything is stored and nothing is recorded, later also in the middle.
    const share = turn === 0 ? 1 : random.between(1, 100) / 100;
    await whileHeld(cluster, async () => {
      await later.beginNow();
      await within(SETTLE_MS, async () => (await later.shareStored()) >= share);
      total.resent! += await later.waiting();
      await victim.kill();
      total.kills!++;
    });
    // The other node has it after the lease, whether or not this one is up again.
    await Promise.all([victim.start(), within(SETTLE_MS, async () => (await later.waiting()) === 0)]);
    for (const [name, value] of Object.entries(await later.outcome())) total[name] = (total[name] ?? 0) + value;
    for (const member of members) member.close();
  }
  return total;
}

export const LATER: Round = {
  name: 'T28',
  promise: 'P2',
  sentence:
    'Scheduled messages are stored once and reminders are given once, though the worker that has them is killed',
  mustBeZero: ['sent_twice', 'not_sent', 'announced_twice', 'not_announced', 'reminded_twice', 'not_reminded'],
  mustNotBeZero: ['kills', 'resent', 'sent', 'reminders'],
  control: 'keys are neither looked up nor unique',
  broken: ['sent_twice'],
  short: { seconds: 0, clients: 3 },
  long: { seconds: 60, clients: 12 },
  run: (cluster, options) =>
    options.breakIt ? withoutKeys(cluster, () => run(cluster, options)) : run(cluster, options),
};
