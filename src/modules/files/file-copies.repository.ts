import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import { type Quota, USAGE } from './files.repository.js';

const LOCK_SOURCES = statement<unknown>(
  'files.lock_sources',
  `select id from files where id = any($1::uuid[]) and deleted_at is null order by id for share`,
);

/** All columns are copied, except for those that are the copy's own. */
const COPY = statement<unknown>(
  'files.copy',
  `insert into files
   select n.*
     from unnest($1::uuid[], $2::uuid[]) c (source_id, id)
     join files f on f.id = c.source_id and f.deleted_at is null and f.status = 'ready'
    cross join lateral jsonb_populate_record(f, jsonb_build_object(
            'id', c.id, 'uploader_id', $3::uuid, 'conversation_id', null, 'shown_in', null,
            'object_id', coalesce(f.object_id, f.id),
            'uploaded_at', date_trunc('milliseconds', now()), 'status_at', now())) n`,
);

const LOCK_ALL = statement<unknown>(
  'files.lock_all',
  `select id from files where id = any($1::uuid[]) order by id for update`,
);

const DELETE_COPIES = statement<unknown>(
  'files.delete_copies',
  `update files f set deleted_at = now()
    where f.id = any($1::uuid[]) and f.object_id is not null and f.deleted_at is null
      and not exists (select from message_attachments a where a.file_id = f.id)`,
);

/** Files that share the bytes of others. Owns: files. Reads: message_attachments. */
@Injectable()
export class FileCopiesRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Inserts files of this user that share the bytes of others, which are ready; `copies` has their new ids. Returns false
   * if one of the files is not, or no longer, there.
   */
  async copy(
    tx: Queryable,
    uploaderId: string,
    copies: readonly { readonly sourceId: string; readonly id: string }[],
  ): Promise<boolean> {
    const sources = copies.map(({ sourceId }) => sourceId);
    await tx.many(LOCK_SOURCES, [sources]); // a deletion waits, and then finds the copy
    const copied = await tx.run(COPY, [sources, copies.map(({ id }) => id), uploaderId]);
    return copied === copies.length;
  }

  /** Hides copies that no message contains; the cleanup removes them. */
  async deleteCopies(ids: readonly string[]): Promise<void> {
    await this.sql.transaction(async (tx) => {
      await tx.many(LOCK_ALL, [ids]);
      await tx.run(DELETE_COPIES, [ids]);
    });
  }

  /** Whether the files of a user are within the quota, by a transaction that has written. */
  async isWithin(tx: Queryable, uploaderId: string, quota: Quota): Promise<boolean> {
    const { files, bytes } = (await tx.one(USAGE, [uploaderId]))!;
    return files <= quota.files && Number(bytes) <= quota.bytes;
  }
}
