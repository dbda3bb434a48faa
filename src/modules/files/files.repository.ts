import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import { PICTURES_PATH } from '../../platform/validation/https-url.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import type { FileCategory } from './file-types.js';
import type { FileRow } from './files.dto.js';
import { usedSizes } from './used-sizes.js';

/** A file with its internal fields. */
export interface StoredFile {
  readonly file: FileRow;
  /** The id with which the bytes are stored: that of the file, or of one whose bytes it shares. */
  readonly object_id: string;
  readonly uploader_id: string;
  readonly content_hash: string;
  /** Of text only; null for files that an older version accepted, which were all UTF-8. */
  readonly charset: string | null;
  readonly is_attached: boolean;
}

export interface NewFile {
  readonly id: string;
  readonly uploaderId: string;
  readonly conversationId: string | undefined;
  readonly name: string;
  readonly type: string;
  readonly category: FileCategory;
  readonly size: number;
  readonly contentHash: string;
  readonly duration: number | undefined;
  /** Of text only. */
  readonly charset: string | undefined;
  readonly description: string;
}

export interface Quota {
  readonly files: number;
  readonly bytes: number;
}

/** The user who requests a file, by a credential or by a signed URL. */
export interface Viewer {
  readonly userId: string;
  readonly sessionId: string;
}

const LOCK_QUOTA = statement<unknown>(
  'files.lock_quota',
  `select pg_advisory_xact_lock(hashtextextended('files.quota ' || $1::text, 0))`,
);

const RESERVE = statement<unknown>(
  'files.reserve',
  `insert into files (id, uploader_id, conversation_id, name, type, category, size, content_hash, duration, description,
                      charset)
   select $1, $2, $3, $4, $5, $6, $7::bigint, $8, $9, $10, $11
    where (select count(*) < $12 and coalesce(sum(used.size), 0) + $7::bigint <= $13::bigint 
             from (${usedSizes('$2', { exceptUpload: '$14' })}) used)`,
);

/** With what resumable uploads reserve, without files on their way into the store: those are counted as uploads in progress. */
export const USAGE = statement<{ files: number; bytes: string }>(
  'files.usage',
  `select count(*)::int as files, coalesce(sum(used.size), 0) as bytes
     from (${usedSizes('$1', { where: `o.status <> 'pending'` })}) used`,
);

const MARK_STORED = statement<{ file: FileRow }>(
  'files.arrived',
  `with stored as (
     update files f set status = 'scanning', status_at = now()
      where id = $1 and status = 'pending' and deleted_at is null returning f.id, file_json(f) as file),
   completed as (
     update resumable_uploads u set completed_at = now(), received = u.length from stored where u.file_id = stored.id)
   select file from stored`,
);

const ATTACHED = `exists (
  select from message_attachments a
    join messages m on m.id = a.message_id and m.deleted_at is null
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
   where a.file_id = f.id)`;

export const STORED = `file_json(f) as file, coalesce(f.object_id, f.id) as object_id, f.uploader_id, f.content_hash, f.charset, ${ATTACHED} as is_attached`;

/**
 * The files that the viewer may see: their own, and those in messages of conversations in which they currently take
 * part.
 */
/** The backend of the host sees every file; its key has the scope of the route. */
const VISIBLE = statement<StoredFile>(
  'files.visible',
  `select ${STORED}
     from files f
    where f.id = any($1::uuid[]) and f.deleted_at is null
      and (f.uploader_id = $2 or $2 = '${SYSTEM_USER_ID}' or exists (
            select from message_attachments a
              join messages m on m.id = a.message_id and m.deleted_at is null
              join conversations c on c.id = m.conversation_id and c.deleted_at is null
              join participants p on p.conversation_id = c.id and p.user_id = $2 and p.left_seq is null
             where a.file_id = f.id and m.sequence_number > p.hidden_up_to_number
               and is_in_audience(m.audience, m.sender_id, $2)
               and not (p.has_hidden_messages and exists (
                     select from hidden_messages x where x.user_id = $2 and x.message_id = m.id))))
      and exists (
            select from sessions s
              join users u on u.id = $2 and u.deleted_at is null
             where s.id = $3 and (s.user_id = $2 or s.is_server_key) and s.revoked_at is null and s.expires_at > now()
               and not user_is_banned(u.banned_at, u.banned_until))`,
);

const LOCK = statement<{ id: string }>('files.lock', `select id from files where id = $1 for update`);

/**
 * The avatar of its uploader, or the picture of the conversation for which it was uploaded. Only the URL in the profile or
 * in the conversation says so: with another URL the cleanup deletes the file.
 */
const IS_PICTURE = `(f.category = 'image' and (
  exists (select from users u where u.id = f.uploader_id and u.avatar_url = '${PICTURES_PATH}' || f.id)
  or exists (select from conversations c
              where c.id = f.conversation_id and c.deleted_at is null and c.picture = '${PICTURES_PATH}' || f.id)))`;

const PICTURE = statement<StoredFile>(
  'files.picture',
  `select ${STORED} from files f where f.id = $1 and f.deleted_at is null and ${IS_PICTURE}`,
);

const DELETE_UNATTACHED = statement<unknown>(
  'files.delete_loose',
  `update files f set deleted_at = now()
    where f.id = $1 and f.uploader_id = $2 and f.deleted_at is null and not ${ATTACHED} and not ${IS_PICTURE}`,
);

const IS_OLD = `f.deleted_at is null and (f.uploaded_at < now() - interval '24 hours'
           or (f.status = 'pending' and f.status_at < now() - interval '1 hour'))`;

/** Files of messages that are sent later. A user has a limited number of them. */
const SCHEDULED = `exists (
  select from scheduled_messages s where s.sender_id = f.uploader_id and s.send -> 'attachment_ids' ? f.id::text)`;

const LOCK_OLD = statement<{ id: string }>(
  'files.lock_old',
  `select f.id from files f
    where f.shown_in is null and ${IS_OLD} and not ${SCHEDULED} and not ${IS_PICTURE}
    order by f.uploaded_at limit $1 for update skip locked`,
);

const MARK_ATTACHED = statement<unknown>(
  'files.note_shown',
  `update files f set shown_in = c.id
     from message_attachments a
     join messages m on m.id = a.message_id and m.deleted_at is null
     join conversations c on c.id = m.conversation_id and c.deleted_at is null
    where f.id = any($1::uuid[]) and a.file_id = f.id`,
);

/** One index look-up for each deleted conversation. */
const IN_DELETED_CONVERSATIONS = `conversations c
    cross join lateral (select f.id from files f where f.shown_in = c.id and f.deleted_at is null order by f.id limit $1) f
    where c.deleted_at is not null`;

const CLEAR_ATTACHMENTS = statement<unknown>(
  'files.forget_places',
  `update files set shown_in = null where id = any (array(select f.id from ${IN_DELETED_CONVERSATIONS} limit $1))`,
);

const DELETE_ORPHANS = statement<unknown>(
  'files.let_go',
  `update files f set deleted_at = now() where f.id = any($1::uuid[]) and not ${ATTACHED} and not ${SCHEDULED}
      and not ${IS_PICTURE}`,
);

const DELETED = statement<{ id: string }>(
  'files.deleted',
  `select id from files where deleted_at is not null order by deleted_at limit $1`,
);

/** The objects of these files to which no file refers any more. Only a file that is not deleted can be copied. */
const UNUSED_OBJECTS = statement<{ id: string }>(
  'files.unused_objects',
  `select distinct g.object_id as id
     from files f cross join lateral (select coalesce(f.object_id, f.id) as object_id) g
    where f.id = any($1::uuid[]) and not exists (
            select from files o where o.deleted_at is null and (o.id = g.object_id or o.object_id = g.object_id))`,
);

const DELETE_ROWS = statement<unknown>('files.forget', `delete from files where id = any($1::uuid[])`);

export const IS_WAITING = `status = 'scanning' and deleted_at is null and status_at < now() - interval '5 minutes'`;

/** Files whose row, bytes or scan the cleanup has to handle. */
export interface DueFiles extends Record<string, number> {
  readonly let_go: number;
  readonly removed: number;
  readonly rescanned: number;
}

const COUNT_DUE = statement<DueFiles>(
  'files.count_due',
  `select (select count(*) from files f where f.shown_in is null and not ${ATTACHED} and ${IS_OLD} and not ${SCHEDULED} and not ${IS_PICTURE})::int
          + (select count(*) from conversations c join files f on f.shown_in = c.id and ${IS_OLD}
              where c.deleted_at is not null)::int as let_go,
          (select count(*) from files where deleted_at is not null)::int as removed,
          (select count(*) from files where ${IS_WAITING})::int as rescanned`,
);

/** Owns: files, resumable_uploads. Reads: message_attachments, messages, hidden_messages, conversations, participants, sessions, users,
 * scheduled_messages. */
@Injectable()
export class FilesRepository {
  constructor(private readonly sql: Sql) {}

  /** Serializes the uploads of a user, so that concurrent ones cannot exceed the quota together. */
  async withQuotaLock(uploaderId: string, work: (tx: Queryable) => Promise<void>): Promise<void> {
    await this.sql.transaction(async (tx) => {
      await tx.many(LOCK_QUOTA, [uploaderId]);
      await work(tx);
    });
  }

  /**
   * Returns false when the quota leaves no room for the file. What the resumable upload reserves that becomes this file
   * does not count.
   */
  async insert(tx: Queryable, file: NewFile, quota: Quota, uploadId?: string): Promise<boolean> {
    const { id, uploaderId, conversationId, name, type, category, size, contentHash, duration } = file;
    const values = [id, uploaderId, conversationId ?? null, name, type, category, size, contentHash, duration ?? null];
    const more = [file.description, file.charset ?? null, quota.files, quota.bytes, uploadId ?? null];
    return (await tx.run(RESERVE, [...values, ...more])) > 0;
  }

  /** Of these deleted files: the ids of objects that no file needs any more. */
  async findUnusedObjects(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    return (await this.sql.many(UNUSED_OBJECTS, [ids])).map(({ id }) => id);
  }

  /** Returns the usage by the stored files of a user. */
  async usage(uploaderId: string): Promise<Quota> {
    const { files, bytes } = (await this.sql.one(USAGE, [uploaderId]))!;
    return { files, bytes: Number(bytes) };
  }

  /**
   * Marks the bytes as stored: from now on the file waits for its scan, and the resumable upload of which it was made is
   * complete.
   */
  async markStored(id: string): Promise<FileRow | undefined> {
    return (await this.sql.one(MARK_STORED, [id]))?.file;
  }

  /** Returns those of these files that the viewer may see now, if their session and account are valid. */
  findVisible(ids: readonly string[], { userId, sessionId }: Viewer): Promise<StoredFile[]> {
    return this.sql.many(VISIBLE, [ids, userId, sessionId]);
  }

  /** A file that is an avatar or the picture of a conversation now. */
  findPicture(id: string): Promise<StoredFile | undefined> {
    return this.sql.one(PICTURE, [id]);
  }

  /** Hides the user's own file from everyone. Returns false when a message contains it, or it is a picture. */
  async delete(id: string, uploaderId: string): Promise<boolean> {
    return this.sql.transaction(async (tx) => {
      await tx.one(LOCK, [id]); // the attaching transaction holds the lock, and the next statement sees its result
      return (await tx.run(DELETE_UNATTACHED, [id, uploaderId])) > 0;
    });
  }

  /** Marks files of deleted conversations to be checked for orphans again. Returns how many. */
  clearDeletedConversations(limit: number): Promise<number> {
    return this.sql.run(CLEAR_ATTACHMENTS, [limit]);
  }

  /**
   * Hides files that no message contains and aborted uploads, and records the conversation of the others, so that they
   * are not checked again until their message releases them.
   */
  async releaseOrphans(limit: number): Promise<{ examined: number; released: number }> {
    return this.sql.transaction(async (tx) => {
      const ids = (await tx.many(LOCK_OLD, [limit])).map(({ id }) => id);
      if (ids.length === 0) return { examined: 0, released: 0 };
      await tx.run(MARK_ATTACHED, [ids]);
      return { examined: ids.length, released: await tx.run(DELETE_ORPHANS, [ids]) };
    });
  }

  /** Returns deleted files whose bytes may still exist. */
  async findDeleted(limit: number): Promise<string[]> {
    return (await this.sql.many(DELETED, [limit])).map(({ id }) => id);
  }

  async countDue(): Promise<DueFiles> {
    return (await this.sql.one(COUNT_DUE, []))!;
  }

  async deleteRows(ids: readonly string[]): Promise<void> {
    await this.sql.run(DELETE_ROWS, [ids]);
  }
}
