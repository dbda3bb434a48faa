import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from './client/http.js';
import { freePort } from './free-port.js';

/** Whether this machine has HAProxy; without it, tests that need it are reported by name and not run. */
export const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0;

/** The shipped configuration with addresses of this machine: its own names and resolver are those of containers. */
function configurationFor(port: number, nodePorts: readonly number[]): string {
  const nodes = nodePorts.values();
  return readFileSync('docker/haproxy/haproxy.cfg', 'utf8')
    .replace('bind :8080', `bind 127.0.0.1:${port}`)
    .replace(/^resolvers containers\n(?: .*\n)+/m, '')
    .replace(' init-addr last,libc,none resolvers containers', '')
    .replaceAll(/^( {2}server \w+) \S+$/gm, (_line, server: string) => `${server} 127.0.0.1:${nodes.next().value}`);
}

/** HAProxy with the configuration of docker/haproxy, in front of two nodes of this machine. */
export class Haproxy {
  private constructor(
    readonly address: string,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  /** @throws Error with the message of HAProxy if it rejects its configuration */
  static async start(nodePorts: readonly [number, number]): Promise<Haproxy> {
    const port = await freePort();
    const directory = mkdtempSync(join(tmpdir(), `parley-haproxy-${process.pid}-`));
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, configurationFor(port, nodePorts));
    const check = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
    if (check.status !== 0) throw new Error(check.stderr);
    // In the foreground and without a master: one process, which the signal ends.
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
    await once(child, 'spawn');
    return new Haproxy(`http://127.0.0.1:${port}`, child, directory);
  }

  /** Returns once it sends requests to a node that is ready. */
  async untilItServes(): Promise<void> {
    for (;;) {
      const answer = await request('GET', `${this.address}/readyz`).catch(() => undefined);
      if (answer?.status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
