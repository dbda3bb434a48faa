import { Logger, type INestApplicationContext } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import { Redis } from 'ioredis';
import { Config, ConfigurationError, processEnvironment, readConfiguration } from '../config/config.js';
import { filesDirOf } from '../config/directories.js';
import type { SettingValues } from '../config/settings.js';
import { startDatabaseServer, type DatabaseServer } from '../database/database-server.js';
import { migrate } from '../database/migrate.js';
import { DrainCoordinator } from '../health/drain-coordinator.js';
import { StartupBanner } from '../logging/startup-banner.js';
import { createLog, NestLog } from '../logging/log.js';
import type { RateLimit } from '../throttling/limits.js';
import { loadTracing } from '../tracing/tracing.module.js';
import { explainStart, type StartSettings, reasonOf } from './explain-start.js';
import { Watchdog } from './watchdog.js';

/** The maximum duration of a shutdown after its delay. Later, the supervisor would kill the process in mid-work. */
const SHUTDOWN_DEADLINE_MS = 25_000;
/** After this time the watchdog thread kills the process, in case the event loop is blocked. */
const KILL_AFTER_SECONDS = 27;
/** How long a shutdown waits for a start in progress, so that what it has created can be closed. */
const START_TIMEOUT_MS = 3000;

/** The program of a process. */
export interface Program {
  readonly title: string;
  /** Its rate limits, whose numbers the environment may change. */
  readonly limits: readonly RateLimit[];
  /** Returns the problems of settings that a module validates, one sentence each. */
  problems(values: SettingValues): Promise<string[]>;
  /** Loads modules that `boot` needs, while the database server starts. */
  load?(): Promise<unknown>;
  /** Creates and starts the application: it serves, or processes jobs, once the promise resolves. */
  boot(config: Config, log: Pino): Promise<INestApplicationContext>;
}

/** The parts of the process that exist so far, for the shutdown to close. */
interface ProcessState {
  /** Each promise is set as soon as its work begins, so that an end during the start finds it. */
  database?: Promise<DatabaseServer>;
  app?: Promise<INestApplicationContext>;
  isEnding: boolean;
}

/** Ends the process; only the first call has an effect. */
type Shutdown = (reason: string, exitCode: number) => Promise<void>;

/**
 * Runs a process from start to end: configuration, database, migrations, application, banner. On SIGTERM or SIGINT, or
 * when the npm that started it ends, it drains, closes the application, stops the database last, and exits with 0. An
 * end during the start stops the database that was being started. A watchdog thread kills the process when its event
 * loop is blocked.
 */
export async function runProcess(program: Program): Promise<void> {
  const watchdog = new Watchdog();
  const config = await readConfig(program);
  const log = createLog(config);
  Logger.overrideLogger(new NestLog(log)); // for log lines before there is an application
  const state: ProcessState = { isEnding: false };
  const shutDown = createShutdown(state, log, { watchdog, delayMs: config.shutdownDelay * 1000 });
  shutDownOnSignals(shutDown, log);
  try {
    await loadTracing(config); // before anything waits for a response with a deadline
    void warnWithoutRedis(config);
    state.database = startDatabaseServer(config, () => {
      program.load?.().catch(() => undefined); // `boot` throws the error
    });
    const database = await state.database;
    await migrate(database.url);
    if (state.isEnding) return;
    state.app = program.boot(config.with({ databaseUrl: database.url }), log);
    const app = await state.app;
    if (!state.isEnding) await printBanner(app, config, database, program.title);
  } catch (error) {
    if (state.isEnding) return; // the shutdown stopped its database
    logFailedStart(log, error, config);
    await shutDown('the start failed', 1);
  }
}

async function readConfig(program: Program): Promise<Config> {
  const { values, problems } = readConfiguration(processEnvironment(), program.limits);
  const all = [...problems, ...(await program.problems(values))];
  if (all.length > 0) {
    process.stderr.write(`${new ConfigurationError(all).message}\n`);
    process.exit(1);
  }
  try {
    return Config.fromProcess(program.limits); // creates secrets, and the directory for them
  } catch (error) {
    logFailedStart(createLog(values), error, values);
    process.exit(1);
  }
}

/** Logs one sentence if the operator can correct the problem; the whole error with its stack if it is a defect. */
function logFailedStart(log: Pino, error: unknown, settings: StartSettings): void {
  const sentence = explainStart(error, settings);
  if (sentence === undefined) log.fatal({ err: error }, 'the start failed');
  else log.fatal(sentence);
}

async function printBanner(
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

/** `delayMs`: how long the server continues to serve before the shutdown begins. */
function createShutdown(
  state: ProcessState,
  log: Pino,
  { watchdog, delayMs }: { watchdog: Watchdog; delayMs: number },
): Shutdown {
  return async (reason, exitCode) => {
    if (state.isEnding) return;
    state.isEnding = true;
    watchdog.killAfter(KILL_AFTER_SECONDS + delayMs / 1000);
    log.info({ reason }, 'shutting down');
    setTimeout(() => {
      log.error(`the shutdown is aborted: it took longer than ${(SHUTDOWN_DEADLINE_MS + delayMs) / 1000} s`);
      process.exit(1);
    }, SHUTDOWN_DEADLINE_MS + delayMs).unref();
    try {
      const app = await startedApp(state);
      await app?.get(DrainCoordinator).begin(delayMs);
      await app?.close();
    } catch (error) {
      log.error({ err: error }, 'the shutdown failed');
    }
    const database = await state.database?.catch(() => undefined);
    await database?.stop();
    process.exit(exitCode);
  };
}

/** Returns the application once it has started; undefined if it has failed or does not start in time. */
async function startedApp({ app }: ProcessState): Promise<INestApplicationContext | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, START_TIMEOUT_MS, undefined).unref());
  return Promise.race([app?.catch(() => undefined), late]);
}

function shutDownOnSignals(shutDown: Shutdown, log: Pino): void {
  process.on('SIGTERM', () => void shutDown('SIGTERM', 0));
  process.on('SIGINT', () => void shutDown('SIGINT', 0));
  onParentExit(() => void shutDown('npm ended', 0));
  // An unhandled rejection is one failed operation; ending the process would also end all connections.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled promise rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    void shutDown('uncaught exception', 1);
  });
}

const CHECK_EVERY_MS = 500;

/**
 * Calls back once the npm that started this process has ended. npm passes a signal to its shell, which ends without
 * passing it on: without this, stopping `npm start` would leave an orphaned server running. Does nothing if npm is not
 * the parent.
 */
function onParentExit(callBack: () => void): void {
  // eslint-disable-next-line no-restricted-syntax -- a variable of npm, not a setting
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callBack();
  }, CHECK_EVERY_MS).unref();
}

const REDIS_TIMEOUT_MS = 3000;

/** Logs once at start that Redis cannot be used. The process serves without it and continues to reconnect. */
async function warnWithoutRedis({ redisUrl }: Pick<Config, 'redisUrl'>): Promise<void> {
  if (!redisUrl) return;
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: unknown;
  redis.on('error', (error) => (reason ??= error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    new Logger('Redis').error(
      `Redis at ${new URL(redisUrl).host} cannot be used: ${reasonOf(reason ?? error)}. ` +
        'Check that it is running there and accepts the password of REDIS_URL. Until then background work waits, ' +
        'and each process counts its own rate limits.',
    );
  } finally {
    redis.disconnect();
  }
}
