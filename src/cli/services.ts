import type { INestApplicationContext } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import type { SettingValues } from '../platform/config/settings.js';
import { startDatabaseServer } from '../platform/database/database-server.js';
import { readDatabaseState } from '../platform/database/database-state.js';
import { migrate } from '../platform/database/migrate.js';
import { StartupBanner } from '../platform/logging/startup-banner.js';
import { RATE_LIMITS } from '../rate-limits.js';
import { CommandFailed, commandLog, printToStderr } from './terminal.js';

/**
 * Runs `work` with the configuration and a running database: that of `DATABASE_URL`, the embedded one of a running
 * server, or an embedded one that is started for the duration of the command.
 *
 * @throws ConfigurationError
 */
export async function withDatabase<T>(work: (config: Config & { databaseUrl: string }) => Promise<T>): Promise<T> {
  const config = Config.fromProcess(RATE_LIMITS);
  const database = await startDatabaseServer(config);
  try {
    return await work(config.with({ databaseUrl: database.url }) as Config & { databaseUrl: string });
  } finally {
    await database.stop();
  }
}

/**
 * Runs `work` with the services of the program, on a database that is migrated first unless `migrates` is false.
 * Nothing is started: no reconciler, no worker, no first admin. A running server finds changes with its reconciler,
 * within two seconds.
 *
 * @throws CommandFailed on a database without a schema if `migrates` is false
 */
export function withServices<T>(
  work: (app: INestApplicationContext, config: Config) => Promise<T>,
  { migrates = true, settings = {} }: { migrates?: boolean; settings?: Partial<SettingValues> } = {},
): Promise<T> {
  return withDatabase(async (config) => {
    await (migrates ? migrate(config.databaseUrl) : requireSchema(config.databaseUrl));
    const { createApp } = await import('../create-app.js');
    const app = await createApp(config.with(settings), commandLog(config));
    try {
      return await work(app, config);
    } finally {
      await app.close();
    }
  });
}

async function requireSchema(databaseUrl: string): Promise<void> {
  const { applied } = await readDatabaseState(databaseUrl);
  if (applied.length > 0) return;
  throw new CommandFailed('The database has no schema yet: create it with npm start or parley db migrate.');
}

/** Like `withServices`, but also starts the services and their background work; only the port is not opened. */
export function withRunningServices<T>(work: (app: INestApplicationContext, config: Config) => Promise<T>): Promise<T> {
  return withServices(
    async (app, config) => {
      await app.init();
      await app.get(StartupBanner).complete();
      for (const line of app.get(StartupBanner).of('Admin')) printToStderr(`First admin: ${line}`);
      return work(app, config);
    },
    { settings: { processRole: 'all' } },
  );
}
