import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { WebSocketClient } from '../support/realtime-client.js';
import { startProcess } from '../support/test-process.js';

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
    let token = '';
    const post = async (path: string, body: object | FormData): Promise<Record<string, unknown>> => {
      const isForm = body instanceof FormData;
      const response = await fetch(`${url}/api/v1${path}`, {
        method: 'POST',
        headers: {
          ...(token !== '' && { authorization: `Bearer ${token}` }),
          ...(!isForm && { 'content-type': 'application/json' }),
        },
        body: isForm ? body : JSON.stringify(body),
      });
      expect(response.status).toBeLessThan(300);
      return (await response.json()) as Record<string, unknown>;
    };

    const person = { username: 'ana', email: 'ana@example.com', password: 'orbit-41-lamp-plum', display_name: 'Ana' };
    await post('/auth/register', person);
    token = (await post('/auth/login', { username: 'ana', password: person.password })).access_token as string;
    const { id } = await post('/conversations', { type: 'group', title: 'G', participant_ids: [] });
    const socket = new WebSocketClient(Number(port), `?token=${token}`);
    await socket.next('live');
    await post(`/conversations/${id as string}/messages`, { content: 'see https://example.com/picture.png' });
    await socket.next('message.created');
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(PNG, 'base64')], { type: 'image/png' }), 'dot.png');
    await post('/files', form);
    await socket.next('file.scanned');
    for (const page of ['/docs', '/openapi.json', '/asyncapi.json', '/metrics', '/healthz']) await fetch(url + page);
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
