import { createReadStream } from 'node:fs';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';
import { type ByteRange, BytesMissing, FileStorage } from './file-storage.js';

/** Files in a folder with 256 subfolders. */
export class DiskStorage extends FileStorage {
  constructor(private readonly root: string) {
    super();
  }

  /**
   * The bytes are flushed before the file gets its name, and the name before this returns. `path` must be on the same
   * file system.
   */
  override async put(key: string, path: string): Promise<void> {
    const target = this.pathOf(key);
    await orUnavailable(async () => {
      await flush(path);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await rename(path, target);
      await flush(dirname(target));
    });
  }

  override async open(key: string, range?: ByteRange): Promise<Readable> {
    const path = this.pathOf(key);
    await orUnavailable(() => access(path));
    return createReadStream(path, range);
  }

  override async withLocalCopy<T>(key: string, work: (path: string) => Promise<T>): Promise<T> {
    const path = this.pathOf(key);
    await this.requireBytes(path);
    return work(path);
  }

  /** @throws BytesMissing */
  private async requireBytes(path: string): Promise<void> {
    try {
      await access(path);
    } catch (error) {
      throw new BytesMissing(undefined, { cause: error });
    }
  }

  override async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await rm(this.pathOf(key), { force: true });
  }

  /** There are none: a file gets its name only when it is complete. */
  override removeUnfinishedUploads(): Promise<number> {
    return Promise.resolve(0);
  }

  override urlOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** Uses the end of an id, which is its random part. */
  private pathOf(key: string): string {
    const [id = ''] = key.split('.', 1);
    return join(this.root, id.slice(-2), key);
  }
}

/** A full or missing disk is not the fault of a client. */
async function orUnavailable(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new ServiceUnavailable(undefined, { cause: error });
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
