import { newId } from '../../src/platform/database/ids.js';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openApiDocument } from '../../src/platform/http/openapi-document.js';
import { protocolDocument } from '../../src/platform/realtime/protocol/protocol-document.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import { startTestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { NodeProcess } from '../chaos/node-process.js';
import { type ApiDocument, type ApiOperation, framesOf, operationsOf } from './contract.js';
import type { KnownIds } from './samples.js';
import { ContractWorld } from './world.js';
import { type WorstRequest, worstFrames, worstRequests } from './worst-requests.js';

// Thousands of requests; the timeout allows for a busy machine.
jest.setTimeout(540_000);

/** CPU time of one stretch on the event loop. Far above the goal of 5 ms: a slow machine is not a defect. */
const LIMIT_MS = 40;
/** A stretch that is slow by accident (garbage collection, compilation) is not slow three times. */
const TRIES = 3;
const MEMBERS = 300;

interface Slow {
  readonly what: string;
  readonly ms: number;
}

describe('the event loop', () => {
  let server: NodeProcess;
  let world: ContractWorld;
  let full: Arranged;
  let memberIds: string[];
  let operations: ApiOperation[];
  /** The number of responses by status. */
  const answered = new Map<number, number>();
  const monitor = join(tmpdir(), `parley-loop-${process.pid}-${randomBytes(4).toString('hex')}`);

  interface Arranged {
    readonly actor: User;
    readonly ids: KnownIds;
  }

  beforeAll(async () => {
    const test = await startTestApp();
    const { jwtSecret, passwordPepper, dataDir } = test.config;
    server = new NodeProcess('src/main', {
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: test.database.url,
      DATABASE_POOL_SIZE: '8',
      JWT_SECRET: jwtSecret,
      PASSWORD_PEPPER: passwordPepper,
      BCRYPT_COST: '4',
      RATE_LIMIT_MULTIPLIER: '100000',
      PROCESS_ROLE: 'api',
      LOG_LEVEL: 'fatal',
      SHED_LOOP_LAG_MS: '0',
      SHED_POOL_WAIT_MS: '0',
      LOOP_MONITOR: monitor,
      NODE_OPTIONS: '--import ./test/support/loop-monitor.mjs',
    });
    await server.start();
    world = new ContractWorld({ ...test, url: server.address });
    operations = operationsOf(openApiDocument(world.app) as unknown as ApiDocument);
    full = await arrange();
    memberIds = await fill(full);
  });
  afterAll(async () => {
    await server?.kill();
    await world?.stop();
  });

  /** A conversation owned by an admin, with one resource of each kind. */
  async function arrange(): Promise<Arranged> {
    const [actor, other] = [await world.user({ role: 'admin' }), await world.user()];
    const conversationId = await world.conversation([
      [actor, { role: 'owner' }],
      [other, { role: 'participant' }],
    ]);
    const messageId = await world.message(conversationId, actor, 'a message');
    const fileId = await world.file(messageId, actor, 'a file');
    const hooks = await world.webhook(actor, 'a webhook');
    const marks = { content: 'something held', title: 'a rule' };
    const moderation = await world.moderation(messageId, { author: actor, reporter: other }, marks);
    const scheduledId = await world.scheduled(conversationId, actor, 'a message for later');
    const { sessionId } = actor;
    return {
      actor,
      ids: {
        conversationId,
        messageId,
        fileId,
        ...hooks,
        ...moderation,
        scheduledId,
        userId: other.userId,
        sessionId,
        keyId: newId(),
      },
    };
  }

  /** Adds members, long messages with mentions and reactions, and versions of a message: as much as a page contains. */
  async function fill({ actor, ids }: Arranged): Promise<string[]> {
    const { conversationId, messageId } = ids;
    const { query } = world.database;
    const members = await query<{ id: string }>(
      `with u as (
         insert into users (id, username, email, display_name, bio, location)
         select gen_random_uuid(), 'member-' || n, 'member-' || n || '@example.com', repeat('👩‍👧', 20), repeat('é', 500), 'x'
           from generate_series(1, ${MEMBERS}) n returning id
       ), h as (insert into stream_heads (stream_id) select id from u), p as (
         insert into participants (conversation_id, user_id, role, joined_seq) select $1, id, 'participant', 0 from u
       )
       select id from u`,
      [conversationId],
    );
    await query(
      `with m as (
         insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, mentions,
                               metadata, created_at, pinned_at, pinned_by)
         select gen_random_uuid(), $1, n + 1, n + 2, $2, 'text', repeat('👍 a', 1600) || repeat('é', 5000),
                (select array_agg(id) from (select id from users where username like 'member-%' limit 50) as mentioned),
                json_build_object('a', repeat('x', 16000)), now(), now(), $2
           from generate_series(1, 200) n returning id, seq
       ), e as (
         insert into events (stream_id, seq, type, actor_id, subject_id, at)
         select $1, seq, 'message.created', $2, id, now() from m
       ), r as (
         insert into reactions (message_id, emoji, user_id)
         select m.id, e.emoji, u.id
           from m, unnest('{👍,👎,❤,😀,😃,😄,😁,😆,😅,🤣}'::text[]) as e (emoji),
                (select id from users where username like 'member-%' limit 20) as u
       )
       update stream_heads set last_seq = 202, last_number = 201 where stream_id = $1`,
      [conversationId, actor.userId],
    );
    await query(
      `insert into message_edits (message_id, version, content, edited_by, edited_at)
       select $1, n, repeat('👍 a', 1600), $2, now() from generate_series(1, 99) n`,
      [messageId, actor.userId],
    );
    return members.map(({ id }) => id);
  }

  /** The longest stretch of work since the last call, in milliseconds of CPU time. */
  async function longestStretch(): Promise<number> {
    const socket = connect(monitor);
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString()));
    await once(socket, 'close');
    return Number(text);
  }

  /** Runs `work`, and again with new input while it is slow; returns the shortest time. */
  async function cost(work: (attempt: number) => Promise<unknown>): Promise<number> {
    let least = Infinity;
    for (let attempt = 0; attempt < TRIES && least > LIMIT_MS; attempt++) {
      await work(attempt);
      least = Math.min(least, await longestStretch());
    }
    return least;
  }

  async function slowRoutes(asked: ApiOperation[], headers: Record<string, string> = {}): Promise<Slow[]> {
    const slow: Slow[] = [];
    for (const operation of asked) {
      const isRead = operation.method === 'GET';
      const again = (): Promise<Arranged> => (isRead ? Promise.resolve(full) : arrange());
      const requestsOf = ({ ids }: Arranged): WorstRequest[] => worstRequests(operation, ids, memberIds);
      const { length } = requestsOf(full);
      let arranged = await again();
      for (let index = 0; index < length; index++) {
        let name = '';
        const ms = await cost(async (attempt) => {
          if (attempt > 0) arranged = await again();
          const worst = requestsOf(arranged)[index]!;
          name = worst.name;
          const { request } = worst;
          const token = arranged.actor.token;
          const answer = await world.send({ ...request, token, headers: { ...request.headers, ...headers } });
          answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
        });
        if (ms > LIMIT_MS) slow.push({ what: `${operation.key}: ${name}`, ms: Math.round(ms) });
      }
    }
    return slow;
  }

  it('is not blocked by a request, whatever its input', async () => {
    expect(await slowRoutes(operations)).toEqual([]);
    expect(answered.get(500)).toBeUndefined();
    expect(answered.get(200)).toBeGreaterThan(200);
  });

  it('has a blocking request found', async () => {
    const [operation] = operations.filter(({ key }) => key === 'GET /api/v1/users/me');
    const slow = await slowRoutes([operation!], { 'x-hold-the-loop-ms': String(2 * LIMIT_MS) });
    expect(slow).toContainEqual({ what: 'GET /api/v1/users/me: the largest page', ms: expect.any(Number) });
  });

  it('is not blocked by indexing and searching a long text without blanks', async () => {
    const { query } = world.database;
    const word = '中文';
    const text =
      String.fromCharCode(...Array.from({ length: 100_000 }, (_, n) => 0x4e00 + ((n * 7919) % 20_000))) + word;
    const ms = await cost(async () => {
      const { actor, ids } = await arrange();
      const { token } = actor;
      const address = `/api/v1/conversations/${ids.conversationId}/messages`;
      const id = await world.message(ids.conversationId, actor, text);
      const find = async (): Promise<void> => {
        const path = `/api/v1/search/messages?conversation_id=${ids.conversationId}&q=${encodeURIComponent(word)}`;
        expect((await world.send({ method: 'GET', path, token })).text).toContain(id);
      };
      await find();
      const headers = { 'content-type': 'application/json' };
      await world.send({ method: 'POST', path: address, token, headers, body: '{"content":"what has it indexed"}' });
      const indexed = 'select message_id from message_search where message_id = $1';
      while ((await query(indexed, [id])).length === 0) await sleep(50);
      await find();
    });
    expect(ms).toBeLessThanOrEqual(LIMIT_MS);
  });

  it('is not blocked by a frame, whatever its input', async () => {
    const slow: Slow[] = [];
    for (const frame of framesOf(protocolDocument(world.app))) {
      const { length } = worstFrames(frame, full.ids, memberIds);
      for (let index = 0; index < length; index++) {
        let name = '';
        const ms = await cost(async () => {
          const client = new WebSocketClient(server.port, `?token=${full.actor.token}`);
          await client.first('live');
          const [what, json] = worstFrames(frame, full.ids, memberIds)[index]!;
          name = what;
          await Promise.race([client.requestText(frame.type, json), client.closed]);
          client.close();
        });
        if (ms > LIMIT_MS) slow.push({ what: `${frame.type}: ${name}`, ms: Math.round(ms) });
      }
    }
    expect(slow).toEqual([]);
  });
});
