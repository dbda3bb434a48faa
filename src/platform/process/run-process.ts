import type { INestApplicationContext } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import { Config, ConfigurationError } from '../config/config.js';
import { filesDirOf } from '../config/files-dir.js';
import { startDatabaseServer, type DatabaseServer } from '../database/database-server.js';
import { migrate } from '../database/migrate.js';
import { DrainState } from '../health/drain-state.js';
import { BannerLines } from '../logging/banner.js';
import { createLog } from '../logging/log.js';
import { loadTracing } from '../tracing/tracing.module.js';
import { whenNpmEnds } from './npm-parent.js';

/** The most a shutdown takes; past it the supervisor would kill us in the middle of something. */
const SHUTDOWN_DEADLINE_MS = 25_000;

/** Makes the application and starts it: it serves, or works, when the promise is kept. */
export type Boot = (config: Config, log: Pino) => Promise<INestApplicationContext>;

/** What there is of a process so far, and so what has to be ended. */
interface Life {
  /** Begun as soon as it is there, so that an end during the start finds it. */
  database?: Promise<DatabaseServer>;
  app?: INestApplicationContext;
  isEnding: boolean;
}

/** Ends the process; what comes after the first call changes nothing. */
type End = (reason: string, exitCode: number) => Promise<void>;

/**
 * The life of a process: configuration, database, schema, application, banner; and at SIGTERM or SIGINT, or with the
 * end of the npm that started it, the way back: drain, close the application, stop the database last, exit 0. Who ends
 * it while it is starting ends the database it has begun to start.
 */
export async function runProcess(title: string, boot: Boot): Promise<void> {
  const config = readConfig();
  const log = createLog(config);
  const life: Life = { isEnding: false };
  const end = endOf(life, log);
  endOnSignals(end, log);
  try {
    await loadTracing(config); // before anything waits for an answer with a deadline
    life.database = startDatabaseServer(config);
    const database = await life.database;
    await migrate(database.url);
    life.app = await boot(config.with({ databaseUrl: database.url }), log);
    if (!life.isEnding) announce(life.app, config, database, title);
  } catch (error) {
    if (life.isEnding) return; // its database was taken away from it
    log.fatal({ err: error }, 'the start failed');
    await end('the start failed', 1);
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

function endOf(life: Life, log: Pino): End {
  return async (reason, exitCode) => {
    if (life.isEnding) return;
    life.isEnding = true;
    log.info({ reason }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_DEADLINE_MS).unref();
    try {
      await life.app?.get(DrainState).begin();
      await life.app?.close();
    } catch (error) {
      log.error({ err: error }, 'the shutdown did not go as it should');
    }
    const database = await life.database?.catch(() => undefined);
    await database?.stop();
    process.exit(exitCode);
  };
}

function endOnSignals(end: End, log: Pino): void {
  process.on('SIGTERM', () => void end('SIGTERM', 0));
  process.on('SIGINT', () => void end('SIGINT', 0));
  whenNpmEnds(() => void end('npm ended', 0));
  // A promise nobody waited for is one thing that went wrong; ending everybody's connections would be many.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed and nobody waited for it'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error nobody caught');
    void end('uncaught exception', 1);
  });
}
