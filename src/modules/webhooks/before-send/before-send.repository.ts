import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { FailurePolicy } from './before-send.dto.js';

export interface BeforeSendHookRow {
  /** The secret is encrypted for this id. */
  readonly id: string;
  readonly url: string;
  readonly secret_box: Buffer;
  /** Null once the previous secret no longer signs. */
  readonly previous_secret_box: Buffer | null;
  readonly previous_secret_until: Date | null;
  readonly timeout_ms: number;
  readonly on_failure: FailurePolicy;
  readonly conversation_types: string[] | null;
  readonly message_types: string[] | null;
  readonly sample: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export type NewBeforeSendHook = Pick<
  BeforeSendHookRow,
  'id' | 'url' | 'timeout_ms' | 'on_failure' | 'conversation_types' | 'message_types' | 'sample'
> & { readonly secret_box: Buffer; readonly updated_by: string };

/** A message by the key of its sender. */
export interface MessageKey {
  readonly sender_id: string;
  readonly conversation_id: string;
  readonly client_message_id: string;
}

/** A stored decision, as JSON. */
export type StoredVerdict = Readonly<Record<string, unknown>>;

const FIND = statement<BeforeSendHookRow>(
  'before_send.find',
  `select id, url, secret_box, case when previous_secret_until > now() then previous_secret_box end as previous_secret_box,
          previous_secret_until, timeout_ms, on_failure, conversation_types, message_types, sample, created_at, updated_at
     from before_send_hook`,
);

/** A new secret of an existing hook leaves the previous one valid for 24 hours. */
const SET = statement<unknown>(
  'before_send.set',
  `insert into before_send_hook as h (id, url, secret_box, timeout_ms, on_failure, conversation_types, message_types,
                                      sample, updated_by)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   on conflict (is_only) do update
      set url = excluded.url, timeout_ms = excluded.timeout_ms, on_failure = excluded.on_failure,
          conversation_types = excluded.conversation_types, message_types = excluded.message_types,
          sample = excluded.sample, updated_by = excluded.updated_by, updated_at = clock_timestamp(),
          secret_box = excluded.secret_box,
          previous_secret_box = case when h.secret_box = excluded.secret_box then h.previous_secret_box else h.secret_box end,
          previous_secret_until = case when h.secret_box = excluded.secret_box then h.previous_secret_until
                                       else now() + interval '24 hours' end`,
);

const DELETE = statement<unknown>('before_send.delete', `delete from before_send_hook`);

/** An arbitrary number. A change of the hook holds this lock until its commit. */
const LOCK = statement<unknown>('before_send.lock', `select pg_advisory_xact_lock(7265542)`);

const FIND_VERDICT = statement<{ verdict: StoredVerdict }>(
  'before_send.verdict',
  `select verdict from before_send_verdicts
    where sender_id = $1 and client_message_id = $2 and conversation_id = $3 and body_hash = $4`,
);

/** Of concurrent checks of one message the first verdict stays; another body with the same key is another message. */
const KEEP_VERDICT = statement<unknown>(
  'before_send.keep',
  `insert into before_send_verdicts as v (sender_id, client_message_id, conversation_id, body_hash, verdict)
   values ($1, $2, $3, $4, $5)
   on conflict (sender_id, client_message_id, conversation_id) do update
      set body_hash = excluded.body_hash, verdict = excluded.verdict, decided_at = now()
    where v.body_hash <> excluded.body_hash`,
);

/** The host's own ids of a sender and a conversation. */
export interface HostIds {
  readonly sender_external_id: string | null;
  readonly conversation_external_id: string | null;
}

const HOST_IDS = statement<HostIds>(
  'before_send.host_ids',
  `select (select external_id from users where id = $1) as sender_external_id,
          (select external_id from conversations where id = $2) as conversation_external_id`,
);

const OLD = `v.decided_at < now() - interval '24 hours'
  or exists (select from users u where u.id = v.sender_id and u.deleted_at is not null)`;

const DELETE_OLD = statement<unknown>(
  'before_send.delete_old',
  `delete from before_send_verdicts where ctid in (select v.ctid from before_send_verdicts v where ${OLD} limit $1)`,
);

const COUNT_OLD = statement<{ count: number }>(
  'before_send.count_old',
  `select count(*) as count from before_send_verdicts v where ${OLD}`,
);

/** Owns: before_send_hook, before_send_verdicts. Reads: users, conversations. */
@Injectable()
export class BeforeSendRepository {
  constructor(private readonly sql: Sql) {}

  find(tx: Queryable = this.sql): Promise<BeforeSendHookRow | undefined> {
    return tx.one(FIND);
  }

  /** The first statement of a change: serializes changes. */
  async lock(tx: Queryable): Promise<void> {
    await tx.run(LOCK);
  }

  async set(tx: Queryable, hook: NewBeforeSendHook): Promise<void> {
    const { id, url, secret_box, timeout_ms, on_failure, conversation_types, message_types, sample, updated_by } = hook;
    const which = [conversation_types, message_types, sample];
    await tx.run(SET, [id, url, secret_box, timeout_ms, on_failure, ...which, updated_by]);
  }

  async delete(tx: Queryable): Promise<void> {
    await tx.run(DELETE);
  }

  async hostIds(message: Pick<MessageKey, 'sender_id' | 'conversation_id'>): Promise<HostIds> {
    return (await this.sql.one(HOST_IDS, [message.sender_id, message.conversation_id]))!;
  }

  /** The verdict on a message with this body, if it was given in the last day. */
  async findVerdict(key: MessageKey, bodyHash: string): Promise<StoredVerdict | undefined> {
    const { sender_id, client_message_id, conversation_id } = key;
    return (await this.sql.one(FIND_VERDICT, [sender_id, client_message_id, conversation_id, bodyHash]))?.verdict;
  }

  /** Returns whether the verdict was stored: false if there is one for this body already. */
  async keepVerdict(key: MessageKey, bodyHash: string, verdict: StoredVerdict): Promise<boolean> {
    const { sender_id, client_message_id, conversation_id } = key;
    const values = [sender_id, client_message_id, conversation_id, bodyHash, JSON.stringify(verdict)];
    return (await this.sql.run(KEEP_VERDICT, values)) > 0;
  }

  /** Deletes verdicts of more than a day ago and of deleted accounts; returns how many, at most `limit`. */
  deleteOldVerdicts(limit: number): Promise<number> {
    return this.sql.run(DELETE_OLD, [limit]);
  }

  async countOldVerdicts(): Promise<number> {
    return (await this.sql.one(COUNT_OLD))?.count ?? 0;
  }
}
