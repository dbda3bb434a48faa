import { Module } from '@nestjs/common';
import { ParticipantsModule } from '../participants/participants.module.js';
import { UsersModule } from '../users/users.module.js';
import { UrlSigner } from './url-signer.js';
import { FileCopiesModule } from './file-copies.service.js';
import { FileProcessesModule } from './file-processes.js';
import { FilesController } from './files.controller.js';
import { PicturesController } from './pictures.controller.js';
import { FilesGateway } from './files.gateway.js';
import { FilesService } from './files.service.js';
import { OpenDownload } from './open-download.js';
import { ScansModule } from './scans.queue.js';
import { ResumableUploadsController } from './resumable/resumable-uploads.controller.js';
import { ResumableUploadsRepository } from './resumable/resumable-uploads.repository.js';
import { ResumableUploads } from './resumable/resumable-uploads.service.js';
import { TusInterceptor } from './resumable/tus.interceptor.js';
import { UploadPieces } from './resumable/upload-pieces.js';
import { SignedUrls } from './signed-urls.js';
import { StorageModule } from './storage/storage.module.js';
import { UploadInterceptor, UploadSettings } from './upload.interceptor.js';
import { UploadsInProgress } from './uploads-in-progress.js';

/** Files: uploads and downloads. Their scans and their cleanup are in the worker module. */
@Module({
  imports: [UsersModule, ParticipantsModule, FileCopiesModule, ScansModule, StorageModule, FileProcessesModule],
  controllers: [FilesController, PicturesController, ResumableUploadsController],
  providers: [
    FilesService,
    OpenDownload,
    SignedUrls,
    UrlSigner,
    FilesGateway,
    UploadInterceptor,
    UploadSettings,
    UploadsInProgress,
    ResumableUploads,
    ResumableUploadsRepository,
    UploadPieces,
    TusInterceptor,
  ],
  exports: [FilesService, FileCopiesModule, SignedUrls, StorageModule, UploadSettings, UploadsInProgress],
})
export class FilesModule {}
