import { destination, type Logger as Pino } from 'pino';
import type { Config } from '../platform/config/config.js';
import { createLog } from '../platform/logging/log.js';

/** A command that did not do what it was asked, in words for whoever typed it: shown without a stack, exit code 1. */
export class CommandFailed extends Error {}

/** Lines of a result. Standard output holds nothing else, so that it can be piped on. */
export function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** What a person should know beside the result. */
export function printError(...lines: string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** The program's own log while a command runs: on standard error, and only what went wrong unless asked for. */
export function commandLog(config: Config): Pino {
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel;
  return createLog({ logLevel: level }, destination({ dest: 2, sync: true }));
}

/** Columns as wide as what is in them. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
