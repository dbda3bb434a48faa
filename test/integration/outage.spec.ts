import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { request } from '../support/client/http.js';
import { hasPrometheus, PrometheusServer, RULES, shortenedRules } from '../support/prometheus-server.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { startProcess, type TestProcess } from '../support/test-process.js';
import { register } from '../support/users.js';

/** Durations of the rules are a tenth of the shipped ones: ten seconds of silence correspond to 100 in production. */
const SHORTER = 10;
/** The time during which failures continue while their log lines are counted. */
const FAILING_MS = 5000;
const withPrometheus = hasPrometheus ? it : it.skip;
const withRedis = hasRedis ? it : it.skip;

interface Line {
  readonly level: string;
  readonly context?: string;
  readonly task?: string;
  readonly msg: string;
  readonly failed?: number;
  readonly lasted_ms?: number;
}

/** A server with its own database and Redis, under moderate load. */
class World {
  private silent: number[] = [];

  private constructor(
    private readonly directory: string,
    private readonly postgres: EmbeddedPostgres,
    readonly redis: RedisServer | undefined,
    readonly server: TestProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), 'parley-outage-'));
    const postgres = await EmbeddedPostgres.start({ directory });
    const redis = hasRedis ? await RedisServer.start() : undefined;
    const server = startProcess('dist/src/main.js', {
      DATA_DIR: join(directory, 'data'),
      DATABASE_URL: postgres.url,
      ...(redis && { REDIS_URL: redis.url }),
      PORT: '0',
      HOST: '127.0.0.1',
      BCRYPT_COST: '10',
    });
    const [, port] = await server.printed(/REST +http:\/\/localhost:(\d+)/);
    return new World(directory, postgres, redis, server, `http://127.0.0.1:${port}`);
  }

  /** The log lines of the process after the first `after` characters of its output. */
  lines(after = 0): Line[] {
    const output = this.server.output();
    const texts = output.slice(after, output.lastIndexOf('\n') + 1).split('\n');
    return texts.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Line);
  }

  /** The database keeps its connections and does not respond, like a machine that hangs. */
  suspend(): void {
    const master = Number(readFileSync(join(this.postgres.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0]);
    // First, so that it starts no more children.
    signal([master], 'SIGSTOP');
    this.silent = [master, ...childrenOf(master)];
    signal(this.silent, 'SIGSTOP');
  }

  resume(): void {
    signal(this.silent, 'SIGCONT');
    this.silent = [];
  }

  async stop(): Promise<void> {
    this.resume();
    this.server.child.kill('SIGKILL');
    await this.server.ended();
    await this.redis?.halt();
    await this.postgres.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function childrenOf(parent: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const processes = stdout.trim().split('\n').map((line) => line.trim().split(/ +/).map(Number)); // prettier-ignore
  return processes.filter(([, of]) => of === parent).map(([pid]) => pid!);
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // A connection that has ended in the meantime.
    }
  }
}

/** A user with a socket who sends ten messages a second until stopped, whatever the responses. */
async function startLoad(url: string): Promise<() => void> {
  const ana = await register(url, 'ana');
  const { body } = await ana.call('POST', '/conversations', { type: 'group', title: 'A group', participant_ids: [] });
  const socket = await ana.webSocket();
  const timer = setInterval(() => {
    ana.call('POST', `/conversations/${body.id}/messages`, { content: 'hello' }).catch(() => undefined);
  }, 100);
  return () => {
    clearInterval(timer);
    socket.close();
  };
}

/** The number of lines with the same text; each scheduled task has its own text. */
function repeated(lines: readonly Line[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { context, task = '', msg } of lines) {
    const text = `${context} ${task}: ${msg}`;
    counts[text] = (counts[text] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 2));
}

describe('the log during an outage', () => {
  let world: World;
  let stopLoad: () => void;

  beforeAll(async () => {
    world = await World.start();
    stopLoad = await startLoad(world.url);
  }, 60_000);
  afterAll(async () => {
    stopLoad();
    await world.stop();
  });

  it('has one line for each failure and one for each recovery: a silent database', async () => {
    const before = world.server.output().length;
    world.suspend();
    // Sooner without a free connection, later with a silent one.
    await world.server.printed(/the stream heads could not be reconciled; retrying/, before);
    await world.server.printed(/requests are refused/);
    await delay(FAILING_MS);
    const during = world.lines(before);
    world.resume();
    await world.server.printed(/the stream heads are reconciled again/, before);
    expect(repeated(during)).toEqual({});
    expect(during.length).toBeLessThan(25);
    expect(world.lines(before).find(({ msg }) => msg === 'the stream heads are reconciled again')).toMatchObject({
      level: 'info',
      lasted_ms: expect.any(Number),
      failed: expect.any(Number),
    });
  }, 60_000);

  withRedis(
    'has the same without Redis, whose queue alone fails many more times',
    async () => {
      const before = world.server.output().length;
      await world.redis!.halt();
      await world.server.printed(/the queue fails/, before);
      await delay(FAILING_MS);
      const during = world.lines(before);
      await world.redis!.resume();
      await world.server.printed(/the queue works again/, before);
      expect(repeated(during)).toEqual({});
      const failed = world.lines(before).find(({ msg }) => msg === 'the queue works again')?.failed ?? 0;
      // Each failure wrote a line before: the log counts what it suppresses.
      expect(failed).toBeGreaterThan(4 * during.length);
    },
    60_000,
  );

  withPrometheus(
    'has the shipped alerts fire for a silent database, and end after it',
    async () => {
      const prometheus = await PrometheusServer.start(new URL(world.url).host, shortenedRules(SHORTER));
      try {
        await prometheus.until('ParleyNotReady', false);
        while (!(await prometheus.range('parley_ready')).max) await delay(250);
        const pages = ['ParleyNotReady', 'ParleyDatabaseErrors'];
        expect((await prometheus.firing()).filter((alert) => pages.includes(alert))).toEqual([]);
        world.suspend();
        for (const alert of pages) await prometheus.until(alert, true);
        expect((await request('GET', `${world.url}/metrics`)).status).toBe(200);
        world.resume();
        for (const alert of pages) await prometheus.until(alert, false);
        // It was scraped all the time; it omitted what it could not read.
        expect(await prometheus.range('up')).toEqual({ min: 1, max: 1 });
      } finally {
        world.resume();
        await prometheus.stop();
      }
    },
    90_000,
  );
});

interface RuleTests {
  tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[];
}

describe('an alert rule', () => {
  const CASES = 'test/fixtures/alerts.test.yml';
  const names = (parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { alert: string }[] }[] }).groups.flatMap(
    ({ rules }) => rules.map(({ alert }) => alert),
  );
  let directory: string;
  const testRules = (rules: string): { status: number | null; output: string } => {
    writeFileSync(join(directory, 'alerts.yml'), rules);
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', join(directory, 'alerts.test.yml')]);
    return { status, output: `${stdout}${stderr}` };
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-rules-'));
    copyFileSync(CASES, join(directory, 'alerts.test.yml'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('has a case that fires and one that is silent', () => {
    const { tests } = parse(readFileSync(CASES, 'utf8')) as RuleTests;
    const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    const of = (isFiring: boolean): string[] => [
      ...new Set(
        cases.filter(({ exp_alerts }) => exp_alerts.length > 0 === isFiring).map(({ alertname }) => alertname),
      ),
    ];
    expect(of(true).sort()).toEqual([...names].sort());
    expect(of(false).sort()).toEqual([...names].sort());
  });

  withPrometheus('fires as soon as it should, and is silent if all is well', () => {
    expect(testRules(readFileSync(RULES, 'utf8'))).toMatchObject({
      status: 0,
      output: expect.stringContaining('SUCCESS'),
    });
  });

  withPrometheus('fails its cases if it never fires or always does', () => {
    for (const expression of ['vector(0) > 1', 'vector(1)']) {
      const rules = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { expr: string; for?: string }[] }[] };
      for (const rule of rules.groups.flatMap((group) => group.rules)) {
        rule.expr = expression;
        delete rule.for;
      }
      const { status, output } = testRules(JSON.stringify(rules));
      expect(status).not.toBe(0);
      expect(names.filter((name) => !output.includes(`alertname: ${name},`))).toEqual([]);
    }
  });
});
