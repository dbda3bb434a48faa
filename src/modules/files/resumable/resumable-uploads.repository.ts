import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../../platform/database/sql.js';
import type { Quota } from '../files.repository.js';
import { usedSizes } from '../used-sizes.js';
import type { UploadRow } from './resumable-uploads.dto.js';

const FIELDS = `u.id, u.name, u.declared_type, u.description, u.conversation_id, u.length, u.received, u.file_id, u.created_at,
                u.expires_at, u.completed_at`;
const IS_OPEN = `u.deleted_at is null and u.expires_at > now()`;

export interface NewUpload {
  readonly id: string;
  readonly uploaderId: string;
  readonly conversationId: string | undefined;
  readonly name: string;
  readonly declaredType: string;
  readonly description: string;
  readonly length: number;
}

/** An upload that a request has begun to continue. */
export type TakenUpload = UploadRow & {
  pieces: number;
  /** The request that continued it until now; null for the first one. */
  earlier_writer: string | null;
};

const INSERT = statement<UploadRow>(
  'uploads.insert',
  `insert into resumable_uploads as u (id, uploader_id, conversation_id, name, declared_type, description, length, expires_at)
   select $1, $2, $3, $4, $5, $6, $7::bigint, now() + $10 * interval '1 hour'
    where (select count(*) < $8 and coalesce(sum(used.size), 0) + $7::bigint <= $9::bigint
             from (${usedSizes('$2')}) used)
   returning ${FIELDS}`,
);

const FIND = statement<UploadRow>(
  'uploads.find',
  `select ${FIELDS} from resumable_uploads u where u.id = $1 and u.uploader_id = $2 and ${IS_OPEN}`,
);

/** The lock of the row is the order of the requests: each learns which one it has replaced. */
const TAKE_OVER = statement<TakenUpload>(
  'uploads.take_over',
  `with earlier as materialized (
     select u.id, u.writer from resumable_uploads u
      where u.id = $1 and u.uploader_id = $2 and u.received = $4 and u.completed_at is null and ${IS_OPEN}
        for update)
   update resumable_uploads u set writer = $3, expires_at = now() + $5 * interval '1 hour'
     from earlier where u.id = earlier.id
   returning ${FIELDS}, (select count(*) from upload_pieces p where p.upload_id = u.id)::int as pieces,
             earlier.writer as earlier_writer`,
);

const ADD_PIECE = statement<unknown>(
  'uploads.add_piece',
  `insert into upload_pieces (id, upload_id, start, size)
   select $3, u.id, $4, $5 from resumable_uploads u where u.id = $1 and u.writer = $2 and u.deleted_at is null`,
);

const COUNT_PIECE = statement<unknown>(
  'uploads.count_piece',
  `with counted as (
     update resumable_uploads set received = $4 where id = $1 and writer = $2 and deleted_at is null returning id)
   update upload_pieces p set is_counted = true from counted where p.id = $3 and p.upload_id = counted.id`,
);

const PIECES = statement<{ id: string; is_counted: boolean }>(
  'uploads.pieces',
  `select id, is_counted from upload_pieces where upload_id = any($1::uuid[]) order by start`,
);

const ASSIGN_FILE = statement<unknown>(
  'uploads.assign_file',
  `update resumable_uploads set file_id = $3 where id = $1 and writer = $2 and deleted_at is null`,
);

/** The file of an earlier attempt to complete an upload, which did not end. */
const DISCARD_PENDING = statement<unknown>(
  'uploads.discard_pending',
  `update files set deleted_at = now()
    where id = (select file_id from resumable_uploads where id = $1) and status = 'pending' and deleted_at is null`,
);

const END = statement<{ writer: string | null }>(
  'uploads.end',
  `update resumable_uploads u set deleted_at = now() where u.id = $1 and u.uploader_id = $2 and ${IS_OPEN}
   returning u.writer`,
);

const DELETE_PIECES = statement<unknown>(
  'uploads.delete_pieces',
  `delete from upload_pieces where id = any($1::uuid[])`,
);

const DELETE_ROWS = statement<unknown>('uploads.delete', `delete from resumable_uploads where id = any($1::uuid[])`);

const IS_ABANDONED = `u.deleted_at is null and (u.expires_at < now()
  or exists (select from users where users.id = u.uploader_id and users.deleted_at is not null))`;

const EXPIRE = statement<unknown>(
  'uploads.expire',
  `update resumable_uploads set deleted_at = now()
    where id in (select u.id from resumable_uploads u where ${IS_ABANDONED} limit $1)`,
);

/** A request that was overtaken may store one more piece; none takes an hour. */
const ENDED = statement<{ id: string }>(
  'uploads.ended',
  `select id from resumable_uploads where deleted_at < now() - interval '1 hour' order by deleted_at limit $1`,
);

const COUNT_ABANDONED = statement<{ uploads: number }>(
  'uploads.count_abandoned',
  `select count(*)::int as uploads from resumable_uploads u where ${IS_ABANDONED}`,
);

/** The request that continues an upload. */
export interface UploadWriter {
  readonly uploadId: string;
  readonly writer: string;
}

/** Resumable uploads and their pieces. Owns: resumable_uploads, upload_pieces, files. Reads: users. */
@Injectable()
export class ResumableUploadsRepository {
  constructor(private readonly sql: Sql) {}

  /** Undefined when the quota leaves no room for the file. Called under the lock of the quota. */
  insert(tx: Queryable, upload: NewUpload, quota: Quota, hours: number): Promise<UploadRow | undefined> {
    const { id, uploaderId, conversationId, name, declaredType, description, length } = upload;
    const values = [id, uploaderId, conversationId ?? null, name, declaredType, description, length];
    return tx.one(INSERT, [...values, quota.files, quota.bytes, hours]);
  }

  /** The user's own upload; undefined when it was ended or has expired. */
  find(id: string, uploaderId: string): Promise<UploadRow | undefined> {
    return this.sql.one(FIND, [id, uploaderId]);
  }

  /**
   * Makes `writer` the only request that may continue the upload, if it is incomplete and continues at this offset; else
   * undefined.
   */
  takeOver(
    { uploadId, writer }: UploadWriter,
    { uploaderId, offset, hours }: { uploaderId: string; offset: number; hours: number },
  ): Promise<TakenUpload | undefined> {
    return this.sql.one(TAKE_OVER, [uploadId, uploaderId, writer, offset, hours]);
  }

  /** Inserts the row of a piece before its bytes are stored. False when another request has taken over. */
  async addPiece(
    { uploadId, writer }: UploadWriter,
    piece: { id: string; start: number; size: number },
  ): Promise<boolean> {
    return (await this.sql.run(ADD_PIECE, [uploadId, writer, piece.id, piece.start, piece.size])) > 0;
  }

  /** Counts a stored piece as received, up to the offset `received`. False when another request has taken over. */
  async countPiece({ uploadId, writer }: UploadWriter, pieceId: string, received: number): Promise<boolean> {
    return (await this.sql.run(COUNT_PIECE, [uploadId, writer, pieceId, received])) > 0;
  }

  /** Returns the pieces of uploads, in the order of their bytes. */
  findPieces(uploadIds: readonly string[]): Promise<{ id: string; is_counted: boolean }[]> {
    return this.sql.many(PIECES, [uploadIds]);
  }

  /** Records the file that is made of the upload. False when another request has taken over. */
  async assignFile(tx: Queryable, { uploadId, writer }: UploadWriter, fileId: string): Promise<boolean> {
    return (await tx.run(ASSIGN_FILE, [uploadId, writer, fileId])) > 0;
  }

  /** Removes the file of an attempt to complete a resumable upload that did not end. */
  async discardPending(tx: Queryable, uploadId: string): Promise<void> {
    await tx.run(DISCARD_PENDING, [uploadId]);
  }

  /** Ends the user's own upload: from now on it reserves nothing. Returns its last writer; undefined when there is none. */
  end(id: string, uploaderId: string): Promise<{ writer: string | null } | undefined> {
    return this.sql.one(END, [id, uploaderId]);
  }

  async deletePieces(ids: readonly string[]): Promise<void> {
    await this.sql.run(DELETE_PIECES, [ids]);
  }

  /** Ends uploads that have expired, or whose user was deleted; returns how many. */
  expire(limit: number): Promise<number> {
    return this.sql.run(EXPIRE, [limit]);
  }

  /** Returns ended uploads to which no request can add pieces any more. */
  async findEnded(limit: number): Promise<string[]> {
    return (await this.sql.many(ENDED, [limit])).map(({ id }) => id);
  }

  async countAbandoned(): Promise<number> {
    return (await this.sql.one(COUNT_ABANDONED, []))!.uploads;
  }

  async deleteRows(ids: readonly string[]): Promise<void> {
    await this.sql.run(DELETE_ROWS, [ids]);
  }
}
