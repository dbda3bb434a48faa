import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.js';

/** Whether this machine has a Redis server; without one, tests that need it are reported by name and not run. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** An own Redis on a free port of loopback, without persistence. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.resume();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async resume(): Promise<void> {
    this.process = spawn('redis-server', ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', ''], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for await (const line of this.process.stdout!) if (String(line).includes('Ready to accept')) return;
    throw new Error(`Redis did not start at port ${this.port}`);
  }

  /** Accepts connections from now on, and does not respond. */
  suspend(): void {
    this.process?.kill('SIGSTOP');
  }

  /** Kills it as in a crash: its data is lost. */
  async halt(): Promise<void> {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}
