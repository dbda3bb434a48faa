import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';

/** A service of the compose file, with the fields that these tests read. */
interface Service {
  image: string;
  command?: string[];
  profiles?: string[];
  environment?: Record<string, unknown>;
  env_file?: object[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string; required?: boolean }>;
  healthcheck?: object;
  build?: { context: string; dockerfile: string };
  secrets?: string[];
  [more: string]: unknown;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, unknown>;
}

/** A scrape configuration, with the fields that these tests read. */
interface Prometheus {
  readonly scrape_configs: readonly {
    readonly static_configs?: readonly { readonly targets: readonly string[] }[];
    readonly dns_sd_configs?: readonly { readonly names: readonly string[]; readonly port: number }[];
  }[];
}

const dockerfile = readFileSync('docker/Dockerfile', 'utf8');
const ignored = readFileSync('docker/Dockerfile.dockerignore', 'utf8').split('\n');
const stages = dockerfile.split(/^FROM /m).slice(1);
const compose = parse(readFileSync('docker/compose.yml', 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

describe('the image', () => {
  it('has a Dockerfile without errors or warnings', () => {
    expect(validate(dockerfile).map(({ message }) => message)).toEqual([]);
    expect(validate('FROM node\nCOPPY a b\n').length).toBeGreaterThan(0);
  });

  it('is built in one stage and runs in another, not as root, with a health check', () => {
    expect(stages.length).toBe(2);
    const [, runtime = ''] = stages;
    expect(runtime).toMatch(/^USER node$/m);
    expect(runtime.indexOf('USER node')).toBeGreaterThan(runtime.lastIndexOf('COPY'));
    expect(runtime).toMatch(/^HEALTHCHECK /m);
    expect(runtime).not.toMatch(/npm (ci|install)/);
  });

  it('contains existing files only, and no secrets, tests or data', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?:--chown=\S+ )?(?!--)(.+)$/gm)].flatMap(([, paths]) =>
      paths!.split(' ').slice(0, -1),
    );
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    expect(copied.filter((path) => !ignored.includes(`!${path}`))).toEqual([]);
    expect(ignored[0]).toBe('*');
    expect(dockerfile).not.toMatch(/(SECRET|PASSWORD|PEPPER|TOKEN)\s*=/);
  });
});

describe('the compose file', () => {
  it('starts only the server by default, and each other service by its profile', () => {
    const byProfile = (profile?: string): string[] =>
      services.filter(([, { profiles }]) => (profile ? profiles?.includes(profile) : !profiles)).map(([name]) => name);
    expect(byProfile()).toEqual(['parley']);
    expect(byProfile('postgres')).toEqual(['postgres']);
    expect(byProfile('redis')).toEqual(['worker', 'redis']);
    expect(byProfile('balancer')).toEqual(['parley-2', 'balancer']);
    expect(byProfile('s3')).toEqual(['s3']);
    expect(byProfile('monitoring')).toEqual(['prometheus', 'grafana']);
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes).filter((volume) => volume.startsWith('./'));
    expect(mounted.filter((volume) => !existsSync(join('docker', volume.split(':')[0]!)))).toEqual([]);
    const [secret] = /\/run\/secrets\/(\w+)/.exec(readFileSync('docker/prometheus/prometheus.yml', 'utf8'))!.slice(1);
    expect(compose.services.prometheus!.secrets).toContain(secret);
  });

  it.each([
    ['worker', 'redis'],
    ['parley-2', 'balancer'],
  ])('refuses to start %s (profile %s) without a shared database', (name, profile) => {
    const { command = [] } = compose.services[name]!;
    // As compose passes it on: `$$` stands for `$`.
    const [program = '', ...args] = command.map((part) => part.replaceAll('$$', '$'));
    const run = (databaseUrl: string) =>
      spawnSync(program, args, {
        env: {
          PATH: process.env.PATH,
          DATABASE_URL: databaseUrl,
          NODE_OPTIONS: '--import=data:text/javascript,process.exit(42)',
        },
        encoding: 'utf8',
      });
    expect(run('').stderr).toContain(`DATABASE_URL: must be set in .env for the profile ${profile}`);
    expect(run('').status).not.toBe(42);
    expect(run('postgres://db/parley').status).toBe(42);
  });

  it('balances every node and no worker', () => {
    const nodes = services.filter(([, { image, environment = {} }]) => image.startsWith('parley:') && environment.PORT);
    const servers = [...readFileSync('docker/haproxy/haproxy.cfg', 'utf8').matchAll(/^ {2}server \w+ (\S+)$/gm)];
    expect(servers.map(([, address]) => address)).toEqual(nodes.map(([name]) => `${name}:3000`));
  });

  it('scrapes the metrics of every process', () => {
    const { scrape_configs: jobs } = parse(readFileSync('docker/prometheus/prometheus.yml', 'utf8')) as Prometheus;
    const targets = jobs.flatMap(({ static_configs: fixed = [], dns_sd_configs: found = [] }) => [
      ...fixed.flatMap((one) => one.targets),
      ...found.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
    ]);
    const processes = services.filter(([, { image }]) => image.startsWith('parley:'));
    const ports = processes.map(([name, { environment = {} }]) => [name, environment.METRICS_PORT ?? environment.PORT]);
    expect(targets.sort()).toEqual(ports.map((pair) => pair.join(':')).sort());
  });

  it('declares every volume, secret and service that it refers to', () => {
    for (const [, service] of services) {
      const named = (service.volumes ?? [])
        .map((volume) => volume.split(':')[0]!)
        .filter((name) => !name.startsWith('.'));
      expect(named.filter((name) => !(name in compose.volumes))).toEqual([]);
      expect(Object.keys(service.depends_on ?? {}).filter((name) => !(name in compose.services))).toEqual([]);
      expect((service.secrets ?? []).filter((name) => !(name in compose.secrets))).toEqual([]);
    }
    const { build } = compose.services.parley!;
    expect(existsSync(join('docker', build!.context, build!.dockerfile))).toBe(true);
  });

  it('waits for another service only if it runs, and until it is healthy', () => {
    for (const [, service] of services) {
      for (const [name, { condition, required }] of Object.entries(service.depends_on ?? {})) {
        expect({ condition, required }).toEqual({ condition: 'service_healthy', required: false });
        expect(compose.services[name]!.healthcheck).toBeDefined();
      }
    }
  });

  it('contains no secret, pins every image, and starts the program without privileges', () => {
    for (const [, { image, environment = {} }] of services) {
      expect(image).toMatch(/:[^:]+$/);
      expect(image).not.toMatch(/:latest$/);
      for (const [name, value] of Object.entries(environment)) {
        if (/SECRET|PASSWORD|PEPPER|KEY/.test(name)) expect(value).toMatch(/^\$\{/);
      }
    }
    for (const name of ['parley', 'parley-2', 'worker']) {
      expect(compose.services[name]).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        init: true,
      });
    }
  });
});
