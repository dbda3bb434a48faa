import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import type { Job } from 'bullmq';
import { Broadcaster } from '../../platform/realtime/fan-out/broadcaster.js';
import { FILE_SCANNED } from './files.events.js';
import { FileScansRepository } from './file-scans.repository.js';
import { ScanFile } from './scan-file.js';
import { type ScanJob, SCANS_QUEUE, ScansQueue } from './scans.queue.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/**
 * Scans files, two at a time of different uploaders, and notifies the uploader and, if a message contains the file, the
 * conversation.
 */
@Processor(SCANS_QUEUE, { concurrency: 2 })
export class FileScansProcessor extends WorkerHost {
  private readonly failures = new RepeatedWarning(
    new Logger(FileScansProcessor.name),
    'a file could not be scanned; the queue tries again',
    { recovered: 'files are scanned again' },
  );

  constructor(
    private readonly scans: ScanFile,
    private readonly repository: FileScansRepository,
    private readonly queue: ScansQueue,
    private readonly broadcaster: Broadcaster,
  ) {
    super();
  }

  async process({ data: { uploaderId, fileId } }: Job<ScanJob>): Promise<void> {
    if (uploaderId === undefined) return this.scan(fileId);
    const next = await this.repository.findNextOf(uploaderId);
    if (!next) return;
    await this.scan(next.id);
    if (!next.isLast) await this.queue.enqueue({ uploaderId, fileId });
  }

  private async scan(fileId: string): Promise<void> {
    const scanned = await this.failures.watch(() => this.scans.scan(fileId));
    if (!scanned) return;
    const { file, uploaderId, attachedTo } = scanned;
    const signal = { type: FILE_SCANNED, class: 'state', key: `file:${file.id}` } as const;
    this.broadcaster.toUsers([uploaderId], { ...signal, data: { file } });
    if (!attachedTo) return;
    const data = { conversation_id: attachedTo.conversationId, message_id: attachedTo.messageId, file };
    this.broadcaster.toStream(attachedTo.conversationId, { ...signal, data, exceptUserId: uploaderId });
  }
}
