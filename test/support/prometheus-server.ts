import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from './client/http.js';
import { freePort } from './free-port.js';

/**
 * Whether this machine has Prometheus with `promtool`; without it, tests that need it are reported by name and not run.
 */
export const hasPrometheus = ['prometheus', 'promtool'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
);

export const RULES = 'docker/prometheus/alerts.yml';

/** The shipped rules with every duration, of `for` and of ranges, divided by `factor`. */
export function shortenedRules(factor: number): string {
  const seconds = { s: 1, m: 60, h: 3600 };
  const shorten = (text: string): string =>
    text.replace(/(\d+)([smh])/, (_, count: string, unit: 's' | 'm' | 'h') => {
      return `${Math.max(1, Math.round((Number(count) * seconds[unit]) / factor))}s`;
    });
  return readFileSync(RULES, 'utf8').replace(/for: \d+[smh]|\[\d+[smh]\]/g, shorten);
}

/** A real Prometheus that scrapes one address every two seconds and evaluates `rules` each second. */
export class PrometheusServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly directory: string,
    private readonly url: string,
  ) {}

  static async start(target: string, rules: string): Promise<PrometheusServer> {
    const directory = mkdtempSync(join(tmpdir(), 'parley-prometheus-'));
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'alerts.yml'), rules);
    const config = join(directory, 'prometheus.yml');
    writeFileSync(
      config,
      `global: { scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: parley
    static_configs: [{ targets: ['${target}'] }]
`,
    );
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=${address}`,
        '--log.level=warn',
      ],
      { stdio: 'ignore' },
    );
    const server = new PrometheusServer(child, directory, `http://${address}`);
    while (!(await server.isReady())) await delay(100);
    return server;
  }

  /** The names of the alerts that fire now. */
  async firing(): Promise<string[]> {
    const { body } = await request('GET', `${this.url}/api/v1/alerts`);
    const { alerts } = body.data as { alerts: { state: string; labels: { alertname: string } }[] };
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  }

  /** Waits until this alert fires, or does not any more; returns the seconds that passed. */
  async until(alert: string, isFiring: boolean): Promise<number> {
    const begun = performance.now();
    while ((await this.firing()).includes(alert) !== isFiring) await delay(250);
    return (performance.now() - begun) / 1000;
  }

  /** The minimum and maximum of a series since the start. */
  async range(series: string): Promise<{ min: number; max: number }> {
    const ask = async (aggregate: string): Promise<number> => {
      const query = encodeURIComponent(`${aggregate}_over_time(${series}[1h])`);
      const { body } = await request('GET', `${this.url}/api/v1/query?query=${query}`);
      return Number(body.data.result[0]?.value[1]);
    };
    return { min: await ask('min'), max: await ask('max') };
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async isReady(): Promise<boolean> {
    if (this.process.exitCode !== null) throw new Error('Prometheus did not start');
    return request('GET', `${this.url}/-/ready`).then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}
