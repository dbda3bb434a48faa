import { Logger, type INestApplicationContext } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import { Config, ConfigurationError, processEnvironment, readConfiguration } from '../config/config.js';
import { filesDirOf } from '../config/files-dir.js';
import type { SettingValues } from '../config/settings.js';
import { startDatabaseServer, type DatabaseServer } from '../database/database-server.js';
import { migrate } from '../database/migrate.js';
import { DrainState } from '../health/drain-state.js';
import { StartupBanner } from '../logging/startup-banner.js';
import { createLog, NestLog } from '../logging/log.js';
import { loadTracing } from '../tracing/tracing.module.js';
import { explainStart, type Surroundings } from './explain-start.js';
import { onParentExit } from './parent-process.js';
import { warnWithoutRedis } from './redis-at-start.js';
import { Watchdog } from './watchdog.js';

/** The most a shutdown takes after its delay; past it the supervisor would kill us in the middle of something. */
const SHUTDOWN_DEADLINE_MS = 25_000;
/** Past this a thread ends the process, should the event loop not turn. */
const KILL_SECONDS = 27;
/** A start that is under way when the end comes is waited for so long, so that what it has made can be closed. */
const START_PATIENCE_MS = 3000;

/** What a process is to run. */
export interface Program {
  readonly title: string;
  /** What is wrong with settings whose meaning a module knows, one sentence each. */
  problems(values: SettingValues): Promise<string[]>;
  /** Makes the application and starts it: it serves, or works, when the promise is kept. */
  boot(config: Config, log: Pino): Promise<INestApplicationContext>;
}

/** What there is of a process so far, and so what has to be ended. */
interface Life {
  /** Each begun as soon as it is there, so that an end during the start finds it. */
  database?: Promise<DatabaseServer>;
  app?: Promise<INestApplicationContext>;
  isEnding: boolean;
}

/** Ends the process; what comes after the first call changes nothing. */
type End = (reason: string, exitCode: number) => Promise<void>;

/**
 * The life of a process: configuration, database, schema, application, banner; and at SIGTERM or SIGINT, or with the
 * end of the npm that started it, the way back: drain, close the application, stop the database last, exit 0. An end
 * while it is starting ends the database it has begun to start. A thread of its own ends it when its event loop does
 * not turn any more.
 */
export async function runProcess(program: Program): Promise<void> {
  const watchdog = new Watchdog();
  const config = await readConfig(program);
  const log = createLog(config);
  Logger.overrideLogger(new NestLog(log)); // what is said before there is an application
  const life: Life = { isEnding: false };
  const end = endOf(life, log, { watchdog, delayMs: config.shutdownDelay * 1000 });
  endOnSignals(end, log);
  try {
    await loadTracing(config); // before anything waits for an answer with a deadline
    void warnWithoutRedis(config);
    life.database = startDatabaseServer(config);
    const database = await life.database;
    await migrate(database.url);
    if (life.isEnding) return;
    life.app = program.boot(config.with({ databaseUrl: database.url }), log);
    const app = await life.app;
    if (!life.isEnding) await announce(app, config, database, program.title);
  } catch (error) {
    if (life.isEnding) return; // its database was taken away from it
    sayWhyNot(log, error, config);
    await end('the start failed', 1);
  }
}

async function readConfig(program: Program): Promise<Config> {
  const { values, problems } = readConfiguration(processEnvironment());
  const all = [...problems, ...(await program.problems(values))];
  if (all.length > 0) {
    process.stderr.write(`${new ConfigurationError(all).message}\n`);
    process.exit(1);
  }
  try {
    return Config.fromProcess(); // makes secrets, and the folder for them
  } catch (error) {
    sayWhyNot(createLog(values), error, values);
    process.exit(1);
  }
}

/** One sentence where the operator can mend it; the whole error, with its stack, where it is a defect of ours. */
function sayWhyNot(log: Pino, error: unknown, surroundings: Surroundings): void {
  const sentence = explainStart(error, surroundings);
  if (sentence === undefined) log.fatal({ err: error }, 'the start failed');
  else log.fatal(sentence);
}

async function announce(
  app: INestApplicationContext,
  config: Config,
  database: DatabaseServer,
  title: string,
): Promise<void> {
  const banner = app.get(StartupBanner);
  banner.add('Database', database.description);
  banner.add('Queue', config.redisUrl ? `BullMQ on Redis at ${new URL(config.redisUrl).host}` : 'BullMQ on PostgreSQL');
  banner.add(
    'Storage',
    config.storage === 's3' ? `files in ${config.s3Bucket} at ${config.s3Endpoint}` : `files in ${filesDirOf(config)}`,
  );
  await banner.complete();
  process.stdout.write(banner.render(title));
}

/** `delayMs`: for how long a server that is told to end goes on before it begins to. */
function endOf(life: Life, log: Pino, { watchdog, delayMs }: { watchdog: Watchdog; delayMs: number }): End {
  return async (reason, exitCode) => {
    if (life.isEnding) return;
    life.isEnding = true;
    watchdog.endWithin(KILL_SECONDS + delayMs / 1000);
    log.info({ reason }, 'shutting down');
    setTimeout(() => {
      log.error(`the shutdown is cut off: it took longer than ${(SHUTDOWN_DEADLINE_MS + delayMs) / 1000} s`);
      process.exit(1);
    }, SHUTDOWN_DEADLINE_MS + delayMs).unref();
    try {
      const app = await startedApp(life);
      await app?.get(DrainState).begin(delayMs);
      await app?.close();
    } catch (error) {
      log.error({ err: error }, 'the shutdown did not go as it should');
    }
    const database = await life.database?.catch(() => undefined);
    await database?.stop();
    process.exit(exitCode);
  };
}

/** The application once it has started; undefined when it has not, or does not in time. */
async function startedApp({ app }: Life): Promise<INestApplicationContext | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, START_PATIENCE_MS, undefined).unref());
  return Promise.race([app?.catch(() => undefined), late]);
}

function endOnSignals(end: End, log: Pino): void {
  process.on('SIGTERM', () => void end('SIGTERM', 0));
  process.on('SIGINT', () => void end('SIGINT', 0));
  onParentExit(() => void end('npm ended', 0));
  // A promise nobody waited for is one thing that went wrong; ending everybody's connections would be many.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise failed and nobody waited for it'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error nobody caught');
    void end('uncaught exception', 1);
  });
}
