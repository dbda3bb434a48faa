import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf } from './process-cpu.js';
import type { ProbeAnswer, ProbeQuestion } from './probe.js';

const KEPT_OUTPUT = 20_000;
const END_MS = 30_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process that the bench starts and inspects from outside. */
export class MeasuredProcess {
  private output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  /** `entry` below `dist`. The limit of open files is raised as far as it goes. */
  constructor(entry: string, environment: Record<string, string> = {}) {
    const node = ['--expose-gc', '--import', './dist/test/bench/probe.js', `dist/${entry}.js`];
    const command = [process.execPath, ...node];
    const [file, ...args] =
      process.platform === 'win32'
        ? command
        : ['sh', '-c', 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$0" "$@"', ...command];
    const { PATH = '', HOME = '', NODE_OPTIONS = '' } = process.env;
    this.child = spawn(file!, args, {
      env: { PATH, HOME, NODE_OPTIONS, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    running.add(this.child);
    this.ended = once(this.child, 'exit');
    this.child.on('exit', () => running.delete(this.child));
    // Orders after its end fail; where its end matters, it is awaited.
    this.child.on('error', () => undefined);
    const collect = (chunk: Buffer): void => {
      this.output = (this.output + String(chunk)).slice(-KEPT_OUTPUT);
    };
    this.child.stdout!.on('data', collect);
    this.child.stderr!.on('data', collect);
  }

  get log(): string {
    return this.output;
  }

  get pid(): number {
    return this.child.pid!;
  }

  cpuMs(): number {
    return cpuMsOf(this.pid);
  }

  sendMessage(message: object): void {
    this.child.send(message);
  }

  listen<Message>(listener: (message: Message) => void): void {
    this.child.on('message', listener);
  }

  ignore<Message>(listener: (message: Message) => void): void {
    this.child.off('message', listener);
  }

  /** Waits until the pattern was printed. @throws Error with its last output if it ends instead */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.child.exitCode !== null || this.child.signalCode) throw new Error(`it did not start:\n${this.output}`);
      await Promise.race([once(this.child.stdout!, 'data'), this.ended]);
    }
  }

  /** Resident memory in bytes after garbage collection. */
  async memory(): Promise<NodeJS.MemoryUsage> {
    return (await this.ask('memory')) as NodeJS.MemoryUsage;
  }

  async startProfile(): Promise<void> {
    await this.ask('profile-start');
  }

  stopProfile(): Promise<unknown> {
    return this.ask('profile-stop');
  }

  /** Ends it regularly, and kills it if that takes too long. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode) return;
    this.child.kill('SIGTERM');
    const late = sleep(END_MS, 'late', { ref: false });
    if ((await Promise.race([this.ended, late])) === 'late') {
      this.child.kill('SIGKILL');
      await this.ended;
    }
  }

  private async ask(question: ProbeQuestion): Promise<unknown> {
    const answered = new Promise<unknown>((resolve) => {
      const listener = (message: ProbeAnswer): void => {
        if (message.probe !== question) return;
        this.child.off('message', listener);
        resolve(message.answer);
      };
      this.child.on('message', listener);
    });
    this.sendMessage({ probe: question });
    const failed = this.ended.then(() => Promise.reject(new Error(`it ended:\n${this.output}`)));
    return Promise.race([answered, failed]);
  }
}
