import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { newId } from '../../src/platform/database/ids.js';
import type { Sql } from '../../src/platform/database/sql.js';
import { Bus, type BusMessage } from '../../src/platform/realtime/bus/bus.js';
import { FanOutRepository } from '../../src/platform/realtime/fan-out/fan-out.repository.js';
import { FakeClient } from './fake-client.js';
import { addConversation, addUser, join, leave, openPool, post, TestNode } from './fan-out-world.js';

/** A bus between the nodes of one process that randomly loses half, duplicates a tenth and delays the rest. */
export class LossyHub {
  lost = 0;
  private readonly members: LossyBus[] = [];

  constructor(private readonly maxDelayMs: number) {}

  member(): LossyBus {
    const member = new LossyBus(this);
    this.members.push(member);
    return member;
  }

  relay(from: LossyBus, message: BusMessage): void {
    for (const member of this.members) {
      if (member === from) continue;
      if (Math.random() < 0.5) {
        this.lost++;
        continue;
      }
      const times = Math.random() < 0.1 ? 2 : 1;
      for (let i = 0; i < times; i++) setTimeout(() => member.receive(message), Math.random() * this.maxDelayMs);
    }
  }
}

export class LossyBus extends Bus {
  constructor(private readonly hub: LossyHub) {
    super();
  }

  publish(message: BusMessage): void {
    this.hub.relay(this, message);
  }

  receive(message: BusMessage): void {
    this.dispatch(message);
  }
}

export interface LossyBusReport {
  missed: number;
  outOfOrder: number;
  lost: number;
  p50LagMs: number;
  maxLagMs: number;
}

/** P5: writers on one node, clients on another, and an unreliable bus between them. */
export async function lossyBusRound(
  url: string,
  options: { events: number; conversations: number; isReconciled: boolean },
): Promise<LossyBusReport> {
  const hub = new LossyHub(300);
  const [writing, reading] = [new TestNode(url, { bus: hub.member() }), new TestNode(url, { bus: hub.member() })];
  const users = await Promise.all([0, 1, 2].map(() => addUser(writing)));
  const rooms = await Promise.all(Array.from({ length: options.conversations }, () => addConversation(writing, users)));
  const clients = users.map((userId) => new FakeClient(userId));
  const writtenAt = new Map<string, number>();
  const lags: number[] = [];
  for (const client of clients) {
    client.onEvent = ({ id }) => {
      const at = writtenAt.get(id!);
      if (at !== undefined) lags.push(performance.now() - at);
    };
    await client.connect(reading);
  }
  if (options.isReconciled) reading.reconcileEvery(150);
  await Promise.all(
    rooms.map(async (room) => {
      for (let i = 0; i < options.events / options.conversations; i++) {
        const seq = await post(writing, room, users[0]!);
        writtenAt.set(`${room}:${seq}`, performance.now());
      }
    }),
  );
  await delay(400);
  if (options.isReconciled) await reading.reconciler.reconcile();
  const owed = [...writtenAt.keys()].length * clients.length;
  const got = clients.reduce((sum, client) => sum + rooms.reduce((all, room) => all + client.seqs(room).length, 0), 0);
  const outOfOrder = clients.reduce((sum, client) => sum + disorder(client, rooms), 0);
  await Promise.all([writing.stop(), reading.stop()]);
  lags.sort((a, b) => a - b);
  return {
    missed: owed - got,
    outOfOrder,
    lost: hub.lost,
    p50LagMs: lags[lags.length >> 1] ?? 0,
    maxLagMs: lags.at(-1) ?? 0,
  };
}

export interface RemovalReport {
  removals: number;
  pastTheCut: number;
  missing: number;
  outOfOrder: number;
  received: number;
}

/**
 * P14: participants are removed and added again during traffic, on two nodes; each receives exactly the events of their
 * membership.
 */
export async function removalRound(url: string, { removals }: { removals: number }): Promise<RemovalReport> {
  const hub = new LossyHub(20);
  const nodes = [new TestNode(url, { bus: hub.member() }), new TestNode(url, { bus: hub.member() })];
  const owner = await addUser(nodes[0]!);
  const users = await Promise.all(Array.from({ length: 6 }, () => addUser(nodes[0]!)));
  const room = await addConversation(nodes[0]!, [owner, ...users]);
  const clients = users.map((userId) => new FakeClient(userId));
  await Promise.all(clients.map((client, i) => client.connect(nodes[i % 2]!)));
  const entered = new Map(users.map((userId) => [userId, (nodes[0]!.fanOut.findDispatcher(room)?.last ?? 0) + 1]));
  nodes.forEach((node) => node.reconcileEvery(40));

  const spans = new Map<string, [number, number][]>(users.map((userId) => [userId, []]));
  let isOver = false;
  const traffic = nodes.map(async (node) => {
    while (!isOver) await post(node, room, owner);
  });
  const perUser = Math.ceil(removals / users.length);
  await Promise.all(
    users.map(async (userId) => {
      for (let i = 0; i < perUser; i++) {
        await delay(Math.random() * 10);
        const left = await leave(pick(nodes), room, userId);
        spans.get(userId)!.push([entered.get(userId)!, left!]);
        await delay(Math.random() * 10);
        entered.set(userId, (await join(pick(nodes), room, userId))!);
      }
    }),
  );
  isOver = true;
  await Promise.all(traffic);
  await delay(50);
  for (const node of nodes) await node.reconciler.reconcile();
  for (const node of nodes) await node.reconciler.reconcile();
  const head = Math.max(...nodes.map((node) => node.fanOut.findDispatcher(room)?.last ?? 0));
  for (const userId of users) spans.get(userId)!.push([entered.get(userId)!, head]);

  const report = { removals: perUser * users.length, pastTheCut: 0, missing: 0, outOfOrder: 0, received: 0 };
  for (const client of clients) {
    const owed = new Set(spans.get(client.userId)!.flatMap(([from, to]) => range(from, to)));
    const got = new Set(client.seqs(room));
    report.received += got.size;
    report.pastTheCut += [...got].filter((seq) => !owed.has(seq)).length;
    report.missing += [...owed].filter((seq) => !got.has(seq)).length;
    report.outOfOrder += disorder(client, [room]);
  }
  await Promise.all(nodes.map((node) => node.stop()));
  return report;
}

/** Negative control of P6: a cursor at the newest event instead of the oldest open transaction. */
class NewestEventRepository extends FanOutRepository {
  constructor(
    sql: Sql,
    private readonly pool: pg.Pool,
  ) {
    super(sql);
  }

  override async readStateAndHead(
    ...args: Parameters<FanOutRepository['readStateAndHead']>
  ): ReturnType<FanOutRepository['readStateAndHead']> {
    return { ...(await super.readStateAndHead(...args)), watermark: await this.newest() };
  }

  override async headsAhead(
    ...args: Parameters<FanOutRepository['headsAhead']>
  ): ReturnType<FanOutRepository['headsAhead']> {
    return { ...(await super.headsAhead(...args)), watermark: await this.newest() };
  }

  private async newest(): Promise<string> {
    const { rows } = await this.pool.query<{ xid: string }>(
      `select coalesce(max(xid::text::bigint), 0)::text as xid from events`,
    );
    return rows[0]!.xid;
  }
}

export interface ResumeReport {
  events: number;
  connections: number;
  holes: number;
  outOfOrder: number;
  notOwed: number;
  named: number;
  replayed: number;
}

export interface ResumeRoundOptions {
  readonly clients: number;
  readonly conversations: number;
  readonly forMs: number;
  readonly cursor: 'watermark' | 'newest event';
  readonly withMembership?: boolean;
}

/**
 * P6: clients are cut repeatedly, reconnect to another node with only their cursor, and in the end have every event
 * they may see, or a resync for the conversation. Some writers take their transaction id early and commit late, so that
 * ids commit out of order. A transaction that is older than the conversations is open while the clients connect, so
 * their first cursors are as well: a resume repeats events from before the first connection, which a client has
 * received with its first page.
 */
export async function resumeRound(url: string, options: ResumeRoundOptions): Promise<ResumeReport> {
  const pool = openPool(url, 10);
  const control = options.cursor === 'newest event';
  const node = (): TestNode =>
    new TestNode(url, control ? { repository: (sql) => new NewestEventRepository(sql, pool) } : {});
  const nodes = [node(), node()];
  const commitEarly = await openTransaction(pool);
  const writer = await addUser(nodes[0]!);
  const users = await Promise.all(Array.from({ length: options.clients }, () => addUser(nodes[0]!)));
  const rooms: string[] = [];
  for (let i = 0; i < options.conversations; i++) rooms.push(await addConversation(nodes[0]!, [writer, ...users]));
  const clients = users.map((userId) => new FakeClient(userId, () => delay(Math.random() * 3)));
  nodes.forEach((each) => each.reconcileEvery(25));
  await Promise.all(clients.map((client) => client.connect(pick(nodes))));
  const start = new Map<string, number>();
  for (const room of rooms) start.set(room, await headOf(pool, room));

  const until = Date.now() + options.forMs;
  let connections = 0;
  const writers = [
    ...nodes.map(async (each) => {
      while (Date.now() < until) await post(each, pick(rooms), writer);
    }),
    ...Array.from({ length: 4 }, async () => {
      while (Date.now() < until) await slowPost(pool, pick(rooms), writer);
    }),
  ];
  const coming = clients.map(async (client) => {
    while (Date.now() < until) {
      await delay(Math.random() * 120);
      client.cut();
      await delay(Math.random() * 60);
      await client.connect(pick(nodes));
      connections++;
    }
  });
  const early = delay(options.forMs / 8).then(commitEarly);
  const membership = options.withMembership ? moveAbout(nodes, { rooms, users, until }) : Promise.resolve();
  await Promise.all([...writers, ...coming, membership, early]);
  for (const each of nodes) await each.reconciler.reconcile();
  await delay(100);

  const report: ResumeReport = { events: 0, connections, holes: 0, outOfOrder: 0, notOwed: 0, named: 0, replayed: 0 };
  for (const room of rooms) {
    report.events += (await headOf(pool, room)) - start.get(room)!;
    const entitled = await entitledIn(pool, room, users);
    for (const client of clients) {
      tally(report, client, { room, entitled: entitled.get(client.userId)!, after: start.get(room)! });
    }
  }
  report.replayed = clients.reduce((sum, { frames }) => sum + frames.filter(({ replay }) => replay).length, 0);
  await Promise.all(nodes.map((each) => each.stop()));
  await pool.end();
  return report;
}

function tally(
  report: ResumeReport,
  client: FakeClient,
  { room, entitled, after }: { room: string; entitled: Set<number>; after: number },
): void {
  const got = new Set(client.seqs(room));
  report.notOwed += [...got].filter((seq) => !entitled.has(seq)).length;
  if (client.named.has('all') || client.named.has(room)) {
    report.named++;
    return;
  }
  report.holes += [...entitled].filter((seq) => seq > after && !got.has(seq)).length;
  report.outOfOrder += disorder(client, [room], after);
}

/** The streams and ranges that each user may see, by the log itself. */
async function entitledIn(pool: pg.Pool, room: string, users: string[]): Promise<Map<string, Set<number>>> {
  const { rows } = await pool.query<{ seq: number; type: string; subject_id: string }>(
    `select seq, type, subject_id from events where stream_id = $1 order by seq`,
    [room],
  );
  const entitled = new Map(users.map((userId) => [userId, new Set<number>()]));
  const inside = new Set<string>();
  for (const { seq, type, subject_id } of rows) {
    if (type === 'participant.joined') inside.add(subject_id);
    for (const userId of inside) entitled.get(userId)?.add(seq);
    if (type === 'participant.left') inside.delete(subject_id);
  }
  return entitled;
}

async function moveAbout(
  nodes: TestNode[],
  { rooms, users, until }: { rooms: string[]; users: string[]; until: number },
): Promise<void> {
  while (Date.now() < until) {
    const [room, userId] = [pick(rooms), pick(users)];
    await leave(pick(nodes), room, userId);
    await delay(Math.random() * 40);
    await join(pick(nodes), room, userId);
  }
}

/** Begins a transaction that has an id, and returns how to commit it. */
async function openTransaction(pool: pg.Pool): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('begin');
  await client.query('select pg_current_xact_id()');
  return async () => {
    await client.query('commit');
    client.release();
  };
}

/** Takes its transaction id first, waits, and only then locks the head, appends and commits. Sends no hint. */
async function slowPost(pool: pg.Pool, room: string, senderId: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_current_xact_id()');
    await delay(Math.random() * 60);
    const { rows } = await client.query<{ seq: number }>(
      `update stream_heads set last_seq = last_seq + 1, last_at = greatest(clock_timestamp(), last_at),
              last_xid = pg_current_xact_id()
        where stream_id = $1 returning last_seq as seq`,
      [room],
    );
    await client.query(
      `insert into events (stream_id, seq, type, actor_id, subject_id, at)
       values ($1, $2, 'message.created', $3, $4, (select last_at from stream_heads where stream_id = $1))`,
      [room, rows[0]!.seq, senderId, newId()],
    );
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function headOf(pool: pg.Pool, streamId: string): Promise<number> {
  const { rows } = await pool.query<{ last_seq: number }>('select last_seq from stream_heads where stream_id = $1', [
    streamId,
  ]);
  return rows[0]!.last_seq;
}

/** How often an event after the position `after` arrived later than one that follows it. */
function disorder(client: FakeClient, rooms: string[], after = 0): number {
  return rooms.reduce((sum, room) => {
    const seqs = client.seqs(room).filter((seq) => seq > after);
    return sum + seqs.filter((seq, i) => i > 0 && seq <= seqs[i - 1]!).length;
  }, 0);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

function pick<T>(from: readonly T[]): T {
  return from[Math.floor(Math.random() * from.length)]!;
}
