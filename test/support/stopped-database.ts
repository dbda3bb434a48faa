import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { migrate } from '../../src/platform/database/migrate.js';

/**
 * The directory of an embedded PostgreSQL that has been stopped. A copy of it is made in a tenth of the time of a new
 * one.
 */
export class StoppedDatabase {
  private constructor(private readonly directory: string) {}

  static async create({ isMigrated }: { isMigrated: boolean }): Promise<StoppedDatabase> {
    const directory = mkdtempSync(join(tmpdir(), 'parley-stopped-'));
    const server = await EmbeddedPostgres.start({ directory });
    if (isMigrated) await migrate(server.url);
    await server.stop();
    return new StoppedDatabase(directory);
  }

  /** Copies it into an existing directory, with its owners and permissions. */
  copyTo(directory: string): void {
    execFileSync('cp', ['-a', `${this.directory}/.`, directory]);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
