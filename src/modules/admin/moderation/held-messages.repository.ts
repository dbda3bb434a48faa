import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { StoredForward } from '../../messages/forwarding/forwarded.dto.js';
import type { TypedAttachments } from '../../messages/typed-attachments/typed-attachments.dto.js';
import type { StoredPoll } from '../../messages/polls/polls.dto.js';
import type { HeldStatus } from './held-messages.dto.js';

/** The data of a held send: the fields of `HeldSend`. */
export interface HeldSendData extends TypedAttachments {
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly client_message_id: string | null;
  readonly body_hash: string | null;
  readonly message_type: string;
  readonly content: string;
  readonly reply_to_id: string | null;
  readonly is_thread_only?: boolean;
  readonly mentions: string[] | null;
  readonly mention_scope?: 'all' | 'here' | null;
  readonly metadata: Record<string, unknown> | null;
  readonly attachment_ids?: string[];
  readonly poll?: StoredPoll;
  readonly forwarded?: StoredForward;
  readonly is_silent?: boolean;
  readonly skips_push?: boolean;
  readonly visible_to?: string[];
}

export type ReviewQueue = 'installation' | 'conversation';

export interface HeldMessageRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly sender_name: string | null;
  readonly send: HeldSendData;
  readonly queue: ReviewQueue;
  /** Null if the check of the host held it. */
  readonly rule_id: string | null;
  readonly reason: string | null;
  readonly status: HeldStatus | 'releasing';
  readonly held_at: Date;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly message_id: string | null;
}

/** The queue to read: that of the installation, or that of one conversation. */
export interface QueueScope {
  readonly queue: ReviewQueue;
  readonly conversationId: string | null;
}

const COLUMNS = `
  h.id, h.conversation_id, h.sender_id, u.display_name as sender_name, h.send, h.queue, h.rule_id, h.reason, h.status,
  h.held_at, h.decided_at, h.decided_by, h.message_id`;

const HOLD = statement<{ id: string }>(
  'held_messages.hold',
  `insert into held_messages (id, conversation_id, sender_id, client_message_id, body_hash, send, queue, rule_id, reason)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id`,
);

const BY_KEY = statement<{ id: string; body_hash: string | null; status: string }>(
  'held_messages.by_key',
  `select id, body_hash, status from held_messages
    where sender_id = $1 and client_message_id = $2 and conversation_id = $3`,
);

const FIND = statement<HeldMessageRow>(
  'held_messages.find',
  `select ${COLUMNS} from held_messages h left join users u on u.id = h.sender_id
    where h.id = $1 and h.queue = $2 and ($3::uuid is null or h.conversation_id = $3)`,
);

const PAGE = statement<HeldMessageRow>(
  'held_messages.page',
  `select ${COLUMNS} from held_messages h left join users u on u.id = h.sender_id
    where h.queue = $1 and ($2::uuid is null or h.conversation_id = $2)
      and h.status = any($3::text[]) and ($4::timestamptz is null or (h.held_at, h.id) > ($4, $5::uuid))
    order by h.held_at, h.id limit $6`,
);

const TRANSITION = statement<unknown>(
  'held_messages.move',
  `update held_messages
      set status = $3, decided_at = case when $3 = 'held' then null else clock_timestamp() end,
          decided_by = case when $3 = 'held' then null else coalesce($4, decided_by) end,
          message_id = coalesce($5, message_id)
    where id = $1 and status = any($2::text[])`,
);

/** Owns: held_messages. Reads: users. */
@Injectable()
export class HeldMessagesRepository {
  constructor(private readonly sql: Sql) {}

  /** Stores a send as held; a repeated key returns the existing one. */
  async hold(
    send: HeldSendData,
    { ruleId, queue, reason = null }: { ruleId: string | null; queue: ReviewQueue; reason?: string | null },
  ): Promise<{ id: string; status: 'held' | 'dropped' | 'conflict' }> {
    const { conversation_id: conversationId, sender_id: sender, client_message_id: key, body_hash: hash } = send;
    const id = newId();
    const values = [id, conversationId, sender, key, hash, JSON.stringify(send), queue, ruleId, reason];
    if (await this.sql.one(HOLD, values)) return { id, status: 'held' };
    const existing = (await this.sql.one(BY_KEY, [sender, key, conversationId]))!;
    if (existing.body_hash !== hash) return { id: existing.id, status: 'conflict' };
    return { id: existing.id, status: existing.status === 'dropped' ? 'dropped' : 'held' };
  }

  find(
    id: string,
    { queue, conversationId }: QueueScope,
    tx: Queryable = this.sql,
  ): Promise<HeldMessageRow | undefined> {
    return tx.one(FIND, [id, queue, conversationId]);
  }

  /** Longest waiting first; one row more than the page has. */
  page(
    { queue, conversationId }: QueueScope,
    statuses: readonly string[],
    after: { at: Date; id: string } | undefined,
    limit: number,
  ): Promise<HeldMessageRow[]> {
    const values = [queue, conversationId, [...statuses], after?.at ?? null, after?.id ?? null, limit + 1];
    return this.sql.many(PAGE, values);
  }

  /** Moves a message from one of the states `from` to `to`; returns whether it did. */
  async transition(
    tx: Queryable | undefined,
    id: string,
    change: { from: readonly string[]; to: string; by?: string; messageId?: string },
  ): Promise<boolean> {
    const { from, to, by = null, messageId = null } = change;
    return (await (tx ?? this.sql).run(TRANSITION, [id, [...from], to, by, messageId])) > 0;
  }
}
