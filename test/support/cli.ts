import { startProcess } from './test-process.js';

export interface CliAnswer {
  readonly exitCode: number | null;
  /** Standard output and standard error, interleaved as written. */
  readonly output: string;
}

/** Runs one command line of the program, as `npm run cli -- …` does, and waits for its end. */
export async function cli(environment: Record<string, string>, ...args: string[]): Promise<CliAnswer> {
  const command = startProcess('dist/src/cli.js', environment, args);
  const exitCode = await command.ended();
  return { exitCode, output: command.output() };
}
