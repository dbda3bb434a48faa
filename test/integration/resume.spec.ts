import pg from 'pg';
import { CURSOR_MAX_AGE_MS, verifyCursor, signCursor } from '../../src/platform/realtime/resume/cursor.js';
import { FanOutRepository } from '../../src/platform/realtime/fan-out/fan-out.repository.js';
import { WatermarkTracker } from '../../src/platform/realtime/fan-out/watermark-tracker.js';
import type { EncodedFrame } from '../../src/platform/realtime/protocol/encoded-frame.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { FakeClient, FakeConnection, type Frame } from '../chaos/fake-client.js';
import { resumeRound } from '../chaos/fan-out-rounds.js';
import { addConversation, addUser, join, leave, post, TestNode } from '../chaos/fan-out-world.js';

describe('a cursor', () => {
  const seal = { epoch: 'one', key: Buffer.alloc(32, 7) };
  const [anna, ben] = ['0198a1b2-0000-7000-8000-000000000001', '0198a1b2-0000-7000-8000-000000000002'];
  const now = 1_800_000_000_000;
  const cursor = signCursor(seal, anna, '18446744073709551615', now);

  it('is opened by its user', () => {
    expect(verifyCursor(seal, cursor, anna, now)).toEqual({ watermark: '18446744073709551615' });
  });

  it('is invalid for another user, or with any character changed', () => {
    expect(verifyCursor(seal, cursor, ben, now)).toEqual({ refused: 'invalid_cursor' });
    for (let i = 0; i < cursor.length - 1; i++) {
      const changed = cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1);
      expect(verifyCursor(seal, changed, anna, now)).toEqual({ refused: 'invalid_cursor' });
    }
  });

  it('is refused in another epoch, and after a week', () => {
    expect(verifyCursor({ ...seal, epoch: 'two' }, cursor, anna, now)).toEqual({ refused: 'epoch_changed' });
    expect(verifyCursor(seal, cursor, anna, now + CURSOR_MAX_AGE_MS + 1)).toEqual({ refused: 'cursor_expired' });
  });

  it('is refused if it is any other text', () => {
    for (const text of ['', '=', 'ä', '\0', 'A'.repeat(71), 'A'.repeat(1e6), '{}', null, 7, {}, []]) {
      expect(verifyCursor(seal, text as string, anna, now)).toEqual({ refused: 'invalid_cursor' });
    }
  });
});

/** Also records what a codec would translate. */
class TranslatingConnection extends FakeConnection {
  readonly contents: unknown[] = [];

  override deliverNow(frame: EncodedFrame): void {
    this.contents.push(frame.translated((content) => content));
    super.deliverNow(frame);
  }
}

describe('a resume', () => {
  let database: TestDatabase;
  let node: TestNode;
  let anna: string;
  let ben: string;
  let room: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    node = new TestNode(database.url);
  });

  afterAll(async () => {
    await node.stop();
    await database.drop();
  });

  beforeEach(async () => {
    anna = await addUser(node);
    ben = await addUser(node);
    room = await addConversation(node, [anna, ben]);
  });

  /** A disconnected client that has received everything so far. */
  const away = async (userId: string): Promise<FakeClient> => {
    const probe = new FakeClient(userId);
    await probe.connect(node);
    // A transaction of another test may hold the watermark back for a moment; the cursor must be after all of it.
    do {
      probe.cut();
      await probe.connect(node);
    } while ((probe.frames.at(-1)!.data as { replayed: number }).replayed > 0);
    probe.cut();
    const client = new FakeClient(userId);
    client.cursor = probe.cursor;
    return client;
  };

  const types = (frames: Frame[]): string[] => frames.map(({ type }) => type);

  it('sends a new client only live', async () => {
    const client = new FakeClient(anna);
    await client.connect(node);
    expect(client.frames).toEqual([{ type: 'live', data: { cursor: client.cursor, replayed: 0 } }]);
  });

  it('replays missed events in order and marked as replayed, then sends live', async () => {
    const client = await away(anna);
    for (let i = 0; i < 3; i++) await post(node, room, ben);
    await client.connect(node);
    expect(types(client.frames)).toEqual(['message.created', 'message.created', 'message.created', 'live']);
    expect(client.frames[0]).toMatchObject({ conversation_id: room, seq: 3, prev: 2, replay: true });
    expect(client.frames.at(-1)!.data).toEqual({ cursor: client.cursor, replayed: 3 });
    await post(node, room, ben);
    expect(client.seqs(room)).toEqual([3, 4, 5, 6]);
  });

  it('skips events that the client reports as received', async () => {
    const client = await away(anna);
    for (let i = 0; i < 3; i++) await post(node, room, ben);
    await client.connect(node, { [room]: 4, nonsense: Number.NaN, __proto__: 3 });
    expect(client.seqs(room)).toEqual([5]);
  });

  it('sends resync for a conversation with more than 300 missed events, and completes the others', async () => {
    const client = await away(anna);
    const other = await addConversation(node, [anna, ben]);
    for (let i = 0; i < 301; i++) await post(node, room, ben);
    const seq = await post(node, other, ben);
    await client.connect(node);
    expect(client.frames.filter(({ type }) => type === 'resync').map(({ data }) => data)).toEqual([
      {
        scope: 'conversation',
        conversation_id: room,
        reason: 'gap_too_large',
        fetch: `/api/v1/conversations/${room}/messages`,
      },
    ]);
    expect(client.seqs(room)).toEqual([]);
    expect(client.seqs(other)).toEqual([1, 2, seq]);
  });

  it('replays exactly 300 missed events', async () => {
    const client = await away(anna);
    for (let i = 0; i < 300; i++) await post(node, room, ben);
    await client.connect(node);
    expect(client.seqs(room)).toHaveLength(300);
    expect(client.named.size).toBe(0);
  });

  it('replays to a removed participant up to their removal', async () => {
    const client = await away(anna);
    await post(node, room, ben);
    const left = await leave(node, room, anna);
    await post(node, room, ben);
    await client.connect(node);
    await post(node, room, ben);
    expect(client.seqs(room)).toEqual([left! - 1, left]);
  });

  it('replays to a new participant from their joining on', async () => {
    const carl = await addUser(node);
    const client = await away(carl);
    await post(node, room, ben);
    const joined = await join(node, room, carl);
    await post(node, room, ben);
    await client.connect(node);
    expect(client.seqs(room)).toEqual([joined, joined! + 1]);
    await post(node, room, ben);
    expect(client.seqs(room)).toHaveLength(3);
  });

  it('sends resync for a conversation that was left and rejoined in the meantime', async () => {
    const client = await away(anna);
    await leave(node, room, anna);
    await post(node, room, ben);
    await join(node, room, anna);
    await client.connect(node);
    expect([...client.named.keys()]).toEqual([room]);
    expect(client.seqs(room)).toEqual([]);
    await post(node, room, ben);
    expect(client.seqs(room)).toHaveLength(1);
  });

  it('returns no newer cursor before the replay has been sent', async () => {
    const client = await away(anna);
    await post(node, room, ben);
    const connection = new FakeConnection(anna, () => undefined);
    const opening = await node.resume.attach(connection, { cursor: client.cursor });
    expect(opening).toEqual({ resumed: true, cursor: client.cursor });
    node.resume.detach(connection);
  });

  it('sends resync for an invalid cursor', async () => {
    const client = await away(anna);
    client.cursor = `${client.cursor!.slice(0, -3)}abc`;
    await client.connect(node);
    expect(client.frames[0]).toEqual({ type: 'resync', data: { scope: 'all', reason: 'invalid_cursor' } });
    expect(types(client.frames)).toEqual(['resync', 'live']);
  });

  it('sends resync after the history of the database changed, and closes live connections', async () => {
    const [client, living] = [await away(anna), new FakeClient(ben)];
    await living.connect(node);
    await node.reconciler.reconcile();
    const connection = living.connection!;
    await database.query('update installation set epoch_salt = gen_random_uuid()');
    await node.reconciler.reconcile();
    expect(connection.closedWith).toBe(1012);
    expect(living.frames.at(-1)).toMatchObject({
      type: 'going_away',
      data: { reconnect_after_ms: expect.any(Number) },
    });
    await client.connect(node);
    expect(client.frames[0]!.data).toEqual({ scope: 'all', reason: 'epoch_changed' });
  });

  it('closes a connection that was opened before the first cycle of the reconciler when the history changes', async () => {
    const [client, young] = [new FakeClient(ben), new TestNode(database.url)];
    await client.connect(young);
    const connection = client.connection!;
    await database.query('update installation set epoch_salt = gen_random_uuid()');
    await young.reconciler.reconcile();
    expect(connection.closedWith).toBe(1012);
    await young.stop();
  });

  it('adds the current state that is not in the log', async () => {
    const client = await away(anna);
    const other = new TestNode(database.url);
    other.stateProviders.register((userId) => Promise.resolve([{ type: 'unread.changed', data: { userId } }]));
    other.stateProviders.register(() => Promise.reject(new Error('away')));
    await client.connect(other);
    expect(types(client.frames)).toEqual(['unread.changed', 'live']);
    await other.stop();
  });

  it('misses nothing that is committed while the snapshot is read', async () => {
    const client = await away(anna);
    const writing = (async () => {
      for (let i = 0; i < 150; i++) await post(node, room, ben);
    })();
    for (let i = 0; i < 8; i++) {
      await client.connect(node);
      if (i < 7) client.cut();
    }
    await writing;
    // The first cursor may be a moment old and repeat earlier events; every later event must arrive exactly once.
    const fresh = client.seqs(room).filter((seq) => seq > 2);
    expect(fresh).toEqual(Array.from({ length: 150 }, (_, i) => i + 3));
  });

  it('replays what the queue of a slow consumer dropped, or sends resync, and nothing of other conversations', async () => {
    const frames: Frame[] = [];
    const connection = new FakeConnection(anna, (frame) => frames.push(frame));
    await node.resume.attach(connection);
    for (let i = 0; i < 5; i++) await post(node, room, ben);
    const strange = await addConversation(node, [ben]);
    frames.length = 0;
    await node.resume.catchUp(connection, new Map([[room, 4], [strange, 0]])); // prettier-ignore
    expect(frames.map(({ conversation_id, seq }) => [conversation_id, seq])).toEqual(
      [5, 6, 7].map((seq) => [room, seq]),
    );
    for (let i = 0; i < 300; i++) await post(node, room, ben);
    frames.length = 0;
    await node.resume.catchUp(connection, new Map([[room, 4]]));
    expect(frames.map(({ type, data }) => [type, data.conversation_id])).toEqual([['resync', room]]);
  });

  it('sends a codec the content of every frame: live, replayed, and read again for a slow consumer', async () => {
    const { cursor } = await away(anna);
    await post(node, room, ben);
    const frames: Frame[] = [];
    const connection = new TranslatingConnection(anna, (frame) => frames.push(frame));
    await node.resume.attach(connection, { cursor: cursor! });
    await post(node, room, ben);
    await node.resume.catchUp(connection, new Map([[room, 3]]));
    expect(frames.map(({ seq, replay }) => [seq, replay])).toEqual(
      [[3, true], [undefined, undefined], [4, undefined], [4, true]], // prettier-ignore
    );
    expect(connection.contents).toEqual(frames);
  });

  it('serves clients without a socket in the same way', async () => {
    const client = await away(anna);
    const seq = await post(node, room, ben);
    const answer = await node.resume.readSince(anna, client.cursor!);
    expect(answer.events).toMatchObject([{ conversation_id: room, seq }]);
    // While another transaction is open, such as an ANALYZE by PostgreSQL, a cursor repeats the event.
    let later = await node.resume.readSince(anna, answer.cursor);
    while (later.events.length > 0) {
      expect(later.events).toMatchObject([{ conversation_id: room, seq }]);
      later = await node.resume.readSince(anna, later.cursor);
    }
    expect(await node.resume.readStream(room, 1, 1, {})).toMatchObject([{ seq: 2, prev: 1 }]);
    const strange = await node.resume.readSince(ben, client.cursor!);
    expect(strange).toMatchObject({ events: [], resync: [{ scope: 'all' }] });
  });

  it('leaves no gap with late transactions, disconnections and changing membership', async () => {
    const report = await resumeRound(database.url, {
      clients: 12,
      conversations: 5,
      forMs: 4000,
      cursor: 'watermark',
      withMembership: true,
    });
    expect(report).toMatchObject({ holes: 0, outOfOrder: 0, notOwed: 0 });
    expect(report.replayed).toBeGreaterThan(0);
  });

  it('leaves gaps with the newest event as the cursor, as a control', async () => {
    const report = await resumeRound(database.url, {
      clients: 12,
      conversations: 5,
      forMs: 3000,
      cursor: 'newest event',
    });
    expect(report.holes).toBeGreaterThan(0);
  });

  it('reads a watermark below which no transaction is open', async () => {
    const repository = new FanOutRepository(node.sql);
    const { watermark } = await repository.readState();
    const [row] = await database.query<{ open: boolean }>(
      `select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 as open`,
      [watermark],
    );
    expect(row!.open).toBe(true);
  });

  it('is held back by a transaction of its own database, and not by an open one of another', async () => {
    const repository = new FanOutRepository(node.sql);
    const elsewhere = new URL(database.url);
    elsewhere.pathname = '/postgres';
    const open = async (url: string): Promise<{ client: pg.Client; id: bigint }> => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query('begin');
      const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id');
      return { client, id: BigInt(rows[0]!.id) };
    };
    const forgotten = await open(elsewhere.href);
    for (let n = 0; n < 100; n++) await database.query('select pg_current_xact_id()');
    // Work of PostgreSQL in this database, such as an ANALYZE, may hold it for a moment: the test awaits the state.
    while (BigInt((await repository.readState()).watermark) <= forgotten.id);
    const own = await open(database.url);
    for (let n = 0; n < 100; n++) await database.query('select pg_current_xact_id()');
    let state = await repository.readState();
    while (state.watermark !== String(own.id)) state = await repository.readState();
    expect(state.isWatermarkHeld).toBe(true);
    const clock = new WatermarkTracker(repository);
    clock.record(state, 1_000);
    clock.record(state, 31_000);
    expect(clock.stalledForMs(31_000)).toBe(30_000);
    clock.record({ ...state, isWatermarkHeld: false }, 32_000);
    expect(clock.stalledForMs(32_000)).toBe(0);
    await Promise.all([forgotten.client.end(), own.client.end()]);
  });
});
