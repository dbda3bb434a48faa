import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import { LegalHold } from '../conversations/conversations.errors.js';
import { type LimitedMessage, RECEIPTS_OF_AUDIENCE } from './audience.js';
import type { MessageRow, ShadowedEdit } from './message-presenter.js';
import { POLL_VOTES } from './polls/poll.js';
import { REACTIONS } from './reactions/reactions-seen.js';
import { shadowedReplies } from './thread-summary.js';
import { toColumns, type AppendResult, type NewMessage } from './new-message.js';

const APPEND = statement<AppendResult & { place: number }>(
  'messages.append',
  `select place, outcome, id, sequence_number, seq, created_at, mentions, attachments, reply_to_content, sender_name,
          was_behind, retry_after
     from append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
);

const APPEND_SYSTEM = statement<{ sequence_number: number }>(
  'messages.append_system',
  `select append_system_message($1, $2, $3, $4, $5, $6, $7) as sequence_number`,
);

const SHADOW_SYSTEM = statement<unknown>('messages.shadow_system', `select shadow_system_message($1)`);

const STORED_BY_KEY = statement<{ id: string }>(
  'messages.has_key',
  `select id from messages where sender_id = $1 and client_message_id = $2 and conversation_id = $3`,
);

/** All columns that a message is presented from. The text of a deleted parent is not among them. */
export const MESSAGE_COLUMNS = `
  m.id, m.conversation_id, m.sequence_number, m.seq, m.sender_id, u.display_name as sender_name, m.client_message_id,
  m.message_type, m.content, m.reply_to_id, case when parent.deleted_at is null then parent.content end as reply_to_content,
  parent.sender_id as reply_to_sender_id, quoted.display_name as reply_to_sender_name,
  parent.sequence_number as reply_to_number, parent.audience as reply_to_audience, m.audience, m.stated_audience,
  m.thread_root_id, m.is_thread_only, thread.reply_count, thread.last_reply_at, thread.reply_user_ids, ${shadowedReplies('thread')},
  m.mentions, m.mention_scope, m.is_silent, m.skips_push, m.metadata, m.created_at, m.edited_at, m.deleted_at, m.pinned_at,
  ${RECEIPTS_OF_AUDIENCE},
  ${REACTIONS} as reactions, m.shadowed_edit,
  m.streaming, m.poll, ${POLL_VOTES} as poll_votes,
  m.location, m.contact, m.link_previews, m.forwarded, case when m.forwarded is not null then (
    select f.display_name from users f where f.id = (m.forwarded ->> 'sender_id')::uuid) end as forwarded_sender_name,
  (select json_agg(file_json(f) order by a.position)
     from message_attachments a join files f on f.id = a.file_id where a.message_id = m.id) as attachments`;

export const MESSAGE_JOINS = `
  left join users u on u.id = m.sender_id
  left join messages parent on parent.id = m.reply_to_id
  left join users quoted on quoted.id = parent.sender_id
  left join threads thread on thread.root_id = m.id
  left join conversation_receipts receipts on receipts.conversation_id = m.conversation_id`;

const FIND = statement<MessageRow>(
  'messages.find',
  `select ${MESSAGE_COLUMNS} from messages m ${MESSAGE_JOINS} where m.id = any($1::uuid[])`,
);

/** Where a message is, and who sees it. */
export interface MessagePosition extends LimitedMessage {
  readonly conversation_id: string;
  readonly sequence_number: number;
  readonly seq: number;
}

const POSITION = statement<MessagePosition>(
  'messages.place',
  `select conversation_id, sequence_number, seq, sender_id, audience from messages where id = $1`,
);

/** The message that a reply quotes. */
export interface QuotedMessage {
  readonly id: string;
  readonly sender_id: string;
  readonly sender_name: string | null;
  /** The root of the thread to which replies belong. */
  readonly root_id: string;
  readonly sequence_number: number;
  readonly audience: string[] | null;
}

const NAMES = statement<{ id: string; display_name: string }>(
  'messages.names_of_authors',
  `select id, display_name from users where id = any($1::uuid[])`,
);

const QUOTED_MESSAGES = statement<QuotedMessage>(
  'messages.quoted',
  `select m.id, m.sender_id, u.display_name as sender_name, coalesce(m.thread_root_id, m.id) as root_id,
          m.sequence_number, m.audience
     from messages m left join users u on u.id = m.sender_id where m.id = any($1::uuid[])`,
);

/** Earlier versions stored of a message: the first one, and the latest. */
const VERSIONS_MAX = 100;

const HAS_LINK = statement<{ has_link: boolean }>('messages.has_link', `select has_link($1) as has_link`);

/**
 * Omitted fields are unchanged. The previous text is stored in the history; an edit without effect stores no version.
 * The rows of users who are no longer mentioned by name, and previews of links that are no longer in the text, are
 * deleted; a scope is unchanged. Users whom a reply mentions anew follow its thread.
 */
const EDIT = statement<unknown>(
  'messages.edit',
  `with before as (
     select m.id, m.content, coalesce($4::jsonb, m.metadata) as metadata,
            case when $5::uuid[] is null then m.mentions else array(
              select p.user_id from participants p
               where p.conversation_id = m.conversation_id and p.left_seq is null and p.user_id = any($5::uuid[])
                 and is_in_audience(coalesce(m.stated_audience, nullif(m.audience, '{}')), m.sender_id, p.user_id))
            end as mentions
       from messages m where m.id = $1
   ), edited as (
     update messages m
        set content = $2, edited_at = $3, metadata = b.metadata, mentions = b.mentions,
            link_previews = case when m.link_previews = '[]' then m.link_previews else (
              select jsonb_agg(l) from jsonb_array_elements(m.link_previews) l
               where position(l ->> 'url' in $2 || coalesce(m.forwarded ->> 'content', '')) > 0) end,
            shadowed_edit = null
       from before b
      where m.id = b.id
        and (m.content <> $2 or m.shadowed_edit is not null or m.metadata is distinct from b.metadata
             or not (m.mentions @> b.mentions and m.mentions <@ b.mentions))
     returning m.id, m.conversation_id, m.sequence_number, m.sender_id, m.audience, m.thread_root_id, m.is_thread_only
   ), unmentioned as (
     delete from message_mentions r using before b join edited using (id)
      where r.message_id = b.id and not r.is_here and r.user_id <> all (b.mentions)
   ), mentioned as (
     insert into message_mentions (user_id, message_id, conversation_id, sequence_number, thread_root_id)
     select u.user_id, e.id, e.conversation_id, e.sequence_number, case when e.is_thread_only then e.thread_root_id end
       from edited e join before b using (id) cross join unnest(b.mentions) as u (user_id)
      where u.user_id <> e.sender_id and is_in_audience(e.audience, e.sender_id, u.user_id)
         on conflict (user_id, message_id) do update set is_here = false where message_mentions.is_here
     returning user_id, message_id
   ), followed as (
     insert into thread_followers (root_id, user_id, last_read_number)
     select e.thread_root_id, r.user_id, e.sequence_number - 1
       from edited e join mentioned r on r.message_id = e.id where e.thread_root_id is not null
         on conflict (user_id, root_id) do update set is_following = true
   ), newest as (
     select b.id, b.content, 1 + coalesce((select max(e.version) from message_edits e where e.message_id = b.id), 0) as version
       from before b join edited using (id)
   ), cut as (
     delete from message_edits e using newest n
      where e.message_id = n.id and e.version > 1 and e.version <= n.version - ${VERSIONS_MAX - 1}
        and not under_legal_hold((select m.conversation_id from messages m where m.id = n.id))
   )
   insert into message_edits (message_id, version, content, edited_by, edited_at)
   select n.id, n.version, n.content, $6, $3 from newest n`,
);

const SHADOW_EDIT = statement<unknown>('messages.shadow_edit', `update messages set shadowed_edit = $2 where id = $1`);

const IS_HELD = statement<{ is_held: boolean }>(
  'messages.is_held',
  `select under_legal_hold(conversation_id) as is_held from messages where id = $1`,
);

const DELETE_EDITS = statement<unknown>('messages.delete_edits', `delete from message_edits where message_id = $1`);
const DELETE_REACTIONS = statement<unknown>('messages.delete_reactions', `delete from reactions where message_id = $1`);
const DELETE_VOTES = statement<unknown>('messages.delete_votes', `delete from poll_votes where message_id = $1`);
const DELETE_MENTIONS = statement<unknown>(
  'messages.delete_mentions',
  `delete from message_mentions where message_id = $1`,
);
const DETACH = statement<unknown>('messages.detach', `delete from message_attachments where message_id = $1`);

const DELETE = statement<unknown>(
  'messages.delete',
  `update messages
      set content = '', shadowed_edit = null, metadata = null, poll = null, location = null, contact = null, forwarded = null,
          link_previews = null, mentions = '{}', mention_scope = null, pinned_at = null,
          pinned_by = null, deleted_at = $2, deleted_by = $3
    where id = $1`,
);

const PIN = statement<unknown>(
  'messages.pin',
  `update messages set pinned_at = $2, pinned_by = $3 where id = $1 and pinned_at is null`,
);

const UNPIN = statement<unknown>(
  'messages.unpin',
  `update messages set pinned_at = null, pinned_by = null where id = $1 and pinned_at is not null`,
);

/**
 * Owns: messages, message_edits, message_mentions, thread_followers, reactions, poll_votes, message_attachments.
 * Reads: threads, users, participants, conversations,
 * conversation_receipts, stream_heads, files.
 */
@Injectable()
export class MessagesRepository {
  constructor(private readonly sql: Sql) {}

  /** Stores a batch in one transaction; returns the results in the order of the batch. @throws ServiceUnavailable */
  async append(batch: readonly NewMessage[]): Promise<AppendResult[]> {
    const results = new Array<AppendResult>(batch.length);
    for (const result of await this.sql.many(APPEND, toColumns(batch))) results[result.place - 1] = result;
    return results;
  }

  /** Stores a message of the type `system` at the head of a locked stream; returns its sequence number. */
  async appendSystem(
    tx: Queryable,
    message: Pick<MessageRow, 'id' | 'conversation_id' | 'sender_id' | 'content' | 'metadata' | 'seq' | 'created_at'>,
  ): Promise<number> {
    const { id, conversation_id, sender_id, content, metadata, seq, created_at } = message;
    const values = [id, conversation_id, sender_id, content, metadata, seq, created_at];
    return (await tx.one(APPEND_SYSTEM, values))!.sequence_number;
  }

  /** Limits a system message that was just stored to its sender. */
  async shadowSystem(tx: Queryable, id: string): Promise<void> {
    await tx.many(SHADOW_SYSTEM, [id]);
  }

  /** Stores the text of an edit for its shadow-banned sender alone. */
  async shadowEdit(tx: Queryable, { id, at }: ChangeContext, edit: Omit<ShadowedEdit, 'edited_at'>): Promise<void> {
    await tx.run(SHADOW_EDIT, [id, JSON.stringify({ ...edit, edited_at: at.toISOString() })]);
  }

  /** Whether the sender already has a stored message with the key of this one. */
  async isStoredByKey({ sender_id, client_message_id, conversation_id }: NewMessage): Promise<boolean> {
    if (client_message_id === null) return false;
    return (await this.sql.one(STORED_BY_KEY, [sender_id, client_message_id, conversation_id])) !== undefined;
  }

  /** Returns the messages in the order of the ids; undefined for an id that does not exist. */
  async find(ids: string[], tx: Queryable = this.sql): Promise<(MessageRow | undefined)[]> {
    if (ids.length === 0) return [];
    const rows = new Map((await tx.many(FIND, [ids])).map((row) => [row.id, row]));
    return ids.map((id) => rows.get(id));
  }

  /** What replies show of these messages, by id. */
  async findQuotedMessages(ids: readonly string[]): Promise<ReadonlyMap<string, QuotedMessage>> {
    if (ids.length === 0) return new Map();
    return new Map((await this.sql.many(QUOTED_MESSAGES, [ids])).map((row) => [row.id, row]));
  }

  /** The names of the authors of forwarded messages, by id. */
  async findNames(userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (userIds.length === 0) return new Map();
    return new Map((await this.sql.many(NAMES, [userIds])).map((row) => [row.id, row.display_name]));
  }

  /** The conversation and the numbers of a message; of deleted messages too. */
  findPosition(id: string): Promise<MessagePosition | undefined> {
    return this.sql.one(POSITION, [id]);
  }

  async hasLink(content: string, tx: Queryable = this.sql): Promise<boolean> {
    return (await tx.one(HAS_LINK, [content]))!.has_link;
  }

  /**
   * Replaces the text and stores the old one as the next version. Of more than 100 versions the first and the latest 99
   * remain. Returns whether anything changed.
   */
  async edit(
    tx: Queryable,
    edit: ChangeContext & { content: string; mentions?: string[]; metadata?: object },
  ): Promise<boolean> {
    const { id, content, at, metadata = null, mentions = null, actorId } = edit;
    return (await tx.run(EDIT, [id, content, at, metadata, mentions, actorId])) > 0;
  }

  /**
   * Leaves a tombstone with the same numbers; text, versions, reactions, poll and attachments are deleted. @throws
   * LegalHold
   */
  async delete(tx: Queryable, { id, actorId, at }: ChangeContext): Promise<void> {
    if ((await tx.one(IS_HELD, [id]))?.is_held) throw new LegalHold();
    await tx.run(DELETE_EDITS, [id]);
    await tx.run(DELETE_REACTIONS, [id]);
    await tx.run(DELETE_VOTES, [id]);
    await tx.run(DELETE_MENTIONS, [id]);
    await tx.run(DETACH, [id]);
    await tx.run(DELETE, [id, at, actorId]);
  }

  /** Whether anything changed. */
  async pin(tx: Queryable, { id, actorId, at }: ChangeContext): Promise<boolean> {
    return (await tx.run(PIN, [id, at, actorId])) > 0;
  }

  /** Whether anything changed. */
  async unpin(tx: Queryable, { id }: ChangeContext): Promise<boolean> {
    return (await tx.run(UNPIN, [id])) > 0;
  }
}

/** The changed message, the actor and the time of the transaction. */
export interface ChangeContext {
  readonly id: string;
  readonly actorId: string;
  readonly at: Date;
}
