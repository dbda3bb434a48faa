import { Module } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { storedFilesDirOf } from '../../../platform/config/files-dir.js';
import { DiskStorage } from './disk-storage.js';
import { FileStorage } from './file-storage.js';
import { FolderMark } from './folder-mark.js';
import { FolderRepository } from './folder.repository.js';
import { IncomingFolder } from './incoming-folder.js';
import { S3Storage } from './s3-storage.js';

function storageFor(config: Config, incoming: IncomingFolder): FileStorage {
  if (config.storage === 'disk') return new DiskStorage(storedFilesDirOf(config));
  const { s3Endpoint, s3Bucket, s3Region, s3AccessKeyId, s3SecretAccessKey, s3Downloads } = config;
  const place = {
    endpoint: `${s3Endpoint!.replace(/\/+$/, '')}/${s3Bucket!}`,
    region: s3Region,
    accessKeyId: s3AccessKeyId!,
    secretAccessKey: s3SecretAccessKey!,
    redirects: s3Downloads === 'redirect',
  };
  return new S3Storage(place, () => incoming.newPath());
}

/** Where files are: what `STORAGE` says, and the folder they come in by. */
@Module({
  providers: [
    IncomingFolder,
    FolderMark,
    FolderRepository,
    { provide: FileStorage, inject: [Config, IncomingFolder], useFactory: storageFor },
  ],
  exports: [IncomingFolder, FileStorage],
})
export class StorageModule {}
