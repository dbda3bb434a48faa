import { newId } from '../../../src/platform/database/ids.js';
import type { Bench } from '../bench.js';
import { RawWebSocket } from '../clients/raw-web-socket.js';
import type { FanOutJob, FanOutResult } from '../jobs.js';
import { Latencies } from '../latencies.js';
import type { Person, World } from '../world.js';

const CONNECTED = 1000;
const SENDERS = 8;
const WINDOW = 8;
const WARM_UP_MS = 1500;
/** Every connection of the pool plans a statement anew the first five times. */
const WARM_UP = 50;
const CALLS = 200;
/** Deliveries to the connected participants of the broadcast, compared with a group that has no others. */
const LEAST_OF_GROUP = 0.9;
const P95_MOST_MS = 20;

/** A broadcast with many participants of whom a thousand are connected, beside a group of a thousand. */
export async function measureBroadcast(bench: Bench): Promise<void> {
  const { report, options, server, world } = bench;
  const count = options.members.toLocaleString('en');
  report.begin(`A broadcast of ${count} participants, ${CONNECTED.toLocaleString('en')} of them connected`);
  const people = await world.people(CONNECTED);
  const [group] = await world.groups([people]);
  const broadcast = await fill(world, people, options.members - WARM_UP - CALLS); // the others join
  const job: Omit<FanOutJob, 'conversationId'> = {
    kind: 'fan-out',
    port: server.port,
    path: '/api/v1/realtime',
    tokens: people.map(({ token }) => token),
    senders: SENDERS,
    window: WINDOW,
    warmUpMs: WARM_UP_MS,
    seconds: options.seconds,
  };
  const fanOut = async (conversationId: string): Promise<FanOutResult> => {
    await world.settle();
    return bench.generator.work<FanOutResult>({ ...job, conversationId }, { begin: () => {}, end: () => {} });
  };
  const toGroup = await fanOut(group!);
  const toBroadcast = await fanOut(broadcast);
  const perSecond = ({ deliveries, seconds }: FanOutResult): number => deliveries / seconds;
  for (const [id, label, of] of [
    ['group', 'a group of the connected alone', toGroup],
    ['broadcast', 'the broadcast', toBroadcast],
  ] as const) {
    const ratio = id === 'group' ? undefined : perSecond(of) / perSecond(toGroup);
    report.add({
      id: `broadcast.fan-out.${id}`,
      label: `deliveries: ${label}`,
      figures: { 'deliveries/s': perSecond(of), 'of the group': ratio, failures: of.failures },
      target: ratio === undefined ? undefined : { figure: 'of the group', least: LEAST_OF_GROUP },
    });
  }
  await measureCalls(bench, broadcast, people);
}

/** One call after the other, each by another user. */
async function measureCalls(
  { report, server, world }: Bench,
  broadcast: string,
  people: readonly Person[],
): Promise<void> {
  const joining = await world.people(WARM_UP + CALLS);
  const call = async (person: Person, method: string, path: string): Promise<{ next_cursor?: string }> => {
    const headers = { authorization: `Bearer ${person.token}` };
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1${path}`, { method, headers });
    const body = (await response.json()) as { next_cursor?: string };
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(body)}`);
    return body;
  };
  const page = `/conversations/${broadcast}/participants?limit=50`;
  let cursor = '';
  const cursors = await Promise.all(people.slice(0, CALLS + WARM_UP).map((person) => cursorOf(server.port, person)));
  const rows: readonly (readonly [string, string, (n: number) => Promise<unknown>])[] = [
    ['join', 'join', (n) => call(joining[n]!, 'POST', `/conversations/${broadcast}/join`)],
    ['conversations', 'list of conversations', (n) => call(people[n]!, 'GET', '/conversations')],
    ['members', 'first page of participants', (n) => call(people[n]!, 'GET', page)],
    [
      'members-on',
      'further pages of participants',
      async (n) =>
        (cursor = (await call(people[n]!, 'GET', `${page}${cursor && `&cursor=${cursor}`}`)).next_cursor ?? ''),
    ],
    ['unread', 'unread totals', (n) => call(people[n]!, 'GET', '/users/me/unread')],
    ['resume', 'resume of a socket', (n) => cursorOf(server.port, people[n]!, cursors[n]!)],
  ];
  await world.settle();
  for (const [id, label, run] of rows) {
    const latencies = new Latencies();
    for (let n = 0; n < WARM_UP + CALLS; n += 1) {
      const begun = performance.now();
      await run(n);
      if (n >= WARM_UP) latencies.record(performance.now() - begun);
    }
    const { p50, p95, max } = latencies.summary()!;
    report.add({
      id: `broadcast.${id}`,
      label: `${label} (ms)`,
      figures: { p50, p95, max },
      target: { figure: 'p95', most: P95_MOST_MS },
    });
  }
}

/** Connects, with a cursor to resume if there is one, and returns the cursor of `live`. */
async function cursorOf(port: number, { token }: Person, resume = ''): Promise<string> {
  let found: (cursor: string) => void = () => {};
  let failed: (error: Error) => void = () => {};
  const live = new Promise<string>((resolve, reject) => ([found, failed] = [resolve, reject]));
  const text = (bytes: Buffer, start: number, end: number): void => {
    const frame = JSON.parse(bytes.toString('utf8', start, end)) as { type: string; data?: { cursor: string } };
    if (frame.type === 'live') found(frame.data!.cursor);
  };
  const headers = { Authorization: `Bearer ${token}` };
  const path = `/api/v1/realtime${resume && `?cursor=${resume}`}`;
  const socket = await RawWebSocket.open(
    { port, path, headers },
    { text, closed: (reason) => failed(new Error(reason)) },
  );
  try {
    return await live;
  } finally {
    socket.end();
  }
}

/** A room of the type broadcast with `count` participants, the first of whom are moderators. Returns its id. */
async function fill(world: World, people: readonly Person[], count: number): Promise<string> {
  const id = newId();
  await world.query(
    `insert into conversations (id, type, type_name, slug, title, counted_participants) values ($1, 'room', 'broadcast', $2, 'News', 0)`,
    [id, `news-${id.slice(-12)}`],
  );
  await world.query(`insert into stream_heads (stream_id) values ($1)`, [id]);
  await world.query(
    `with added as (
       insert into users (id, username, display_name)
       select gen_random_uuid(), 'reader.' || right($1::uuid::text, 12) || n, 'Reader ' || n from generate_series(1, $3::int) n returning id
     )
     insert into participants (conversation_id, user_id, role, joined_seq, joined_at)
     select $1::uuid, p.id, case when p.n <= $4 then 'moderator' else 'participant' end, 1,
            date_trunc('milliseconds', now()) + p.n * interval '1 millisecond'
       from (select id, row_number() over () as n
               from (select unnest($2::uuid[]) as id union all select id from added) u) p`,
    [id, people.map((person) => person.id), Math.max(0, count - people.length), SENDERS],
  );
  await world.query('vacuum analyze users, participants, conversations');
  return id;
}
