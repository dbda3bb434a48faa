import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../../platform/concurrency/repeating.js';
import { Config } from '../../../platform/config/config.js';
import { incomingFilesDirOf, makeDirectory } from '../../../platform/config/directories.js';
import { RepeatedWarning } from '../../../platform/logging/repeated-warning.js';
import { newId } from '../../../platform/database/ids.js';

/** An upload in progress was written to within this time: slower ones are cut off. */
const ABANDONED_MS = 15 * 60_000;
const CLEANUP_INTERVAL_MS = 5 * 60_000;

/**
 * The directory of files that are being uploaded or processed, on the local disk and on the file system of the disk
 * storage. What a killed process leaves there is removed a quarter of an hour later.
 */
@Injectable()
export class TempUploads implements OnApplicationBootstrap, OnModuleDestroy {
  readonly path: string;
  private readonly warning = new RepeatedWarning(new Logger(TempUploads.name), 'could not clean up temporary uploads');
  private cleaning: Repeating | undefined;

  constructor(config: Config) {
    this.path = incomingFilesDirOf(config);
    makeDirectory(this.path);
  }

  onApplicationBootstrap(): void {
    const cleanUp = async (): Promise<void> => void (await this.removeAbandoned());
    this.cleaning = Repeating.every(CLEANUP_INTERVAL_MS, cleanUp, { warning: this.warning, startsNow: true });
  }

  async onModuleDestroy(): Promise<void> {
    await this.cleaning?.stop();
  }

  /** Returns an unused path. */
  createPath(): string {
    return join(this.path, `${newId()}.part`);
  }

  /** Removes files that have not been written to for a while; returns how many. */
  async removeAbandoned(abandonedMs = ABANDONED_MS): Promise<number> {
    const before = Date.now() - abandonedMs;
    let removed = 0;
    for (const name of await readdir(this.path)) {
      const path = join(this.path, name);
      const state = await stat(path).catch(() => undefined);
      if (!state || state.mtimeMs > before) continue;
      await rm(path, { force: true });
      removed += 1;
    }
    return removed;
  }
}
