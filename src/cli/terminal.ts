import { destination, type Logger as Pino } from 'pino';
import type { Config } from '../platform/config/config.js';
import { createLog } from '../platform/logging/log.js';

/** A failed command: its message is printed without a stack, with exit code 1. */
export class CommandFailed extends Error {}

/** Prints lines of a result. Standard output contains nothing else, so that it can be piped. */
export function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Prints lines for the operator that are not part of the result: notices and errors. */
export function printToStderr(...lines: string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** The log of the program while a command runs: on standard error, and only warnings and errors by default. */
export function commandLog(config: Config): Pino {
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel;
  return createLog({ logLevel: level }, destination({ dest: 2, sync: true }));
}

/** Formats rows as a table with aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
