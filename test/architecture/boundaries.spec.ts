import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

interface Violation {
  rule: { name: string };
  from: string;
  to: string;
}

function cruise(directory: string): Violation[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '-T',
      'json',
      'src',
    ],
    { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (!stdout) throw new Error(stderr);
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

const MODULES = [
  'users',
  'auth',
  'participants',
  'conversations',
  'presence',
  'files',
  'messages',
  'webhooks',
  'admin',
];

/** One file for each way to break a rule: the rule, the file that breaks it, and what it imports. */
const PLANTED: [string, string, string][] = [
  ['no-circular', 'src/platform/pagination/about.ts', './round.js'],
  ['platform-knows-no-module', 'src/platform/http/nosy.ts', '../../modules/users/users.service.js'],
  ['modules-through-their-face', 'src/modules/auth/nosy.ts', '../users/users.repository.js'],
  ['leaves-are-leaves', 'src/modules/auth/auth.events.ts', '../users/users.service.js'],
  ['services-know-no-transport', 'src/modules/auth/sessions.service.ts', 'bullmq'],
  ['services-know-no-transport', 'src/modules/auth/auth.policy.ts', '../../platform/database/sql.js'],
  ['repositories-are-the-bottom', 'src/modules/auth/auth.repository.ts', '../users/users.service.js'],
  ['edges-do-not-touch-sql', 'src/modules/users/users.controller.ts', './users.repository.js'],
  ['edges-do-not-touch-sql', 'src/modules/users/users.gateway.ts', '../../platform/database/sql.js'],
  ['processors-run-in-the-worker', 'src/modules/auth/auth.module.ts', './auth.processor.js'],
  ['dialects-know-services', 'src/dialects/groups/groups.presenter.ts', '../../modules/users/users.repository.js'],
  ['commands-know-services', 'src/cli/nosy.command.ts', '../modules/users/users.repository.js'],
  ['nobody-needs-a-command', 'src/platform/http/commanding.ts', '../../cli/nosy.command.js'],
  ['modules-know-no-dialect', 'src/modules/auth/dialect.ts', '../../dialects/groups/groups.presenter.js'],
  ['program-knows-no-test', 'src/platform/http/tested.ts', '../../../test/support/fake.js'],
  ...MODULES.slice(0, -1).map((module, index): [string, string, string] => [
    `ladder-${module}`,
    `src/modules/${module}/upward.ts`,
    `../${MODULES[index + 1]}/${MODULES[index + 1]}.service.js`,
  ]),
];

/** What the planted files import, and one import of each kind that is allowed. */
const SURROUNDINGS: Record<string, string> = {
  'src/platform/pagination/round.ts': `import './about.js';`,
  'src/platform/database/sql.ts': 'export const sql = 1;',
  'test/support/fake.ts': 'export const fake = 1;',
  'src/modules/users/users.repository.ts': `import '../messages/messages.events.js'; import './user-row.js';`,
  'src/modules/users/user-row.ts': 'export const row = 1;',
  'src/modules/messages/messages.events.ts': 'export const events = 1;',
  'src/modules/auth/auth.processor.ts': 'export const processor = 1;',
  ...Object.fromEntries(
    MODULES.map((module) => [`src/modules/${module}/${module}.service.ts`, 'export const service = 1;']),
  ),
};

describe('the check of dependencies', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'parley-boundaries-'));
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    };
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      copyFileSync(file, join(directory, file));
    symlinkSync(resolve('node_modules'), join(directory, 'node_modules'));
    for (const [path, text] of Object.entries(SURROUNDINGS)) write(path, text);
    for (const [, path, imported] of PLANTED) write(path, `import '${imported}';`);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('reports every planted violation and nothing else', () => {
    const seen = cruise(directory).map(({ rule, from }) => `${rule.name} ${from}`);
    const expected = PLANTED.map(([rule, path]) => `${rule} ${path}`);
    expect(expected.filter((violation) => !seen.includes(violation))).toEqual([]);
    const planted = new Set(PLANTED.map(([, path]) => path));
    expect(seen.filter((violation) => !planted.has(violation.split(' ')[1] ?? ''))).toEqual([]);
  });

  it('reports no violation in the program', () => {
    expect(cruise('.').map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  });
});

describe('the folder of a module', () => {
  it.each(MODULES)('has the controller, gateway, service and repository of %s', (name) => {
    const roles = ['controller', 'gateway', 'service', 'repository'];
    expect(roles.filter((role) => !existsSync(`src/modules/${name}/${name}.${role}.ts`))).toEqual([]);
  });
});
