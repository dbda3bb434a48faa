import type { ListedFile } from '../platform/backup/backup-manifest.js';
import type { StoredFilesLocation } from '../platform/backup/stored-files.js';
import type { Config } from '../platform/config/config.js';
import { storedFilesDirOf } from '../platform/config/directories.js';
import type { SettingValues } from '../platform/config/settings.js';
import { CommandFailed } from './terminal.js';

/** Returns the location of the uploaded files of this configuration, for a backup. */
export function storedFilesLocation(config: Config): StoredFilesLocation {
  if (config.storage === 'disk') return { kind: 'disk', directory: storedFilesDirOf(config) };
  return { kind: 's3', list: () => listBucket(config) };
}

/** Creates an S3 client. The library is loaded only when it is used. */
export async function s3Client(config: SettingValues): Promise<InstanceType<typeof import('s3mini').S3mini>> {
  const { S3mini } = await import('s3mini');
  return new S3mini({
    endpoint: `${config.s3Endpoint!.replace(/\/+$/, '')}/${config.s3Bucket!}`,
    region: config.s3Region,
    accessKeyId: config.s3AccessKeyId!,
    secretAccessKey: config.s3SecretAccessKey!,
    requestAbortTimeout: 30_000,
  });
}

async function listBucket(config: Config): Promise<ListedFile[]> {
  const store = await s3Client(config);
  const objects = await store.listObjects();
  if (!objects) throw new CommandFailed(`There is no bucket ${config.s3Bucket} at ${config.s3Endpoint}.`);
  return objects.map(({ Key, Size }) => ({ key: Key, bytes: Number(Size) }));
}
