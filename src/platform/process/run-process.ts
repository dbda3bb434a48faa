import type { INestApplicationContext } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import { Config, ConfigurationError } from '../config/config.js';
import { filesDirOf } from '../config/files-dir.js';
import { startDatabaseServer, type DatabaseServer } from '../database/database-server.js';
import { migrate } from '../database/migrate.js';
import { DrainState } from '../health/drain-state.js';
import { BannerLines } from '../logging/banner.js';
import { createLog } from '../logging/log.js';
import { whenNpmEnds } from './npm-parent.js';

/** The most a shutdown takes; past it the supervisor would kill us in the middle of something. */
const SHUTDOWN_DEADLINE_MS = 25_000;

/** Makes the application and starts it: it serves, or works, when the promise is kept. */
export type Boot = (config: Config, log: Pino) => Promise<INestApplicationContext>;

/**
 * The life of a process: configuration, database, schema, application, banner; and at SIGTERM or SIGINT, or with the
 * end of the npm that started it, the way back: drain, close the application, stop the database last, exit 0.
 */
export async function runProcess(title: string, boot: Boot): Promise<void> {
  const config = readConfig();
  const log = createLog(config);
  let database: DatabaseServer | undefined;
  try {
    database = await startDatabaseServer(config);
    await migrate(database.url);
    const app = await boot(config.with({ databaseUrl: database.url }), log);
    stopOnSignals(app, database, log);
    announce(app, config, database, title);
  } catch (error) {
    log.fatal({ err: error }, 'the start failed');
    await database?.stop();
    process.exit(1);
  }
}

function readConfig(): Config {
  try {
    return Config.fromProcess();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function announce(app: INestApplicationContext, config: Config, database: DatabaseServer, title: string): void {
  const banner = app.get(BannerLines);
  banner.add('Database', database.description);
  banner.add('Queue', config.redisUrl ? `BullMQ on Redis at ${new URL(config.redisUrl).host}` : 'BullMQ on PostgreSQL');
  banner.add(
    'Storage',
    config.storage === 's3' ? `files in ${config.s3Bucket} at ${config.s3Endpoint}` : `files in ${filesDirOf(config)}`,
  );
  process.stdout.write(banner.render(title));
}

function stopOnSignals(app: INestApplicationContext, database: DatabaseServer, log: Pino): void {
  let stopping = false;
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE_MS).unref();
    try {
      await app.get(DrainState).begin();
      await app.close();
    } catch (error) {
      log.error({ err: error }, 'the shutdown did not go as it should');
    }
    await database.stop();
    process.exit(exitCode);
  };
  process.on('SIGTERM', () => void stop('SIGTERM', 0));
  process.on('SIGINT', () => void stop('SIGINT', 0));
  whenNpmEnds(() => void stop('npm ended', 0));
  // A promise nobody waited for is one thing that went wrong; ending everybody's connections would be many.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed and nobody waited for it'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error nobody caught');
    void stop('uncaught exception', 1);
  });
}
