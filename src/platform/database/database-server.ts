import type { Config } from '../config/config.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** The PostgreSQL this process works with. */
export interface DatabaseServer {
  readonly url: string;
  /** For people: which server it is, without its credentials. */
  readonly description: string;
  /** Stops the server if it is our own and nobody else uses it. The last thing a process does. */
  stop(): Promise<void>;
}

/** The server of `DATABASE_URL`, or an embedded one in `DATA_DIR`. */
export async function startDatabaseServer(config: Pick<Config, 'databaseUrl' | 'dataDir'>): Promise<DatabaseServer> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl) {
    const { host, pathname } = new URL(databaseUrl);
    return { url: databaseUrl, description: `PostgreSQL at ${host}${pathname}`, stop: () => Promise.resolve() };
  }
  const embedded = await EmbeddedPostgres.start({ directory: dataDir });
  return {
    url: embedded.url,
    description: `embedded PostgreSQL in ${dataDir}`,
    stop: () => embedded.stop(),
  };
}
