import { Module } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { storedFilesDirOf } from '../../../platform/config/directories.js';
import { DiskStorage } from './disk-storage.js';
import { FileStorage } from './file-storage.js';
import { FilesFolderCheck } from './files-folder-check.js';
import { FilesFolderRepository } from './files-folder.repository.js';
import { TempUploads } from './temp-uploads.js';
import { S3Storage } from './s3-storage.js';

function storageFor(config: Config, tempUploads: TempUploads): FileStorage {
  if (config.storage === 'disk') return new DiskStorage(storedFilesDirOf(config));
  const { s3Endpoint, s3Bucket, s3Region, s3AccessKeyId, s3SecretAccessKey, s3Downloads } = config;
  const settings = {
    endpoint: `${s3Endpoint!.replace(/\/+$/, '')}/${s3Bucket!}`,
    region: s3Region,
    accessKeyId: s3AccessKeyId!,
    secretAccessKey: s3SecretAccessKey!,
    redirects: s3Downloads === 'redirect',
  };
  return new S3Storage(settings, () => tempUploads.createPath());
}

/** The storage of files: the one that `STORAGE` selects, and the folder of temporary uploads. */
@Module({
  providers: [
    TempUploads,
    FilesFolderCheck,
    FilesFolderRepository,
    { provide: FileStorage, inject: [Config, TempUploads], useFactory: storageFor },
  ],
  exports: [TempUploads, FileStorage],
})
export class StorageModule {}
