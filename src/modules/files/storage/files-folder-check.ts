import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { filesDirOf } from '../../../platform/config/directories.js';
import { newId } from '../../../platform/database/ids.js';
import { isUuid } from '../../../platform/validation/fields.js';
import { imageKey, uploadKey, BytesMissing, FileStorage } from './file-storage.js';
import { FilesFolderRepository } from './files-folder.repository.js';

const ID_FILE = 'folder-id';

/**
 * Detects at startup that the folder of files is not the one of this installation, as when two machines have separate
 * folders: compares the id in the folder with the one in the database. The check only logs: each file is scanned and
 * served only where its bytes are.
 */
@Injectable()
export class FilesFolderCheck implements OnApplicationBootstrap {
  private readonly logger = new Logger(FilesFolderCheck.name);
  private readonly folder: string;
  private readonly idPath: string;

  constructor(
    private readonly repository: FilesFolderRepository,
    private readonly storage: FileStorage,
    private readonly config: Config,
  ) {
    this.folder = filesDirOf(config);
    this.idPath = join(this.folder, ID_FILE);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.storage !== 'disk') return;
    try {
      if (await this.isOwnFolder()) return;
      const id = await this.repository.claim(newId());
      this.logger.error(
        `FILES_DIR (${this.folder}) is not the folder in which this installation stores its files: all processes need the same ` +
          `one. To use this folder from now on, write ${id} into ${this.idPath}`,
      );
    } catch (error) {
      this.logger.warn({ err: error }, 'the folder of files could not be compared with the database');
    }
  }

  /** A folder without an id, as after a restored backup, is recognised by the newest file, and gets its id. */
  private async isOwnFolder(): Promise<boolean> {
    const stored = (await readFile(this.idPath, 'utf8').catch(() => '')).trim();
    if (stored !== '') return isUuid(stored) && stored === (await this.repository.claim(stored));
    if (!(await this.hasNewest())) return false;
    const own = newId();
    const id = await this.repository.claim(own);
    const isFirst = id === own;
    if (!isFirst && !(await this.repository.findNewest())) return false;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(this.idPath, `${id}\n`, { mode: 0o600 });
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
