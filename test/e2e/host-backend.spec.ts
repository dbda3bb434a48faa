import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { World } from '../support/world.js';

const GUIDE = 'docs/guides/host-backend.md';
const KEY_SCOPES = ['users:read', 'users:write', 'conversations:write', 'messages:write', 'webhooks'];
/** Debian's interpreter, which has the packages that the test run installs. */
const PYTHON = '/usr/bin/python3';

function canRun(program: string, ...args: string[]): boolean {
  const { status }: SpawnSyncReturns<Buffer> = spawnSync(program, args, { stdio: 'ignore' });
  return status === 0;
}

/** The script of the guide with this name, as a reader copies it. */
function scriptOf(name: string): string {
  const [, script] = new RegExp(`^\`\`\`\\w+ ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(readFileSync(GUIDE, 'utf8')) ?? [];
  if (script === undefined) throw new Error(`${GUIDE} has no script ${name}`);
  return script;
}

describe('the guide for the backend of a host product', () => {
  let world: World;
  let directory: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const port = await freePort();
    world = await World.start({
      REGISTRATION: 'closed',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
      WEBHOOK_PORTS: String(port),
    });
    const admin = await world.user({ role: 'admin' });
    const key = await admin.call('POST', '/admin/keys', { name: 'shop backend', scopes: KEY_SCOPES });
    const signing = await admin.call('POST', '/admin/keys', { name: 'shop tokens', kind: 'signing' });
    directory = mkdtempSync(join(tmpdir(), 'parley-guide-'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'));
    environment = {
      ...process.env,
      PARLEY_URL: world.url,
      PARLEY_KEY: key.body.secret,
      SIGNING_KEY_ID: signing.body.id,
      SIGNING_KEY_SECRET: signing.body.secret,
      PORT: String(port),
      WEBHOOK_URL: `http://127.0.0.1:${port}/`,
    };
  });
  afterAll(async () => {
    await world?.stop();
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  /** Runs a script of the guide to its end; returns what it printed. */
  async function run(program: string, name: string, script = scriptOf(name)): Promise<string[]> {
    writeFileSync(join(directory, name), script);
    const child = spawn(program, [name], { cwd: directory, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const [status] = (await once(child, 'close')) as [number];
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
    return output.trim().split('\n');
  }

  it('has a script for Node that creates users, signs a token, sends messages and receives a webhook', async () => {
    expect(await run(process.execPath, 'host.mjs')).toEqual([
      'users 1000',
      'token of Customer 1',
      'unread 1',
      'webhook true Your order has shipped.',
    ]);
  });

  it('may be run again: the users and the conversation are the same, and no message is doubled', async () => {
    const count = async (table: string): Promise<number> =>
      (await world.database.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]!.n;
    const counts = async (): Promise<number[]> => Promise.all(['users', 'conversations', 'messages'].map(count));
    const before = await counts();
    expect(before[2]).toBe(2);

    // No message is new, so no webhook arrives.
    const again = scriptOf('host.mjs').replace(/^const { content, conversation_id: id }[^]*/m, 'process.exit(0);');
    await run(process.execPath, 'again.mjs', again);

    expect(await counts()).toEqual(before);
  });

  const itWithPython = canRun(PYTHON, '-c', 'import requests, jwt') ? it : it.skip;
  itWithPython('has the same script for Python', async () => {
    expect(await run(PYTHON, 'host.py')).toEqual([
      'users 1000',
      'token of Client 1',
      'unread 1',
      'webhook True Your ticket is open.',
    ]);
  });
});
