import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { filesDirOf } from '../../../platform/config/directories.js';
import { newId } from '../../../platform/database/ids.js';
import { isUuid } from '../../../platform/validation/fields.js';
import { imageKey, uploadKey } from './file-keys.js';
import { BytesMissing, FileStorage } from './file-storage.js';
import { FolderRepository } from './folder.repository.js';

const MARK = 'folder-id';

/**
 * Detects at startup that the folder of files is not the one of this installation, as when two machines have separate
 * folders. The folder contains an id, which the database knows. The check only logs: each file is scanned and served
 * only where its bytes are.
 */
@Injectable()
export class FolderMark implements OnApplicationBootstrap {
  private readonly logger = new Logger(FolderMark.name);
  private readonly folder: string;
  private readonly path: string;

  constructor(
    private readonly repository: FolderRepository,
    private readonly storage: FileStorage,
    private readonly config: Config,
  ) {
    this.folder = filesDirOf(config);
    this.path = join(this.folder, MARK);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.storage !== 'disk') return;
    try {
      if (await this.isShared()) return;
      const id = await this.repository.claim(newId());
      this.logger.error(
        `FILES_DIR (${this.folder}) is not the folder in which this installation stores its files: all processes need the same ` +
          `one. To use this folder from now on, write ${id} into ${this.path}`,
      );
    } catch (error) {
      this.logger.warn({ err: error }, 'the folder of files could not be compared with the database');
    }
  }

  /** A folder without a mark is recognised by the newest file, as after a restored backup, and gets its mark. */
  private async isShared(): Promise<boolean> {
    const mark = (await readFile(this.path, 'utf8').catch(() => '')).trim();
    if (mark !== '') return isUuid(mark) && mark === (await this.repository.claim(mark));
    if (!(await this.hasNewest())) return false;
    const own = newId();
    const id = await this.repository.claim(own);
    const isFirst = id === own;
    if (!isFirst && !(await this.repository.findNewest())) return false;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(this.path, `${id}\n`, { mode: 0o600 });
    return true;
  }

  /** Whether the newest file, if there is one, exists here. */
  private async hasNewest(): Promise<boolean> {
    const newest = await this.repository.findNewest();
    if (!newest) return true;
    const key = newest.category === 'image' ? imageKey(newest.id) : uploadKey(newest.id);
    return this.storage
      .withLocalCopy(key, () => Promise.resolve(true))
      .catch((error: unknown) => {
        if (error instanceof BytesMissing) return false;
        throw error;
      });
  }
}
