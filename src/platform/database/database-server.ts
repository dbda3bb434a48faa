import { Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** How soon an embedded server that died is noticed and started again. */
const WATCH_MS = 500;

/** The PostgreSQL this process works with. */
export interface DatabaseServer {
  readonly url: string;
  /** For people: which server it is, without its credentials. */
  readonly description: string;
  /** Stops the server if it is our own and nobody else uses it. The last thing a process does. */
  stop(): Promise<void>;
}

/** The server of `DATABASE_URL`, or an embedded one in `DATA_DIR` that is started again should it die. */
export async function startDatabaseServer(config: Pick<Config, 'databaseUrl' | 'dataDir'>): Promise<DatabaseServer> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl) {
    const { host, pathname } = new URL(databaseUrl);
    return { url: databaseUrl, description: `PostgreSQL at ${host}${pathname}`, stop: () => Promise.resolve() };
  }
  const watched = new WatchedPostgres(dataDir, await EmbeddedPostgres.start({ directory: dataDir }));
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
    this.watch = setInterval(() => this.look(), WATCH_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.watch);
    await this.starting;
    await this.server.stop();
  }

  private look(): void {
    if (this.starting || this.server.isRunning()) return;
    this.logger.error('the embedded PostgreSQL died, starting it again');
    this.starting = this.restart().finally(() => {
      this.starting = undefined;
    });
  }

  private async restart(): Promise<void> {
    try {
      this.server = await EmbeddedPostgres.start({ directory: this.directory });
      if (this.server.url !== this.url) this.logger.error('its port was taken meanwhile: restart this process');
    } catch (error) {
      this.logger.error(error);
    }
  }
}
