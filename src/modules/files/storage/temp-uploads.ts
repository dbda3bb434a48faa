import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../../../platform/config/config.js';
import { incomingFilesDirOf } from '../../../platform/config/files-dir.js';
import { makeFolder } from '../../../platform/config/make-folder.js';
import { newId } from '../../../platform/database/ids.js';

/** An upload that still comes in was written to within this time: a slower one is cut off. */
const ABANDONED_MS = 15 * 60_000;
const TIDY_EVERY_MS = 5 * 60_000;

/**
 * Where files are while they come in or are worked on, on the disk of this machine and on the same file system as the
 * disk storage. What a killed process left there is gone a quarter of an hour later.
 */
@Injectable()
export class TempUploads implements OnApplicationBootstrap, OnModuleDestroy {
  readonly path: string;
  private readonly logger = new Logger(TempUploads.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(config: Config) {
    this.path = incomingFilesDirOf(config);
    makeFolder(this.path);
  }

  onApplicationBootstrap(): void {
    const tidy = (): void => {
      this.removeAbandoned().catch((error: unknown) =>
        this.logger.warn({ err: error }, 'could not tidy up incoming files'),
      );
    };
    tidy();
    this.timer = setInterval(tidy, TIDY_EVERY_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** A path nothing is at. */
  createPath(): string {
    return join(this.path, `${newId()}.part`);
  }

  /** Removes what nobody has written to for a while; answers how many. */
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
