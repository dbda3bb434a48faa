import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A process of the program, started from its sources as `npm start` starts it from its build. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** What it printed so far. */
  output(): string;
  /** Waits until the pattern was printed; answers the match. Throws when the process ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits for the end and answers the exit code. */
  ended(): Promise<number | null>;
  /** Sends the signal and answers the exit code (null when the signal itself ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export function startProcess(entry: string, environment: Record<string, string>, args: string[] = []): TestProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--import', './test/support/register-typescript.mjs', entry, ...args], {
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += String(chunk);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  return {
    child,
    output: () => output,
    printed: async (pattern) => {
      for (;;) {
        const match = pattern.exec(output);
        if (match) return match;
        if (hasExited) throw new Error(`the process ended without printing ${pattern}:\n${output}`);
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), exited]);
      }
    },
    ended: async () => (await exited)[0],
    end: async (signal) => {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}
