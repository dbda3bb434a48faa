import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startProcess } from '../support/test-process.js';
import { register } from '../support/users.js';

const OWN_MACHINE = /^(localhost|127\.|::1|\/)/;
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('a server that is configured to use no other service', () => {
  let directory: string;
  let database: TestDatabase;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'parley-outbound-'));
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('opens connections to its own machine only, until a user registers a webhook at another host', async () => {
    const list = join(directory, 'connections');
    const targets = (): string[] => [...new Set(readFileSync(list, 'utf8').trimEnd().split('\n'))];
    const server = startProcess('dist/src/main.js', {
      DATABASE_URL: database.url,
      DATA_DIR: join(directory, 'data'),
      PORT: '0',
      HOST: '127.0.0.1',
      CONNECTIONS: list,
      NODE_OPTIONS: `--import=${pathToFileURL('test/support/record-connections.mjs').href}`,
    });
    const [, port] = await server.printed(/REST +http:\/\/localhost:(\d+)/);
    const url = `http://127.0.0.1:${port}`;
    const ana = await register(url, 'ana');
    const post = async (path: string, body: object | FormData): Promise<Record<string, unknown>> => {
      const response = await ana.call('POST', path, body);
      expect(response.status).toBeLessThan(300);
      return response.body as Record<string, unknown>;
    };

    const { id } = await post('/conversations', { type: 'group', title: 'G', participant_ids: [] });
    const socket = await ana.webSocket();
    await post(`/conversations/${id as string}/messages`, { content: 'see https://example.com/picture.png' });
    await socket.next('message.created');
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(PNG, 'base64')], { type: 'image/png' }), 'dot.png');
    await post('/files', form);
    await socket.next('file.scanned');
    for (const page of ['/docs', '/openapi.json', '/asyncapi.json', '/metrics', '/healthz'])
      await ana.request('GET', page);
    expect(targets().filter((target) => !OWN_MACHINE.test(target))).toEqual([]);
    expect(targets().filter((target) => OWN_MACHINE.test(target))).not.toEqual([]);

    // The control: what leaves the machine is seen.
    await post('/webhooks', { url: 'https://hooks.invalid/parley', events: ['message.created'] });
    while (!targets().includes('hooks.invalid')) await pause(50);
    socket.close();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(targets().filter((target) => !OWN_MACHINE.test(target))).toEqual(['hooks.invalid']);
  }, 90_000);
});
