import pg from 'pg';
import { AuditLogRepository } from '../../src/modules/admin/audit/audit-log.repository.js';
import { BeforeSendHook } from '../../src/modules/messages/before-send.port.js';
import { CheckBeforeSend } from '../../src/modules/messages/check-before-send.js';
import { ContentRules } from '../../src/modules/messages/content-rules.port.js';
import { MessagesRepository } from '../../src/modules/messages/messages.repository.js';
import { ContentModeration } from '../../src/modules/messages/content-moderation.js';
import { SendMessage } from '../../src/modules/messages/send-message.js';
import { ParticipantsPolicy } from '../../src/modules/participants/participants.policy.js';
import { ParticipantsRepository } from '../../src/modules/participants/participants.repository.js';
import { UsersPolicy } from '../../src/modules/users/users.policy.js';
import { UsersRepository } from '../../src/modules/users/users.repository.js';
import { newId } from '../../src/platform/database/ids.js';
import { Sql } from '../../src/platform/database/sql.js';
import { DomainEvents } from '../../src/platform/event-log/domain-events.js';
import { EventLog } from '../../src/platform/event-log/event-log.js';
import type { CommittedEvent } from '../../src/platform/event-log/stream-event.js';
import type { Actor, SystemRole } from '../../src/platform/identity/actor.js';
import { RecordingListener } from './doubles/recording-listener.js';
import { testConfig } from './test-app.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

class NoRules extends ContentRules {
  override evaluate(): undefined {
    return undefined;
  }

  override hold(): never {
    throw new Error('there is no rule to hold anything');
  }
}

class NoHook extends BeforeSendHook {
  readonly isActive = false;

  override applies(): boolean {
    return false;
  }

  override appliesIn(): boolean {
    return false;
  }

  override decide(): never {
    throw new Error('there is no hook to decide anything');
  }
}

/** The send path over a real database, without HTTP and sockets; everything else as in the program. */
export interface SendPath {
  readonly database: TestDatabase;
  readonly sending: SendMessage;
  readonly log: EventLog;
  /** Everything announced so far, in the order of the announcement. */
  readonly announced: CommittedEvent[];
  actor(name: string): Promise<Actor>;
  conversation(...participants: Actor[]): Promise<string>;
  /** A second instance over the same database, like another process. */
  another(): SendMessage;
  close(): Promise<void>;
}

export async function startSendPath(): Promise<SendPath> {
  const database = await createTestDatabase();
  const config = testConfig(database.url);
  const pool = new pg.Pool({ connectionString: database.url, max: 8, types: { getTypeParser: numbers } });
  pool.on('error', () => undefined);
  const sql = new Sql(pool);
  const listener = new RecordingListener();
  const log = new EventLog(sql, listener, new AuditLogRepository(sql));
  const messages = new MessagesRepository(sql);
  const users = new UsersPolicy(new UsersRepository(sql));
  const policy = new ParticipantsPolicy(new ParticipantsRepository(sql), users);
  const rules = new ContentModeration(new NoRules(), policy, messages);
  const hostCheck = new CheckBeforeSend(new NoHook(), rules, policy, messages, config);
  const make = (): SendMessage => new SendMessage(messages, log, config, new DomainEvents(), rules, hostCheck);
  return {
    database,
    sending: make(),
    log,
    announced: listener.events,
    another: make,
    actor: (name) => createActor(database, name),
    conversation: (...participants) => createConversation(database, participants),
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

function numbers(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === 20 ? Number : pg.types.getTypeParser(oid, format as 'text');
}

export interface UserFacts {
  readonly role?: SystemRole;
  readonly isBanned?: boolean;
  /** Part of the public profile. */
  readonly marker?: string;
  /** Part of private data: the email address and the device. */
  readonly secret?: string;
}

/** A user with a session, created in SQL. */
export async function createActor(
  database: TestDatabase,
  username: string,
  { role = 'user', isBanned = false, marker, secret }: UserFacts = {},
): Promise<Actor> {
  const [userId, sessionId] = [newId(), newId()];
  const displayName = marker === undefined ? username : `${username} ${marker}`;
  const email = secret === undefined ? null : `${username}${secret}@example.com`;
  await database.query(
    `with u as (
       insert into users (id, username, email, display_name, bio, location, role, banned_at)
       values ($1, $2, $3, $4, $5, $5, $6, case when $7::boolean then now() end)
     ), h as (insert into stream_heads (stream_id) values ($1))
     insert into sessions (id, user_id, expires_at, user_agent) values ($8, $1, now() + interval '1 day', $9)`,
    [userId, username, email, displayName, marker ?? '', role, isBanned, sessionId, secret ?? ''],
  );
  return { userId, sessionId, role, username, displayName, expiresAt: Date.now() / 1000 + 86_400 };
}

/** A group with these participants, created in SQL; its stream is empty. */
export async function createConversation(database: TestDatabase, participants: Actor[]): Promise<string> {
  const id = newId();
  await database.query(`insert into conversations (id, type) values ($1, 'group')`, [id]);
  await database.query(`insert into stream_heads (stream_id) values ($1)`, [id]);
  await database.query(
    `insert into participants (conversation_id, user_id, joined_seq) select $1, unnest($2::uuid[]), 0`,
    [id, participants.map(({ userId }) => userId)],
  );
  return id;
}
