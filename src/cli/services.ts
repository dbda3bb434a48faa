import type { INestApplicationContext } from '@nestjs/common';
import { Config } from '../platform/config/config.js';
import type { SettingValues } from '../platform/config/settings.js';
import { startDatabaseServer } from '../platform/database/database-server.js';
import { readDatabaseState } from '../platform/database/database-state.js';
import { migrate } from '../platform/database/migrate.js';
import { StartupBanner } from '../platform/logging/startup-banner.js';
import { CommandFailed, commandLog, printError } from './terminal.js';

/**
 * Runs `work` with the configuration and a database that answers: that of `DATABASE_URL`, the embedded one of a server
 * that runs beside this command, or an embedded one that is started for as long as the command takes.
 * @throws ConfigurationError
 */
export async function withDatabase<T>(work: (config: Config & { databaseUrl: string }) => Promise<T>): Promise<T> {
  const config = Config.fromProcess();
  const database = await startDatabaseServer(config);
  try {
    return await work(config.with({ databaseUrl: database.url }) as Config & { databaseUrl: string });
  } finally {
    await database.stop();
  }
}

/**
 * Runs `work` with the services of the program, over a database that is migrated first unless the command only looks.
 * Nothing of it is started: no sweep, no worker, no first admin. A server that runs beside hears of what is changed by
 * its sweep, within two seconds. @throws CommandFailed over a database without a schema that is only looked at
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
  throw new CommandFailed('The database has no schema yet: npm start makes it, or parley db migrate.');
}

/** The same with everything running as after a start, background work included; only nobody can connect. */
export function withProgram<T>(work: (app: INestApplicationContext, config: Config) => Promise<T>): Promise<T> {
  return withServices(
    async (app, config) => {
      await app.init();
      await app.get(StartupBanner).complete();
      for (const line of app.get(StartupBanner).of('Admin')) printError(`First admin: ${line}`);
      return work(app, config);
    },
    { settings: { processRole: 'all' } },
  );
}
