import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import type { FileCategory } from './file-types.js';
import type { FileRow, FileStatus } from './files.dto.js';

/** A file with what only the program needs to know of it. */
export interface StoredFile {
  readonly file: FileRow;
  readonly uploader_id: string;
  readonly content_hash: string;
  /** Of text; null for what an older version took, which was UTF-8 alone. */
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
  /** Of text. */
  readonly charset: string | undefined;
  readonly description: string;
}

export interface Quota {
  readonly files: number;
  readonly bytes: number;
}

/** Who asks, by a credential or by a signed address. */
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
    where (select count(*) < $12 and coalesce(sum(f.size), 0) + $7::bigint <= $13::bigint
             from files f where f.uploader_id = $2 and f.deleted_at is null)`,
);

/** Without files that are on their way into the store: those are in progress still. */
const USAGE = statement<{ files: number; bytes: string }>(
  'files.usage',
  `select count(*)::int as files, coalesce(sum(size), 0) as bytes
     from files where uploader_id = $1 and deleted_at is null and status <> 'pending'`,
);

const ARRIVED = statement<{ file: FileRow }>(
  'files.arrived',
  `update files f set status = 'scanning', status_at = now() where id = $1 and status = 'pending' returning file_json(f) as file`,
);

const ATTACHED = `exists (
  select from message_attachments a
    join messages m on m.id = a.message_id and m.deleted_at is null
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
   where a.file_id = f.id)`;

const STORED = `file_json(f) as file, f.uploader_id, f.content_hash, f.charset, ${ATTACHED} as is_attached`;

/** What the viewer may see: his own, and what is in a message of a conversation he takes part in now. */
const VISIBLE = statement<StoredFile>(
  'files.visible',
  `select ${STORED}
     from files f
    where f.id = any($1::uuid[]) and f.deleted_at is null
      and (f.uploader_id = $2 or exists (
            select from message_attachments a
              join messages m on m.id = a.message_id and m.deleted_at is null
              join conversations c on c.id = m.conversation_id and c.deleted_at is null
              join participants p on p.conversation_id = c.id and p.user_id = $2 and p.left_seq is null
             where a.file_id = f.id))
      and exists (
            select from sessions s
              join users u on u.id = s.user_id and u.deleted_at is null
             where s.id = $3 and s.user_id = $2 and s.revoked_at is null and s.expires_at > now()
               and not user_is_banned(u.banned_at, u.banned_until))`,
);

const LOCK = statement<{ id: string }>('files.lock', `select id from files where id = $1 for update`);

const DELETE_LOOSE = statement<unknown>(
  'files.delete_loose',
  `update files f set deleted_at = now()
    where f.id = $1 and f.uploader_id = $2 and f.deleted_at is null and not ${ATTACHED}`,
);

const IS_OLD = `f.deleted_at is null and (f.uploaded_at < now() - interval '24 hours'
           or (f.status = 'pending' and f.status_at < now() - interval '1 hour'))`;

const LOCK_OLD = statement<{ id: string }>(
  'files.lock_old',
  `select f.id from files f
    where f.shown_in is null and ${IS_OLD}
    order by f.uploaded_at limit $1 for update skip locked`,
);

const NOTE_SHOWN = statement<unknown>(
  'files.note_shown',
  `update files f set shown_in = c.id
     from message_attachments a
     join messages m on m.id = a.message_id and m.deleted_at is null
     join conversations c on c.id = m.conversation_id and c.deleted_at is null
    where f.id = any($1::uuid[]) and a.file_id = f.id`,
);

/** One index look-up for each deleted conversation. */
const SHOWN_NOWHERE = `conversations c
    cross join lateral (select f.id from files f where f.shown_in = c.id and f.deleted_at is null order by f.id limit $1) f
    where c.deleted_at is not null`;

const FORGET_PLACES = statement<unknown>(
  'files.forget_places',
  `update files set shown_in = null where id = any (array(select f.id from ${SHOWN_NOWHERE} limit $1))`,
);

const LET_GO = statement<unknown>(
  'files.let_go',
  `update files f set deleted_at = now() where f.id = any($1::uuid[]) and not ${ATTACHED}`,
);

const DELETED = statement<{ id: string }>(
  'files.deleted',
  `select id from files where deleted_at is not null order by deleted_at limit $1`,
);

const FORGET = statement<unknown>('files.forget', `delete from files where id = any($1::uuid[])`);

const BEGIN_SCAN = statement<StoredFile & { scans_begun: number }>(
  'files.begin_scan',
  `update files f set scans_begun = scans_begun + 1, status_at = now()
    where id = $1 and status = 'scanning' and deleted_at is null
   returning ${STORED}, f.scans_begun`,
);

const POSTPONE_SCAN = statement<unknown>(
  'files.postpone_scan',
  `update files set scans_begun = greatest(scans_begun - 1, 0) where id = $1`,
);

const IS_KEPT = statement<{ is_kept: boolean }>(
  'files.is_kept',
  `select exists (select from files where id = $1 and deleted_at is null) as is_kept`,
);

const IS_SCANNING = statement<{ is_scanning: boolean }>(
  'files.is_scanning',
  `select exists (select from files where id = $1 and status = 'scanning' and deleted_at is null) as is_scanning`,
);

const SETTLE = statement<{ file: FileRow; uploader_id: string }>(
  'files.settle',
  `update files f
      set status = $2, reason = $3, status_at = now(), size = coalesce($4, size), content_hash = coalesce($5, content_hash),
          width = $6, height = $7, blurhash = $8, has_thumbnail = $9
    where id = $1 and status = 'scanning' and deleted_at is null
   returning file_json(f) as file, f.uploader_id,
             outbox_write('file.scanned', f.uploader_id, f.id,
               jsonb_build_object('file_id', f.id, 'status', f.status, 'reason', f.reason)) as is_told_outside`,
);

export interface AttachedAt {
  readonly conversation_id: string;
  readonly message_id: string;
}

const PLACE = statement<AttachedAt>(
  'files.place',
  `select m.conversation_id, m.id as message_id
     from message_attachments a join messages m on m.id = a.message_id and m.deleted_at is null
    where a.file_id = $1`,
);

const IS_WAITING = `status = 'scanning' and deleted_at is null and status_at < now() - interval '5 minutes'`;

/** Files the upkeep would let go of, remove the bytes of, and have scanned again. */
export interface DueFiles extends Record<string, number> {
  readonly let_go: number;
  readonly removed: number;
  readonly rescanned: number;
}

/** Files of one uploader whose scan is long due: the one that has waited longest, and how many there are. */
export interface LongWaiting {
  readonly id: string;
  readonly uploader_id: string;
  readonly files: number;
}

const WAITING = statement<LongWaiting>(
  'files.waiting',
  `select (array_agg(id order by status_at))[1] as id, uploader_id, count(*)::int as files
     from files where ${IS_WAITING} group by uploader_id order by min(status_at) limit $1`,
);

const NEXT_OF = statement<{ id: string }>(
  'files.next_of',
  `select id from files where uploader_id = $1 and status = 'scanning' and deleted_at is null
    order by status_at, id limit 2`,
);

const COUNT_DUE = statement<DueFiles>(
  'files.count_due',
  `select (select count(*) from files f where f.shown_in is null and not ${ATTACHED} and ${IS_OLD})::int
          + (select count(*) from conversations c join files f on f.shown_in = c.id and ${IS_OLD}
              where c.deleted_at is not null)::int as let_go,
          (select count(*) from files where deleted_at is not null)::int as removed,
          (select count(*) from files where ${IS_WAITING})::int as rescanned`,
);

/** What a scan found out. */
export interface Settlement {
  readonly status: FileStatus;
  readonly reason?: string;
  readonly size?: number;
  readonly contentHash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly blurhash?: string | undefined;
  readonly hasThumbnail?: boolean;
  /** Whether there is an image to show instead of the one that was sent. */
  readonly isRenewed?: boolean;
}

/** Owns: files. Reads: message_attachments, messages, conversations, participants, sessions, users. */
@Injectable()
export class FilesRepository {
  constructor(private readonly sql: Sql) {}

  /** One upload of a user after the other: what there is room for is counted by one alone. */
  async underQuotaLock(uploaderId: string, work: (tx: Queryable) => Promise<void>): Promise<void> {
    await this.sql.transaction(async (tx) => {
      await tx.many(LOCK_QUOTA, [uploaderId]);
      await work(tx);
    });
  }

  /** False: there is no room for it within the quota. */
  async insert(tx: Queryable, file: NewFile, quota: Quota): Promise<boolean> {
    const { id, uploaderId, conversationId, name, type, category, size, contentHash, duration } = file;
    const values = [id, uploaderId, conversationId ?? null, name, type, category, size, contentHash, duration ?? null];
    return (await tx.run(RESERVE, [...values, file.description, file.charset ?? null, quota.files, quota.bytes])) > 0;
  }

  /** What the files of a user take up that are stored. */
  async usage(uploaderId: string): Promise<Quota> {
    const { files, bytes } = (await this.sql.one(USAGE, [uploaderId]))!;
    return { files, bytes: Number(bytes) };
  }

  /** The bytes are stored: from now on the file waits for its scan. */
  async markStored(id: string): Promise<FileRow | undefined> {
    return (await this.sql.one(ARRIVED, [id]))?.file;
  }

  /** Of these files, those the viewer may see now, while his session and account are good. */
  visible(ids: readonly string[], { userId, sessionId }: Viewer): Promise<StoredFile[]> {
    return this.sql.many(VISIBLE, [ids, userId, sessionId]);
  }

  /** Takes the user's own file out of everybody's sight. False when a message shows it. */
  async delete(id: string, uploaderId: string): Promise<boolean> {
    return this.sql.transaction(async (tx) => {
      await tx.one(LOCK, [id]); // whoever attaches it holds the lock, and is seen by the next statement
      return (await tx.run(DELETE_LOOSE, [id, uploaderId])) > 0;
    });
  }

  /** Files that were shown in conversations deleted since are looked at again. Answers how many. */
  clearStalePlaces(limit: number): Promise<number> {
    return this.sql.run(FORGET_PLACES, [limit]);
  }

  /**
   * Takes files nobody shows, and uploads that broke off, out of sight, and notes where the others are shown: these are
   * not looked at again until their message lets go of them.
   */
  async releaseOrphans(limit: number): Promise<{ looked_at: number; let_go: number }> {
    return this.sql.transaction(async (tx) => {
      const ids = (await tx.many(LOCK_OLD, [limit])).map(({ id }) => id);
      if (ids.length === 0) return { looked_at: 0, let_go: 0 };
      await tx.run(NOTE_SHOWN, [ids]);
      return { looked_at: ids.length, let_go: await tx.run(LET_GO, [ids]) };
    });
  }

  /** Whether the file is there and was not deleted. */
  async isKept(id: string): Promise<boolean> {
    return (await this.sql.one(IS_KEPT, [id]))!.is_kept;
  }

  /** Files out of sight whose bytes may still be there. */
  async findDeleted(limit: number): Promise<string[]> {
    return (await this.sql.many(DELETED, [limit])).map(({ id }) => id);
  }

  async countDue(): Promise<DueFiles> {
    return (await this.sql.one(COUNT_DUE, []))!;
  }

  async forget(ids: readonly string[]): Promise<void> {
    await this.sql.run(FORGET, [ids]);
  }

  /** Undefined when there is nothing to scan (any more). */
  beginScan(id: string): Promise<(StoredFile & { scans_begun: number }) | undefined> {
    return this.sql.one(BEGIN_SCAN, [id]);
  }

  /** The scan did not fail, it could not be made. */
  async postponeScan(id: string): Promise<void> {
    await this.sql.run(POSTPONE_SCAN, [id]);
  }

  async isScanning(id: string): Promise<boolean> {
    return (await this.sql.one(IS_SCANNING, [id]))!.is_scanning;
  }

  /** Ends the scan of a file; undefined when it was ended already. */
  completeScan(id: string, result: Settlement): Promise<{ file: FileRow; uploader_id: string } | undefined> {
    const { status, reason, size, contentHash, width, height, blurhash, hasThumbnail = false } = result;
    return this.sql.one(SETTLE, [
      id,
      status,
      reason ?? null,
      size ?? null,
      contentHash ?? null,
      width ?? null,
      height ?? null,
      blurhash ?? null,
      hasThumbnail,
    ]);
  }

  /** The message that shows a file. */
  findPlace(id: string): Promise<AttachedAt | undefined> {
    return this.sql.one(PLACE, [id]);
  }

  /** Uploaders of files whose scan is long due. */
  findWaiting(limit: number): Promise<LongWaiting[]> {
    return this.sql.many(WAITING, [limit]);
  }

  /** The file of an uploader that has waited longest for a scan, or for the next try, and whether there are others. */
  async findNextOf(uploaderId: string): Promise<{ id: string; isLast: boolean } | undefined> {
    const [next, other] = await this.sql.many(NEXT_OF, [uploaderId]);
    return next && { id: next.id, isLast: other === undefined };
  }
}
