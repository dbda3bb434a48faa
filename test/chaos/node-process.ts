import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const READY = /REST\s+http:\/\/localhost:(\d+)\/api\/v1/;
const KEPT_OUTPUT = 20_000;
const MOST_STARTS = 10;

/** A process whose parent is gone, however it went, is to go too: the pipe between them closes. */
const ENDS_WITH_PARENT = `data:text/javascript,process.stdin.on('end', () => process.exit(1)).resume().unref()`;

/** A server process of its own on a free port: the program itself, or the program with switches. */
export class NodeProcess {
  port = 0;
  private child: ChildProcess | undefined;
  private output = '';

  constructor(
    private readonly entry: string,
    private readonly environment: Record<string, string>,
  ) {}

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isUp(): boolean {
    return this.port > 0;
  }

  get log(): string {
    return this.output;
  }

  /** Returns when it serves. @throws Error with its last output if it ends instead */
  async start(): Promise<void> {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, ['--import', ENDS_WITH_PARENT, `dist/${this.entry}.js`], {
      env: { PATH, HOME, ...this.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    child.on('exit', (code, signal) => {
      if (this.child !== child) return;
      this.port = 0;
      console.error(`a node ended by itself: ${signal ?? code}\n${this.output.slice(-3000)}`);
    });
    let started = '';
    const collect = (chunk: Buffer): void => {
      started = (started + String(chunk)).slice(-KEPT_OUTPUT);
      this.output = (this.output + String(chunk)).slice(-KEPT_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const exited = once(child, 'exit');
    for (;;) {
      const ready = READY.exec(started);
      if (ready) {
        this.port = Number(ready[1]);
        return;
      }
      if (child.exitCode !== null || child.signalCode) throw new Error(`a node did not start:\n${started}`);
      await Promise.race([once(child.stdout, 'data'), exited]);
    }
  }

  /** As a supervisor does: a failed start, for example without the database, is tried again. */
  async startPatiently(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.start();
      } catch (error) {
        if (tries === MOST_STARTS) throw error;
      }
    }
  }

  /** Kills it at once, without a chance to write anything. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /**
   * Ends the node as a supervisor would, and returns its exit code. Until it has restarted, clients get the other
   * node's address.
   */
  stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.child;
    this.child = undefined;
    this.port = 0;
    if (!child || child.exitCode !== null || child.signalCode) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }
}
