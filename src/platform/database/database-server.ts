import { Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** The interval of the checks whether the embedded server is running. */
const WATCH_MS = 500;

/** The PostgreSQL server of this process. */
export interface DatabaseServer {
  readonly url: string;
  /** Names the server for people, without its credentials. */
  readonly description: string;
  /** Stops an embedded server that no other process uses. It is the last step of a process. */
  stop(): Promise<void>;
}

/**
 * Returns the server of `DATABASE_URL`, or an embedded one in `DATA_DIR`, which is restarted if it dies. `onLaunch` is
 * called once its process runs, for work that this process can do while the server starts.
 */
export async function startDatabaseServer(
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
  onLaunch?: () => void,
): Promise<DatabaseServer> {
  if (databaseUrl) {
    onLaunch?.();
    const { host, pathname } = new URL(databaseUrl);
    return { url: databaseUrl, description: `PostgreSQL at ${host}${pathname}`, stop: () => Promise.resolve() };
  }
  const watched = new WatchedPostgres(dataDir, await EmbeddedPostgres.start({ directory: dataDir, onLaunch }));
  return { url: watched.url, description: `embedded PostgreSQL in ${dataDir}`, stop: () => watched.stop() };
}

class WatchedPostgres {
  readonly url: string;
  private readonly logger = new Logger('Database');
  private readonly watch: NodeJS.Timeout;
  private starting: Promise<void> | undefined;

  constructor(
    private readonly directory: string,
    private server: EmbeddedPostgres,
  ) {
    this.url = server.url;
    this.watch = setInterval(() => this.check(), WATCH_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.watch);
    await this.starting;
    await this.server.stop();
  }

  private check(): void {
    if (this.starting || this.server.isRunning()) return;
    this.logger.error('the embedded PostgreSQL died, restarting it');
    this.starting = this.restart().finally(() => {
      this.starting = undefined;
    });
  }

  private async restart(): Promise<void> {
    try {
      this.server = await EmbeddedPostgres.start({ directory: this.directory });
      if (this.server.url !== this.url)
        this.logger.error('the port of the embedded PostgreSQL is now in use: restart this process');
    } catch (error) {
      this.logger.error(error);
    }
  }
}
