/**
 * The limit to which sends are compared: the rows of a send (message, event, head) in batches of the same size, over
 * bare `pg`, in copies of the program's tables. An own process that takes one measurement from its arguments.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { newId } from '../../src/platform/database/ids.js';
import { contentOf } from './clients/client.js';

export interface BareLimitJob {
  readonly databaseUrl: string;
  readonly conversations: number;
  readonly batch: number;
  readonly warmUpMs: number;
  readonly seconds: number;
}

export interface BareLimitResult {
  readonly rows: number;
  readonly seconds: number;
}

/** The number of batches that the program runs at once; a single conversation is never in two. */
const MOST_IN_FLIGHT = 2;

const PREPARE = `
  drop table if exists bench_messages, bench_events, bench_stream_heads;
  create table bench_messages (like messages including all);
  create table bench_events (like events including all);
  create table bench_stream_heads (like stream_heads including all) with (fillfactor = 70)`;

const APPEND = `
  with entry as materialized (
    select * from unnest($1::uuid[], $2::uuid[], $3::int8[], $4::uuid[], $5::text[], $6::bytea[], $7::text[])
      as e (id, conversation_id, seq, sender_id, client_message_id, body_hash, content)),
  stored as (
    insert into bench_messages (id, conversation_id, sequence_number, seq, sender_id, client_message_id, body_hash,
                                message_type, content, created_at)
    select id, conversation_id, seq, seq, sender_id, client_message_id, body_hash, 'text', content, now() from entry),
  logged as (
    insert into bench_events (stream_id, seq, type, actor_id, subject_id, at)
    select conversation_id, seq, 'message.created', sender_id, id, now() from entry)
  update bench_stream_heads h
     set last_seq = t.seq, last_number = t.seq, last_at = now(), last_number_at = now(), last_xid = pg_current_xact_id()
    from (select conversation_id, max(seq) as seq from entry group by conversation_id) t
   where h.stream_id = t.conversation_id`;

interface Stream {
  readonly id: string;
  seq: number;
}

class Writer {
  rows = 0;
  private next = 0;
  private readonly sender = newId();
  private readonly hash = createHash('sha256').update('a body').digest();

  constructor(
    private readonly client: pg.Client,
    private readonly streams: readonly Stream[],
    private readonly batch: number,
  ) {}

  async write(until: () => boolean): Promise<void> {
    while (!until()) {
      const entries = Array.from({ length: this.batch }, () => {
        const stream = this.streams[this.next++ % this.streams.length]!;
        return { id: newId(), stream: stream.id, seq: ++stream.seq, key: `${process.pid}-${this.sender}-${this.next}` };
      });
      await this.client.query({
        name: 'append',
        text: APPEND,
        values: [
          entries.map(({ id }) => id),
          entries.map(({ stream }) => stream),
          entries.map(({ seq }) => seq),
          entries.map(() => this.sender),
          entries.map(({ key }) => key),
          entries.map(() => this.hash),
          entries.map((_, index) => contentOf(index)),
        ],
      });
      this.rows += this.batch;
    }
  }
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, options: '-c synchronous_commit=on' });
  await client.connect();
  return client;
}

async function measure({
  databaseUrl,
  conversations,
  batch,
  warmUpMs,
  seconds,
}: BareLimitJob): Promise<BareLimitResult> {
  const first = await connect(databaseUrl);
  await first.query(PREPARE);
  const streams = Array.from({ length: conversations }, (): Stream => ({ id: newId(), seq: 0 }));
  await first.query('insert into bench_stream_heads (stream_id) select unnest($1::uuid[])', [
    streams.map(({ id }) => id),
  ]);
  const inFlight = Math.min(MOST_IN_FLIGHT, conversations);
  const clients = [first];
  while (clients.length < inFlight) clients.push(await connect(databaseUrl));
  const writers = clients.map(
    (client, index) =>
      new Writer(
        client,
        streams.filter((_, at) => at % inFlight === index),
        batch,
      ),
  );
  let isOver = false;
  const written = Promise.all(writers.map((writer) => writer.write(() => isOver)));
  const total = (): number => writers.reduce((sum, writer) => sum + writer.rows, 0);
  await Promise.race([sleep(warmUpMs), written]);
  const [before, begunAt] = [total(), performance.now()];
  await Promise.race([sleep(seconds * 1000), written]);
  const result = { rows: total() - before, seconds: (performance.now() - begunAt) / 1000 };
  isOver = true;
  await written;
  await first.query('drop table bench_messages, bench_events, bench_stream_heads');
  for (const client of clients) await client.end();
  return result;
}

process.on('message', (job: BareLimitJob | { probe: string }) => {
  if ('probe' in job) return;
  measure(job).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ failed: error.message }),
  );
});
process.channel?.ref();
process.stdout.write('ready\n');
