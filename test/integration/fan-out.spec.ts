import { newId } from '../../src/platform/database/ids.js';
import { InProcessBus, InProcessHub } from '../../src/platform/realtime/bus/bus.js';
import type { Queryable } from '../../src/platform/database/sql.js';
import { FanOutRepository } from '../../src/platform/realtime/fan-out/fan-out.repository.js';
import { LocalBroadcaster } from '../../src/platform/realtime/fan-out/local-broadcaster.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { FakeClient } from '../chaos/fake-client.js';
import { addConversation, addUser, join, leave, post, TestNode } from '../chaos/fan-out-world.js';
import { lossyBusRound, removalRound } from '../chaos/fan-out-rounds.js';

/** The watermark belongs to the whole cluster: a transaction of another test may hold it back for a moment. */
async function until(isTrue: () => boolean, step: () => Promise<void>): Promise<void> {
  while (!isTrue()) await step();
}

describe('FanOut', () => {
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

  const connected = async (userId: string, to = node): Promise<FakeClient> => {
    const client = new FakeClient(userId);
    await client.connect(to);
    return client;
  };

  it('delivers an event before the write returns, in the documented shape', async () => {
    const client = await connected(anna);
    const seq = await post(node, room, ben);
    expect(client.frames.at(-1)).toEqual({
      type: 'message.created',
      conversation_id: room,
      seq,
      prev: seq! - 1,
      id: `${room}:${seq}`,
      at: expect.stringMatching(/Z$/) as string,
      actor_id: ben,
      data: { subject: expect.any(String) as string },
    });
    expect(node.catalogue.shown).toBe(0);
  });

  it('delivers what is committed between the snapshot of a connecting user and their subscription, without the reconciler', async () => {
    let isFirst = true;
    class Interrupted extends FanOutRepository {
      override async inSnapshot<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
        const result = await super.inSnapshot(work);
        if (isFirst) {
          isFirst = false;
          await post(other, room, ben);
        }
        return result;
      }
    }
    const other: TestNode = new TestNode(database.url, { repository: (sql) => new Interrupted(sql) });
    const client = await connected(anna, other);
    await until(
      () => client.frames.some(({ type }) => type === 'message.created'),
      () => new Promise((resolve) => setImmediate(resolve)),
    );
    await other.stop();
  });

  it('delivers everything to a user who leaves and rejoins while their streams are read', async () => {
    let meanwhile: (() => Promise<void>) | undefined;
    class Interrupted extends FanOutRepository {
      override async inSnapshot<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
        const result = await super.inSnapshot(work);
        const step = meanwhile;
        meanwhile = undefined;
        await step?.();
        return result;
      }
    }
    const other: TestNode = new TestNode(database.url, { repository: (sql) => new Interrupted(sql) });
    await connected(ben, other);
    const expected: (number | undefined)[] = [];
    meanwhile = async () => {
      expected.push(await post(other, room, ben), await leave(other, room, anna));
      await post(other, room, ben);
      expected.push(await join(other, room, anna), await post(other, room, ben));
    };
    const client = await connected(anna, other);
    await other.fanOut.findDispatcher(anna)!.reach(3);
    expect(client.seqs(room)).toEqual(expected);
    await other.stop();
  });

  it('returns to simultaneous readers of a stream the events after their own position', async () => {
    const from = node.fanOut.findDispatcher(room)?.last ?? 2;
    for (let i = 0; i < 4; i++) await post(node, room, ben);
    const runs = await Promise.all(
      [from + 2, from, from + 1].map((after) => node.fanOut.reader.readAfter(room, after)),
    );
    expect(runs.map((run) => run.map(({ event }) => event.seq))).toEqual([
      [from + 3, from + 4],
      [from + 1, from + 2, from + 3, from + 4],
      [from + 2, from + 3, from + 4],
    ]);
  });

  it("omits the conversation in events of a user's own stream", async () => {
    const client = await connected(anna);
    await node.log.write(anna, (tx) =>
      Promise.resolve(
        tx.append({ type: 'conversation.removed', actorId: null, subjectId: newId(), content: { data: {} } }),
      ),
    );
    expect(client.frames.at(-1)).not.toHaveProperty('conversation_id');
    expect(client.frames.at(-1)).toMatchObject({ type: 'conversation.removed', actor_id: null });
  });

  it('delivers to every connection of a user, except those that muted the conversation', async () => {
    const phone = await connected(anna);
    const laptop = await connected(anna);
    laptop.connection!.unsubscribedStreams = new Set([room]);
    const seq = await post(node, room, ben);
    expect(phone.seqs(room)).toEqual([seq]);
    expect(laptop.seqs(room)).toEqual([]);
  });

  it("adds data for one user only to that user's event", async () => {
    const [first, second] = [await connected(anna), await connected(ben)];
    await node.log.write(room, (tx) =>
      Promise.resolve(
        tx.append({
          type: 'message.created',
          actorId: anna,
          content: {
            data: { text: 1 },
            override: { userId: anna, data: { text: 1, client_message_id: 'c' }, prev: 7 },
          },
        }),
      ),
    );
    expect(first.frames.at(-1)).toMatchObject({ prev: 7, data: { client_message_id: 'c' } });
    expect(second.frames.at(-1)!.data).toEqual({ text: 1 });
    expect(second.frames.at(-1)!.prev).toBe(2);
  });

  it('delivers in order what is announced out of order, without reading the log', async () => {
    const client = await connected(anna);
    const events = [3, 4, 5].map((seq) => ({
      streamId: room,
      seq,
      type: 'message.created',
      actorId: ben,
      subjectId: newId(),
      payload: null,
      at: new Date(),
      content: { data: {} },
    }));
    const rendered = node.catalogue.shown;
    node.fanOut.committed([events[2]!, events[1]!]);
    expect(client.seqs(room)).toEqual([]);
    node.fanOut.committed([events[0]!]);
    await node.fanOut.findDispatcher(room)!.reach(5);
    expect(client.seqs(room)).toEqual([3, 4, 5]);
    expect(node.catalogue.shown).toBe(rendered);
  });

  it('reads from the log what a hint or the reconciler reports', async () => {
    const other = new TestNode(database.url);
    const client = await connected(anna);
    for (let i = 0; i < 450; i++) await post(other, room, ben);
    expect(client.seqs(room)).toEqual([]);
    await node.reconciler.reconcile();
    expect(client.seqs(room)).toEqual(Array.from({ length: 450 }, (_, i) => i + 3));
    await other.stop();
  });

  it('retries in the next cycle what could not be rendered, and holds the cursor until then', async () => {
    const other = new TestNode(database.url);
    const client = await connected(anna);
    const before = client.cursor;
    node.catalogue.isFailing = true;
    const seq = await post(other, room, ben);
    await node.reconciler.reconcile();
    expect(client.seqs(room)).toEqual([]);
    expect(client.cursor).toBe(before);
    node.catalogue.isFailing = false;
    await node.reconciler.reconcile();
    expect(client.seqs(room)).toEqual([seq]);
    await until(() => client.cursor !== before, () => node.reconciler.reconcile()); // prettier-ignore
    await other.stop();
  });

  it('continues the chain of prev over an event whose subject was erased', async () => {
    const client = await connected(anna);
    await node.log.write(room, (tx) => Promise.resolve(tx.append({ type: 'message.erased', actorId: null })));
    const seq = await post(node, room, ben);
    await node.fanOut.findDispatcher(room)!.reach(seq!);
    expect(client.frames.at(-1)).toMatchObject({ seq: 4, prev: 2 });
  });

  it('subscribes a new participant from their joining event on, from this node or another', async () => {
    const other = new TestNode(database.url);
    const [carl, dora] = [await addUser(node), await addUser(node)];
    const [here, there] = [await connected(carl), await connected(dora)];
    await post(node, room, ben);
    const carlSeq = await join(node, room, carl);
    const doraSeq = await join(other, room, dora);
    const seq = await post(node, room, ben);
    await node.reconciler.reconcile();
    await node.fanOut.findDispatcher(room)!.reach(seq!);
    expect(here.seqs(room)).toEqual([carlSeq, doraSeq, seq]);
    expect(there.seqs(room)).toEqual([doraSeq, seq]);
    await other.stop();
  });

  it('delivers to a leaving participant their leaving event and nothing after it', async () => {
    const client = await connected(anna);
    const seq = await leave(node, room, anna);
    await post(node, room, ben);
    await node.reconciler.reconcile();
    expect(client.seqs(room)).toEqual([seq]);
  });

  it('subscribes a participant again who rejoins before their leaving has been delivered', async () => {
    const other = new TestNode(database.url);
    const client = await connected(anna);
    const left = await leave(other, room, anna);
    await post(other, room, ben);
    const joined = await join(other, room, anna);
    await node.fanOut.findDispatcher(anna)!.reach(4);
    expect(client.seqs('user')).toEqual([2, 3]);
    await node.fanOut.findDispatcher(room)!.reach(joined!);
    expect(client.seqs(room)).toEqual([left, joined]);
    await post(node, room, ben);
    expect(client.seqs(room)).toHaveLength(3);
    await other.stop();
  });

  it('delivers to several late subscribers from the log, and not to one who has left again', async () => {
    const other = new TestNode(database.url);
    const carl = await addUser(node);
    await connected(ben);
    const joined = await join(other, room, carl);
    const left = await leave(other, room, carl);
    await post(other, room, ben);
    const dispatcher = node.fanOut.findDispatcher(room)!;
    await dispatcher.reach(left! + 1);
    await node.reconciler.reconcile();
    for (let i = 0; i < 3; i++) await node.reconciler.reconcile();
    const [late, stale] = [await connected(await addUser(node)), await connected(carl)];
    const lateUser = node.subscribers.get(late.userId)!;
    dispatcher.subscribe(lateUser, joined!);
    dispatcher.subscribe(node.subscribers.get(carl)!, joined!);
    expect(dispatcher.isBehind).toBe(true);
    expect(await dispatcher.reach(left! + 1)).toBe(true);
    const seq = await post(node, room, ben);
    expect(stale.seqs(room)).toEqual([joined, left]);
    expect(late.seqs(room)).toEqual([joined, left, left! + 1, seq]);
    await other.stop();
  });

  it('closes a stream after its last event', async () => {
    const client = await connected(anna);
    const end = { type: 'conversation.deleted', actorId: ben, content: { data: {} } };
    await node.log.write(room, (tx) => Promise.resolve(tx.append(end)));
    expect(client.frames.at(-1)!.type).toBe('conversation.deleted');
    expect(node.fanOut.findDispatcher(room)).toBeUndefined();
  });

  it('releases everything of a user whose last connection has closed', async () => {
    const client = await connected(anna);
    client.cut();
    expect(node.subscribers.get(anna)).toBeUndefined();
    expect(node.fanOut.findDispatcher(anna)).toBeUndefined();
    expect(node.fanOut.findDispatcher(room)).toBeUndefined();
  });

  it('sends a newer cursor only to connections that received events', async () => {
    const [client, idle] = [await connected(anna), await connected(await addUser(node))];
    await until(
      () => client.frames.some(({ type }) => type === 'cursor'),
      async () => {
        await post(node, room, ben);
        await node.reconciler.reconcile();
      },
    );
    const count = idle.frames.length;
    await post(node, room, ben);
    await node.reconciler.reconcile();
    expect(idle.frames.length).toBe(count);
  });

  it('sends signals and closes connections on every node', async () => {
    const hub = new InProcessHub();
    const [busHere, busThere] = [new InProcessBus(hub), new InProcessBus(hub)];
    const [here, there] = [new TestNode(database.url, { bus: busHere }), new TestNode(database.url, { bus: busThere })];
    const broadcaster = new LocalBroadcaster(here.subscribers, here.fanOut, busHere);
    new LocalBroadcaster(there.subscribers, there.fanOut, busThere);
    const [first, second] = [await connected(anna, here), await connected(ben, there)];
    broadcaster.toStream(room, { type: 'typing', data: { user_id: anna }, class: 'ephemeral', exceptUserId: anna });
    broadcaster.toUsers([anna, ben], { type: 'presence.changed', data: {}, class: 'state', key: 'p' });
    expect(first.frames.map(({ type }) => type)).toEqual(['live', 'presence.changed']);
    expect(second.frames.at(-2)).toEqual({ type: 'typing', conversation_id: room, data: { user_id: anna } });
    const connection = second.connection!;
    broadcaster.disconnectUser(ben, 'banned');
    expect(connection.closedWith).toBe(4403);
    expect(there.subscribers.get(ben)).toBeUndefined();
    broadcaster.disconnectSessions(ben, [first.connection!.actor.sessionId], 'revoked');
    expect(first.connection!.closedWith).toBeUndefined();
    broadcaster.disconnectSessions(anna, [first.connection!.actor.sessionId], 'revoked');
    expect(first.connection!.closedWith).toBe(4401);
    await Promise.all([here.stop(), there.stop()]);
  });

  it('misses nothing when the bus loses half, duplicates a tenth and reorders the rest', async () => {
    const report = await lossyBusRound(database.url, { events: 600, conversations: 6, isReconciled: true });
    expect(report).toMatchObject({ missed: 0, outOfOrder: 0 });
    expect(report.lost).toBeGreaterThan(0);
  });

  it('misses events on such a bus without the reconciler, as a control', async () => {
    const report = await lossyBusRound(database.url, { events: 60, conversations: 20, isReconciled: false });
    expect(report.missed).toBeGreaterThan(0);
  });

  it('stops exactly at each removal under traffic, with repeated removals and joins', async () => {
    const report = await removalRound(database.url, { removals: 120 });
    expect(report).toMatchObject({ pastTheCut: 0, missing: 0, outOfOrder: 0 });
    expect(report.removals).toBe(120);
    expect(report.received).toBeGreaterThan(120);
  });
});
