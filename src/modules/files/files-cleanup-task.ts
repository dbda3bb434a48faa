import { Injectable } from '@nestjs/common';
import { DomainEvents } from '../../platform/event-log/domain-events.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { FileStored } from './files.events.js';
import { FileScansRepository } from './file-scans.repository.js';
import { FilesRepository } from './files.repository.js';
import { ResumableUploadsRepository } from './resumable/resumable-uploads.repository.js';
import { UploadPieces } from './resumable/upload-pieces.js';
import { allKeysOf, FileStorage } from './storage/file-storage.js';

const AT_ONCE = 200;
/** Each has up to a thousand pieces. */
const UPLOADS_AT_ONCE = 10;
/** No upload into the store takes that long. */
const UNFINISHED_MS = 24 * 60 * 60_000;

/**
 * The cleanup of files for the whole cluster: removes files that no message contains a day after their upload, and
 * aborted uploads, here or on their way into the store, ends uploads that no client has continued, and requeues scans that were
 * never made. Bytes are removed before rows, so that no bytes are ever left without a row, and only if no other file
 * shares them.
 */
@Injectable()
export class FilesCleanupTask {
  constructor(
    private readonly repository: FilesRepository,
    private readonly scans: FileScansRepository,
    private readonly storage: FileStorage,
    private readonly events: DomainEvents,
    private readonly uploads: ResumableUploadsRepository,
    private readonly pieces: UploadPieces,
  ) {}

  /** The store is accessed last: when it is unavailable, the rest is done. @throws ServiceUnavailable */
  @ScheduledTask({ name: 'files', everyMs: 10 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const yesterday = new Date(Date.now() - UNFINISHED_MS);
    if (isDryRun) {
      const { let_go, removed, rescanned } = await this.repository.countDue();
      const broken = await this.storage.removeUnfinishedUploads(yesterday, { isDryRun });
      return { let_go, removed: let_go + removed, rescanned, broken, expired: await this.uploads.countAbandoned() };
    }
    const released = await this.releaseOrphans();
    const overdue = await this.scans.findOverdueScans(AT_ONCE);
    for (const { id, uploader_id } of overdue) this.events.publish(new FileStored(id, uploader_id));
    const rescanned = overdue.reduce((sum, { files }) => sum + files, 0);
    const expired = await inBatches(AT_ONCE, () => this.uploads.expire(AT_ONCE));
    await inBatches(UPLOADS_AT_ONCE, () => this.removeEndedUploads());
    const removed = await inBatches(AT_ONCE, () => this.removeDeleted());
    const broken = await this.storage.removeUnfinishedUploads(yesterday, { isDryRun });
    return { let_go: released, removed, rescanned, broken, expired };
  }

  private async releaseOrphans(): Promise<number> {
    let total = 0;
    await inBatches(AT_ONCE, () => this.repository.clearDeletedConversations(AT_ONCE));
    await inBatches(AT_ONCE, async () => {
      const { examined, released } = await this.repository.releaseOrphans(AT_ONCE);
      total += released;
      return examined;
    });
    return total;
  }

  private async removeEndedUploads(): Promise<number> {
    const ids = await this.uploads.findEnded(UPLOADS_AT_ONCE);
    await this.pieces.remove((await this.uploads.findPieces(ids)).map(({ id }) => id));
    await this.uploads.deleteRows(ids);
    return ids.length;
  }

  private async removeDeleted(): Promise<number> {
    const ids = await this.repository.findDeleted(AT_ONCE);
    const unused = await this.repository.findUnusedObjects(ids);
    await this.storage.remove(unused.flatMap(allKeysOf));
    await this.repository.deleteRows(ids);
    return ids.length;
  }
}
