import { Module } from '@nestjs/common';
import { FileProcessesModule } from './file-processes.js';
import { FileScansProcessor } from './file-scans.processor.js';
import { FileScansRepository } from './file-scans.repository.js';
import { FilesRepository } from './files.repository.js';
import { FilesCleanupTask } from './files-cleanup-task.js';
import { ResumableUploadsRepository } from './resumable/resumable-uploads.repository.js';
import { UploadPieces } from './resumable/upload-pieces.js';
import { ScanFile } from './scan-file.js';
import { ScansModule } from './scans.queue.js';
import { StorageModule } from './storage/storage.module.js';

/** The background work of files: scans and cleanup. Requires a `Broadcaster`, which the fan-out module provides. */
@Module({
  imports: [ScansModule, StorageModule, FileProcessesModule],
  providers: [
    FileScansProcessor,
    FilesCleanupTask,
    ScanFile,
    FilesRepository,
    FileScansRepository,
    ResumableUploadsRepository,
    UploadPieces,
  ],
})
export class FilesWorkerModule {}
