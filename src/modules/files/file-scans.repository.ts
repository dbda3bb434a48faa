import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import type { FileRow, FileStatus } from './files.dto.js';
import type { Thumbnail } from './render-image.js';
import { IS_WAITING, STORED, type StoredFile } from './files.repository.js';

const BEGIN_SCAN = statement<StoredFile & { scans_begun: number }>(
  'files.begin_scan',
  `update files f set scans_begun = scans_begun + 1, status_at = now()
    where id = $1 and status = 'scanning' and deleted_at is null
   returning ${STORED}, f.scans_begun`,
);

const UNCOUNT_SCAN = statement<unknown>(
  'files.postpone_scan',
  `update files set scans_begun = greatest(scans_begun - 1, 0) where id = $1`,
);

const EXISTS = statement<{ is_kept: boolean }>(
  'files.is_kept',
  `select exists (select from files where (id = $1 or object_id = $1) and deleted_at is null) as is_kept`,
);

const IS_SCANNING = statement<{ is_scanning: boolean }>(
  'files.is_scanning',
  `select exists (select from files where id = $1 and status = 'scanning' and deleted_at is null) as is_scanning`,
);

const COMPLETE_SCAN = statement<{ file: FileRow; uploader_id: string }>(
  'files.settle',
  `update files f
      set status = $2, reason = $3, status_at = now(), size = coalesce($4, size), content_hash = coalesce($5, content_hash),
          width = $6, height = $7, blurhash = $8, has_thumbnail = $9, image_sizes = $10, waveform = $11
    where id = $1 and status = 'scanning' and deleted_at is null
   returning file_json(f) as file, f.uploader_id,
             outbox_write('file.scanned', f.uploader_id, f.id,
               jsonb_build_object('file_id', f.id, 'status', f.status, 'reason', f.reason)) as is_published`,
);

/** The message that contains a file, and its conversation. */
export interface AttachmentLocation {
  readonly conversation_id: string;
  readonly message_id: string;
}

const ATTACHMENT = statement<AttachmentLocation>(
  'files.place',
  `select m.conversation_id, m.id as message_id
     from message_attachments a join messages m on m.id = a.message_id and m.deleted_at is null
    where a.file_id = $1`,
);

/** Files of one uploader whose scan is overdue: the one that has waited longest, and how many there are. */
export interface OverdueScans {
  readonly id: string;
  readonly uploader_id: string;
  readonly files: number;
}

const WAITING = statement<OverdueScans>(
  'files.waiting',
  `select (array_agg(id order by status_at))[1] as id, uploader_id, count(*)::int as files
     from files where ${IS_WAITING} group by uploader_id order by min(status_at) limit $1`,
);

const NEXT_OF = statement<{ id: string }>(
  'files.next_of',
  `select id from files where uploader_id = $1 and status = 'scanning' and deleted_at is null
    order by status_at, id limit 2`,
);

/** The result of a scan. */
export interface ScanResult {
  readonly status: FileStatus;
  readonly reason?: string;
  readonly size?: number;
  readonly contentHash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly blurhash?: string | undefined;
  readonly thumbnails?: readonly Thumbnail[];
  readonly waveform?: readonly number[] | undefined;
  /** Whether the re-encoded image is served in place of the uploaded one. */
  readonly isReencoded?: boolean;
}

/** The scans of files. Owns: files. Reads: message_attachments, messages, conversations. */
@Injectable()
export class FileScansRepository {
  constructor(private readonly sql: Sql) {}

  /** Whether the file, or one that shares its bytes, exists and was not deleted. */
  async exists(id: string): Promise<boolean> {
    return (await this.sql.one(EXISTS, [id]))!.is_kept;
  }

  /** Undefined when there is nothing left to scan. */
  beginScan(id: string): Promise<(StoredFile & { scans_begun: number }) | undefined> {
    return this.sql.one(BEGIN_SCAN, [id]);
  }

  /** Takes back the attempt that `beginScan` counted, because the scan could not be made. */
  async uncountScan(id: string): Promise<void> {
    await this.sql.run(UNCOUNT_SCAN, [id]);
  }

  async isScanning(id: string): Promise<boolean> {
    return (await this.sql.one(IS_SCANNING, [id]))!.is_scanning;
  }

  /** Ends the scan of a file; undefined when it had ended already. */
  completeScan(id: string, result: ScanResult): Promise<{ file: FileRow; uploader_id: string } | undefined> {
    const { status, reason, size, contentHash, width, height, blurhash, thumbnails = [], waveform } = result;
    return this.sql.one(COMPLETE_SCAN, [
      id,
      status,
      reason ?? null,
      size ?? null,
      contentHash ?? null,
      width ?? null,
      height ?? null,
      blurhash ?? null,
      thumbnails.length > 0,
      thumbnails.length > 0 ? JSON.stringify(thumbnails) : null,
      waveform ?? null,
    ]);
  }

  /** Returns uploaders of files whose scan is overdue. */
  findOverdueScans(limit: number): Promise<OverdueScans[]> {
    return this.sql.many(WAITING, [limit]);
  }

  /** Returns the message that contains a file. */
  findAttachment(id: string): Promise<AttachmentLocation | undefined> {
    return this.sql.one(ATTACHMENT, [id]);
  }

  /**
   * Returns the file of an uploader that has waited longest for a scan or its next attempt, and whether it is the last.
   */
  async findNextOf(uploaderId: string): Promise<{ id: string; isLast: boolean } | undefined> {
    const [next, other] = await this.sql.many(NEXT_OF, [uploaderId]);
    return next && { id: next.id, isLast: other === undefined };
  }
}
