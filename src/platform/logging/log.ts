import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger as Pino } from 'pino';
import type { Config } from '../config/config.js';
import { LOGGED_ERROR, loggedErrors } from './logged-errors.js';
import { REDACTION } from './redaction.js';

/** Creates the logger, which writes JSON lines to standard output; `destination` is for tests. */
export function createLog(config: Pick<Config, 'logLevel'>, destination?: DestinationStream): Pino {
  const options = {
    level: config.logLevel,
    base: undefined,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: REDACTION,
    serializers: { err: describeError },
    hooks: {
      logMethod(this: Pino, args: unknown[], method: (...args: unknown[]) => void, level: number): void {
        if (level >= LOGGED_ERROR) loggedErrors.notify(args, level);
        method.apply(this, args);
      },
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

interface DescribedError {
  type: string;
  message: string;
  code?: unknown;
  stack?: string;
  cause?: unknown;
}

/** Describes an error and its causes. Other properties are left out: some of a database error contain whole rows. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  const described: DescribedError = { type: error.constructor.name, message: error.message, stack: error.stack };
  if (code !== undefined) described.code = code;
  if (error.cause !== undefined) described.cause = describeError(error.cause);
  return described;
}

/** Contexts in which Nest logs every module, route and frame it sets up: useful only to debug it. */
const SETUP_CONTEXTS = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
  'WebSocketsController',
]);

/** Connects Nest's logger to pino, so that classes only need `new Logger('Name')` of @nestjs/common. */
export class NestLog implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(SETUP_CONTEXTS.has(String(rest.at(-1))) ? 'trace' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** If a port cannot be listened on, Nest logs and throws the error; the code that catches it logs it with advice. */
  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === 'NestApplication' ? 'debug' : 'error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /**
   * Nest passes the context as the last argument, and a stack before it for errors. Fields may come before or after the
   * text; an error may be among the arguments or the `err` of the fields.
   */
  private write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const last = rest.at(-1);
    const context = typeof last === 'string' ? last : undefined;
    const all = [message, ...(context === undefined ? rest : rest.slice(0, -1))];
    const given = all.find((value) => value instanceof Error);
    const fields = all.find((value): value is { err?: unknown } => isFields(value));
    const err = given ?? fields?.err;
    const [text = err instanceof Error ? err.message : undefined, stack] = all.filter(
      (value) => typeof value === 'string',
    );
    this.pino[level]({ context, ...fields, err, ...(stack !== undefined && !err && { stack }) }, text);
  }
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}
