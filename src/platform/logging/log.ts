import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger as Pino } from 'pino';
import type { Config } from '../config/config.js';
import { LOGGED_ERROR, loggedErrors } from './logged-errors.js';
import { REDACTION } from './redaction.js';

/** JSON lines on standard output; `destination` is for tests. */
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
        if (level >= LOGGED_ERROR) loggedErrors.tell(args, level);
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

/** An error and its causes. Other properties stay out: a database error carries whole rows in some of them. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  const described: DescribedError = { type: error.constructor.name, message: error.message, stack: error.stack };
  if (code !== undefined) described.code = code;
  if (error.cause !== undefined) described.cause = describeError(error.cause);
  return described;
}

/** Where Nest tells of every module and route it set up: forty lines a start, of use only to whoever debugs that. */
const CHATTER = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

/** Nest's logger over ours, so that `new Logger('Name')` of @nestjs/common is all that anybody needs. */
export class NestLog implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(CHATTER.has(String(rest.at(-1))) ? 'trace' : 'info', message, rest);
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

  /** A port that cannot be listened on, Nest says and throws; the one who catches it says it with what to do. */
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
