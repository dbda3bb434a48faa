import pg from 'pg';
import { newId } from '../../src/platform/database/ids.js';
import { Sql, statement } from '../../src/platform/database/sql.js';
import { EventCatalogue, type EventDefinition } from '../../src/platform/event-log/event-catalogue.js';
import { EventLog, type StreamTransaction } from '../../src/platform/event-log/event-log.js';
import type { EventContent, StreamEvent } from '../../src/platform/event-log/stream-event.js';
import { Bus, InProcessBus } from '../../src/platform/realtime/bus/bus.js';
import { FanOut } from '../../src/platform/realtime/fan-out/fan-out.js';
import { FanOutRepository } from '../../src/platform/realtime/fan-out/fan-out.repository.js';
import { EventReader } from '../../src/platform/realtime/fan-out/event-reader.js';
import { LocalSubscribers } from '../../src/platform/realtime/fan-out/local-subscribers.js';
import { WatermarkTracker } from '../../src/platform/realtime/fan-out/watermark-tracker.js';
import { ReplayReader } from '../../src/platform/realtime/resume/replay-reader.js';
import { ResumeStateProviders } from '../../src/platform/realtime/resume/resume-state-providers.js';
import { ResumeSemaphore, Resume } from '../../src/platform/realtime/resume/resume.js';
import { HeadReconciler } from '../../src/platform/realtime/fan-out/head-reconciler.js';
import { AuditLogRepository } from '../../src/modules/admin/audit/audit-log.repository.js';
import { StreamAccessRepository } from '../../src/modules/participants/stream-access.repository.js';

const INT8_OID = 20;

export function openPool(url: string, max = 8): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8_OID && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
    },
  });
  pool.on('error', () => undefined);
  return pool;
}

class SubjectData {
  subject: string;
}

/** Renders ids only; `isFailing` makes it fail, like an unavailable content store. */
export class TestCatalogue extends EventCatalogue {
  isFailing = false;
  shown = 0;

  constructor() {
    super();
    const render = async (events: StreamEvent[]): Promise<(EventContent | undefined)[]> => {
      await Promise.resolve();
      if (this.isFailing) throw new Error('content cannot be read');
      this.shown += events.length;
      return events.map(({ subjectId }) => ({ data: { subject: subjectId } }));
    };
    const types: Omit<EventDefinition, 'render' | 'summary' | 'data'>[] = [
      { type: 'message.created' },
      { type: 'participant.joined', membership: 'join' },
      { type: 'participant.left', membership: 'leave' },
      { type: 'conversation.deleted', endsStream: true },
      { type: 'conversation.added', grantsStream: true },
      { type: 'conversation.removed' },
    ];
    const description = { summary: 'An event of the test.', data: SubjectData };
    for (const type of types) this.declare({ ...type, ...description, render });
    const renderNothing = (events: StreamEvent[]): undefined[] => events.map(() => undefined);
    this.declare({ type: 'message.erased', ...description, render: renderNothing });
  }
}

export interface NodeOptions {
  readonly bus?: Bus;
  /** A replacement of the repository, for negative controls. */
  readonly repository?: (sql: Sql) => FanOutRepository;
}

/** The realtime half of one server process: the log, the fan-out, the resume, the reconciler; connections are fakes. */
export class TestNode {
  readonly catalogue = new TestCatalogue();
  readonly subscribers = new LocalSubscribers();
  readonly sql: Sql;
  readonly fanOut: FanOut;
  readonly log: EventLog;
  readonly resume: Resume;
  readonly stateProviders = new ResumeStateProviders();
  readonly reconciler: HeadReconciler;
  private readonly pool: pg.Pool;
  private sweeping: Promise<void> | undefined;
  private isStopped = false;

  constructor(url: string, { bus = new InProcessBus(), repository }: NodeOptions = {}) {
    this.pool = openPool(url);
    this.sql = new Sql(this.pool);
    const reads = repository?.(this.sql) ?? new FanOutRepository(this.sql);
    const watermarks = new WatermarkTracker(reads);
    const reader = new EventReader(reads, this.catalogue);
    this.fanOut = new FanOut(this.subscribers, this.catalogue, reader, bus);
    this.log = new EventLog(this.sql, this.fanOut, new AuditLogRepository(this.sql));
    const replay = new ReplayReader(reads, new StreamAccessRepository(), this.catalogue, reader);
    this.resume = new Resume(this.fanOut, replay, watermarks, this.stateProviders, new ResumeSemaphore(4));
    this.reconciler = new HeadReconciler(this.fanOut, reads, watermarks);
  }

  /** Runs the reconciler repeatedly, much faster than in production. */
  reconcileEvery(ms: number): void {
    this.sweeping = (async () => {
      while (!this.isStopped) {
        await this.reconciler.reconcile().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    })();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.sweeping;
    await this.pool.end();
  }
}

const ADD_USER = statement<unknown>(
  'test.add_user',
  `insert into users (id, username, display_name) values ($1, $2, 'User')`,
);
const ADD_CONVERSATION = statement<unknown>(
  'test.add_conversation',
  `insert into conversations (id, type, title) values ($1, 'group', 'Test')`,
);
const JOIN = statement<unknown>(
  'test.join',
  `insert into participants (conversation_id, user_id, joined_seq) values ($1, $2, $3)
   on conflict (conversation_id, user_id) do update set joined_seq = $3, left_seq = null, left_at = null`,
);
const LEAVE = statement<unknown>(
  'test.leave',
  `update participants set left_seq = $3, left_at = now() where conversation_id = $1 and user_id = $2`,
);

export async function addUser(node: TestNode): Promise<string> {
  const id = newId();
  await node.sql.run(ADD_USER, [id, id]);
  await node.log.create(id, () => Promise.resolve());
  return id;
}

export async function addConversation(node: TestNode, userIds: string[]): Promise<string> {
  const id = newId();
  await node.sql.run(ADD_CONVERSATION, [id]);
  await node.log.create(id, () => Promise.resolve());
  for (const userId of userIds) await join(node, id, userId);
  return id;
}

/** As the module `participants` does: one transaction over the conversation's stream and the user's own. */
export function join(node: TestNode, conversationId: string, userId: string): Promise<number | undefined> {
  return node.log.write(conversationId, async (tx) => {
    const content = { data: { subject: userId }, override: { userId, prev: 0 } };
    const seq = tx.append({ type: 'participant.joined', actorId: userId, subjectId: userId, content });
    await tx.run(JOIN, [conversationId, userId, seq]);
    await appendToUser(tx, userId, 'conversation.added', { conversationId, payload: { since_seq: seq } });
    return seq;
  });
}

export function leave(node: TestNode, conversationId: string, userId: string): Promise<number | undefined> {
  return node.log.write(conversationId, async (tx) => {
    const content = { data: { subject: userId } };
    const seq = tx.append({ type: 'participant.left', actorId: userId, subjectId: userId, content });
    await tx.run(LEAVE, [conversationId, userId, seq]);
    await appendToUser(tx, userId, 'conversation.removed', { conversationId, payload: null });
    return seq;
  });
}

function appendToUser(
  tx: StreamTransaction,
  userId: string,
  type: string,
  { conversationId, payload }: { conversationId: string; payload: Record<string, unknown> | null },
): Promise<void> {
  return tx.appendToOthers([userId], () => ({
    type,
    actorId: userId,
    subjectId: conversationId,
    payload,
    content: { data: { conversation: conversationId } },
  }));
}

export function post(node: TestNode, conversationId: string, senderId: string): Promise<number | undefined> {
  const subjectId = newId();
  const content = { data: { subject: subjectId } };
  return node.log.write(conversationId, (tx) =>
    Promise.resolve(tx.append({ type: 'message.created', actorId: senderId, subjectId, content })),
  );
}
