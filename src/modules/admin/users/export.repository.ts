import { Injectable } from '@nestjs/common';
import { Sql, statement, type Statement } from '../../../platform/database/sql.js';

export interface ExportedFile {
  readonly id: string;
  readonly object_id: string;
  readonly name: string;
  readonly category: string;
  readonly status: string;
}

/** One line of the archive: JSON created by the database. */
interface Line {
  readonly key: string;
  readonly line: Record<string, unknown>;
}

const PROFILE = statement<{ profile: Record<string, unknown> }>(
  'admin.export_profile',
  `select json_build_object(
            'id', u.id, 'username', u.username, 'email', u.email, 'external_id', u.external_id,
            'display_name', u.display_name, 'bio', u.bio,
            'avatar_url', u.avatar_url, 'location', u.location, 'role', u.role,
            'metadata', json_build_object('public', u.public_metadata, 'private', u.private_metadata), 'created_at', u.created_at,
            'updated_at', u.updated_at, 'deactivated_at', u.deactivated_at, 'ban', case when u.banned_at is not null then json_build_object(
              'at', u.banned_at, 'until', u.banned_until, 'reason', u.ban_reason) end,
            'presence', (select json_build_object('status', p.status, 'custom', p.custom, 'last_seen', p.last_seen)
                           from presence_settings p where p.user_id = u.id)) as profile
     from users u where u.id = $1`,
);

/** Reads small tables, in pages by their key. */
function paged(name: string, select: string): Statement<Line> {
  return statement<Line>(`admin.export_${name}`, `${select} limit $3`);
}

const SESSIONS = paged(
  'sessions',
  `select s.id as key, json_build_object(
            'id', s.id, 'user_agent', s.user_agent, 'ip', s.ip, 'created_at', s.created_at,
            'last_used_at', s.last_used_at, 'expires_at', s.expires_at, 'revoked_at', s.revoked_at) as line
     from sessions s where s.user_id = $1 and s.id > $2 order by s.id`,
);

/** No title for conversations that the user has left or that are deleted: the current one may be of a later time. */
const CONVERSATIONS = paged(
  'conversations',
  `select p.conversation_id as key, json_build_object(
            'id', p.conversation_id, 'type', c.type, 'title', case when p.left_seq is null and c.deleted_at is null then c.title end,
            'role', p.role, 'joined_at', p.joined_at,
            'left_at', p.left_at, 'is_muted', participant_is_muted(p.is_muted, p.muted_until), 'muted_until', p.muted_until,
            'mute_reason', p.mute_reason, 'ban', (
              select json_build_object('at', b.banned_at, 'until', b.banned_until, 'reason', nullif(b.reason, ''))
                from conversation_bans b where b.conversation_id = p.conversation_id and b.user_id = p.user_id),
            'is_archived', p.is_archived, 'is_pinned', p.is_pinned,
            'last_read_number', p.last_read_number, 'unread_from_number', p.unread_from_number,
            'hidden_up_to_number', p.hidden_up_to_number, 'hidden_at_number', p.hidden_at_number,
            'metadata', p.metadata) as line
     from participants p join conversations c on c.id = p.conversation_id
    where p.user_id = $1 and p.conversation_id > $2 order by p.conversation_id`,
);

const THREADS = paged(
  'threads',
  `select f.root_id as key, json_build_object(
            'root_id', f.root_id, 'is_following', f.is_following, 'last_read_number', f.last_read_number) as line
     from thread_followers f where f.user_id = $1 and f.root_id > $2 order by f.root_id`,
);

const INVITATIONS = paged(
  'invitations',
  `select i.id as key, json_build_object(
            'id', i.id, 'conversation_id', i.conversation_id, 'user_id', i.user_id, 'invited_by', i.invited_by,
            'created_at', i.created_at, 'expires_at', i.expires_at) as line
     from invitations i where (i.user_id = $1 or i.invited_by = $1) and i.id > $2 order by i.id`,
);

const JOIN_REQUESTS = paged(
  'join_requests',
  `select r.id as key, json_build_object(
            'id', r.id, 'conversation_id', r.conversation_id, 'message', r.message, 'created_at', r.created_at,
            'expires_at', r.expires_at) as line
     from join_requests r where r.user_id = $1 and r.id > $2 order by r.id`,
);

const BLOCKS = paged(
  'blocks',
  `select b.blocked_id as key, json_build_object('user_id', b.blocked_id, 'created_at', b.created_at) as line
     from user_blocks b where b.blocker_id = $1 and b.blocked_id > $2 order by b.blocked_id`,
);

const WEBHOOKS = paged(
  'webhooks',
  `select w.id as key, json_build_object(
            'id', w.id, 'url', w.url, 'events', w.events, 'scope', w.scope, 'description', w.description,
            'verified_at', w.verified_at, 'created_at', w.created_at) as line
     from webhooks w where w.user_id = $1 and w.id > $2 order by w.id`,
);

const FILES = paged(
  'files',
  `select f.id as key, json_build_object(
            'id', f.id, 'object_id', coalesce(f.object_id, f.id), 'name', f.name, 'type', f.type, 'category', f.category, 'size', f.size, 'status', f.status,
            'description', f.description, 'uploaded_at', f.uploaded_at) as line
     from files f where f.uploader_id = $1 and f.id > $2 and f.deleted_at is null order by f.id`,
);

/** Uploads that are not files yet. */
const UPLOADS = paged(
  'uploads',
  `select u.id as key, json_build_object(
            'id', u.id, 'name', u.name, 'description', u.description, 'length', u.length, 'received', u.received,
            'created_at', u.created_at, 'expires_at', u.expires_at) as line
     from resumable_uploads u
    where u.uploader_id = $1 and u.id > $2 and u.deleted_at is null and u.completed_at is null order by u.id`,
);

const VOTES = paged(
  'votes',
  `select v.message_id as key, json_build_object('message_id', v.message_id, 'option_ids', json_agg(v.option_id),
                                                 'voted_at', max(v.voted_at)) as line
     from poll_votes v where v.user_id = $1 and v.message_id > $2 group by v.message_id order by v.message_id`,
);

const SCHEDULED = paged(
  'scheduled',
  `select s.id as key, json_build_object(
            'id', s.id, 'conversation_id', s.conversation_id, 'send', s.send, 'send_at', s.send_at, 'error', s.error,
            'created_at', s.created_at) as line
     from scheduled_messages s where s.sender_id = $1 and s.id > $2 order by s.id`,
);

const HIDDEN_MESSAGES = paged(
  'hidden_messages',
  `select x.message_id as key, json_build_object('message_id', x.message_id) as line
     from hidden_messages x where x.user_id = $1 and x.message_id > $2 order by x.message_id`,
);

const SAVED = paged(
  'saved',
  `select s.message_id as key, json_build_object(
            'message_id', s.message_id, 'conversation_id', s.conversation_id, 'saved_at', s.saved_at,
            'remind_at', s.remind_at, 'reminded_at', s.reminded_at) as line
     from saved_messages s where s.user_id = $1 and s.message_id > $2 order by s.message_id`,
);

const DRAFTS = paged(
  'drafts',
  `select d.id as key, json_build_object(
            'conversation_id', d.conversation_id, 'thread_root_id', d.thread_root_id, 'content', d.content,
            'reply_to_id', d.reply_to_id, 'metadata', d.metadata, 'updated_at', d.updated_at) as line
     from drafts d where d.user_id = $1 and d.id > $2 order by d.id`,
);

/** Tables that are small for one user. */
const LISTS = {
  sessions: SESSIONS,
  conversations: CONVERSATIONS,
  threads: THREADS,
  blocks: BLOCKS,
  invitations: INVITATIONS,
  'join-requests': JOIN_REQUESTS,
  webhooks: WEBHOOKS,
  uploads: UPLOADS,
  votes: VOTES,
  scheduled: SCHEDULED,
  'hidden-messages': HIDDEN_MESSAGES,
  saved: SAVED,
  drafts: DRAFTS,
  files: FILES,
};
export type ListName = keyof typeof LISTS;

const USER_CONVERSATIONS = statement<{ conversation_id: string; last_number: number }>(
  'admin.export_places',
  `select p.conversation_id, h.last_number
     from participants p join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1 and p.conversation_id > $2 order by p.conversation_id limit $3`,
);

const MESSAGES = statement<{ line: Record<string, unknown> }>(
  'admin.export_messages',
  `select json_build_object(
            'id', m.id, 'conversation_id', m.conversation_id, 'sequence_number', m.sequence_number,
            'message_type', m.message_type, 'content', coalesce(m.shadowed_edit ->> 'content', m.content), 'reply_to_id', m.reply_to_id, 'thread_root_id', m.thread_root_id,
            'mentions', m.mentions, 'mention_scope', m.mention_scope,
            'metadata', m.metadata, 'poll', m.poll, 'location', m.location, 'contact', m.contact, 'forwarded', m.forwarded, 'link_previews', m.link_previews, 'silent', m.is_silent, 'skip_push', m.skips_push, 'streaming', m.streaming, 'visible_to', coalesce(m.stated_audience, nullif(m.audience, '{}')), 'created_at', m.created_at, 'edited_at', m.edited_at,
            'earlier_versions', (select json_agg(json_build_object('content', e.content, 'replaced_at', e.edited_at)
                                        order by e.version) from message_edits e where e.message_id = m.id),
            'file_ids', (select json_agg(a.file_id order by a.position)
                           from message_attachments a where a.message_id = m.id)) as line
     from messages m
    where m.conversation_id = $1 and m.sequence_number > $2 and m.sequence_number <= $3 and m.sender_id = $4
      and m.deleted_at is null
    order by m.sequence_number`,
);

const REACTIONS = statement<{ line: Record<string, unknown> }>(
  'admin.export_reactions',
  `select json_build_object('message_id', r.message_id, 'emoji', r.emoji, 'created_at', r.created_at) as line
     from messages m join reactions r on r.message_id = m.id and r.user_id = $4
    where m.conversation_id = $1 and m.sequence_number > $2 and m.sequence_number <= $3
    order by m.sequence_number`,
);

const CONTENT = { messages: MESSAGES, reactions: REACTIONS };
export type ContentName = keyof typeof CONTENT;

const PAGE = 500;
/** Messages searched by one statement; its result contains at most as many. */
const WINDOW = 1000;
const NO_ID = '00000000-0000-0000-0000-000000000000';

type Lines = AsyncGenerator<Record<string, unknown>[]>;

/**
 * Reads all data of one user page by page: memory never contains more than one page, and no transaction stays open for
 * a slow reader. Reads: users, presence_settings, sessions, participants, conversation_bans, invitations, join_requests, conversations,
 * stream_heads, messages, message_edits, message_attachments, reactions, poll_votes, hidden_messages, thread_followers, files, resumable_uploads,
 * user_blocks,
 * webhooks, scheduled_messages, saved_messages, drafts.
 */
@Injectable()
export class ExportRepository {
  constructor(private readonly sql: Sql) {}

  async profile(userId: string): Promise<Record<string, unknown> | undefined> {
    return (await this.sql.one(PROFILE, [userId]))?.profile;
  }

  async *list(name: ListName, userId: string): Lines {
    let after = NO_ID;
    for (;;) {
      const rows = await this.sql.many(LISTS[name], [userId, after, PAGE]);
      yield rows.map(({ line }) => line);
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.key;
    }
  }

  /** Messages and reactions of the user, in every conversation in which they take or took part. */
  async *content(name: ContentName, userId: string): Lines {
    let after = NO_ID;
    for (;;) {
      const conversations = await this.sql.many(USER_CONVERSATIONS, [userId, after, PAGE]);
      for (const { conversation_id, last_number } of conversations) {
        for (let from = 0; from < last_number; from += WINDOW) {
          const rows = await this.sql.many(CONTENT[name], [conversation_id, from, from + WINDOW, userId]);
          yield rows.map(({ line }) => line);
        }
      }
      if (conversations.length < PAGE) return;
      after = conversations.at(-1)!.conversation_id;
    }
  }
}
