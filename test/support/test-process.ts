import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A process of the program, started from its build as `npm start` starts it. Jest's global setup updates the build. */
export interface TestProcess {
  readonly child: ChildProcess;
  /** The output so far. */
  output(): string;
  /**
   * Waits until whole lines after the first `after` characters match the pattern; returns the match. Throws if the
   * process ends first.
   */
  printed(pattern: RegExp, after?: number): Promise<RegExpExecArray>;
  /** Waits until the process has ended and all its output is available; returns the exit code. */
  ended(): Promise<number | null>;
  /** Sends the signal and returns the exit code (null if the signal itself ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** `entry` is a file of the build, `dist/src/main.js` for example. */
export function startProcess(entry: string, environment: Record<string, string>, args: string[] = []): TestProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
  }
  let hasEnded = false;
  // Not `exit`, which may come before the last of the output.
  const ended = (once(child, 'close') as Promise<[number | null]>).then(([exitCode]) => {
    hasEnded = true;
    return exitCode;
  });
  return {
    child,
    output: () => output,
    printed: async (pattern, after = 0) => {
      for (;;) {
        const match = pattern.exec(output.slice(after, hasEnded ? undefined : output.lastIndexOf('\n') + 1));
        if (match) return match;
        if (hasEnded) throw new Error(`the process ended without printing ${pattern}:\n${output}`);
        await Promise.race([new Promise((resolve) => child.once('output', resolve)), ended]);
      }
    },
    ended: () => ended,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
