import { Metrics, distributionOf } from '../../src/platform/metrics/metrics.js';
import { METRICS } from '../../src/platform/metrics/metric-table.js';
import { MetricsServer } from '../../src/platform/metrics/metrics-server.js';
import { type HttpOptions, type HttpResponse, request } from '../support/client/http.js';
import { exchange } from '../support/client/raw.js';
import { startTestApp } from '../support/test-app.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

/** The value of one line of the text format. */
function valueOf(text: string, line: string): number {
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? Number.NaN : Number(found.slice(line.length + 1));
}

describe('GET /metrics', () => {
  let world: World;
  let ana: RegisteredUser;
  let bo: RegisteredUser;
  const scrape = async (): Promise<string> => (await request('GET', `${world.url}/metrics`)).body as string;
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<HttpResponse> =>
    request('POST', `${world.url}/api/v1${path}`, {
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  beforeAll(async () => {
    world = await World.start();
    [ana, bo] = [await world.register('ana'), await world.register('bob')];
  });
  afterAll(() => world.stop());

  it('contains every metric of the table with its description', async () => {
    const text = await scrape();
    for (const [name, { kind, help }] of Object.entries(METRICS)) {
      expect(text).toContain(`# HELP ${name} ${help}`);
      expect(text).toContain(`# TYPE ${name} ${kind}`);
    }
    expect(text).toContain('parley_process_resident_memory_bytes');
    expect(text).toContain('parley_nodejs_eventloop_lag_seconds');
  });

  it('follows sends from the request to the sockets of other participants', async () => {
    const group = await world.group(ana, [bo]);
    const socket = await bo.webSocket();
    const other = await bo.socketIo();
    const before = await scrape();
    for (let n = 0; n < 3; n++) {
      await ana.call('POST', `/conversations/${group}/messages`, { content: `${n}`, client_message_id: `key-${n}` });
    }
    await ana.call('POST', `/conversations/${group}/messages`, { content: '0', client_message_id: 'key-0' });
    await ana.call('POST', `/conversations/${group}/messages`, { content: 'x', client_message_id: 'key-0' });
    for (let n = 0; n < 3; n++) await Promise.all([socket.next('message.created'), other.next('message.created')]);
    const after = await scrape();
    const gained = (line: string): number => valueOf(after, line) - (valueOf(before, line) || 0);
    expect(gained('parley_sends_total{outcome="stored"}')).toBe(3);
    expect(gained('parley_sends_total{outcome="replayed"}')).toBe(1);
    expect(gained('parley_sends_total{outcome="IDEMPOTENCY_CONFLICT"}')).toBe(1);
    expect(gained('parley_send_ack_seconds_count')).toBe(3);
    expect(gained('parley_deliveries_total')).toBeGreaterThanOrEqual(6);
    expect(valueOf(after, 'parley_connections{transport="websocket"}')).toBe(1);
    expect(valueOf(after, 'parley_connections{transport="socket.io"}')).toBe(1);
    expect(valueOf(after, 'parley_connection_open_seconds_count')).toBe(2);
    expect(valueOf(after, 'parley_sends_in_flight')).toBe(0);
    socket.close();
    other.close();
  });

  it('counts sends that are refused before the service, on every transport', async () => {
    const group = await world.group(ana);
    const [socket, other] = [await ana.webSocket(), await ana.socketIo()];
    const stranger = await bo.webSocket();
    const path = `/conversations/${group}/messages`;
    const refusals: [code: string, send: () => Promise<unknown>][] = [
      ['VALIDATION_ERROR', () => ana.call('POST', path, { content: 5 })],
      ['VALIDATION_ERROR', () => ana.call('POST', `${path}/`, [])],
      ['VALIDATION_ERROR', () => post(path, '{"content":', { authorization: `Bearer ${ana.token}` })],
      ['UNSUPPORTED_MEDIA_TYPE', () => post(path, 'hello', { 'content-type': 'text/plain' })],
      ['AUTHENTICATION_REQUIRED', () => world.call('POST', path, { content: 'x' })],
      ['PERMISSION_DENIED', () => bo.call('POST', path, { content: 'x' })],
      ['VALIDATION_ERROR', () => socket.request('message.send', { conversation_id: group, content: 5 })],
      ['PERMISSION_DENIED', () => stranger.request('message.send', { conversation_id: group, content: 'x' })],
      ['VALIDATION_ERROR', () => other.request('message.send', { content: 'x' })],
      ['AUTHENTICATION_REQUIRED', () => post('/../messages', '{}')],
      ['AUTHENTICATION_REQUIRED', () => post(`/../messaging/conversations/${group}/messages?x=1`, '{}')],
    ];
    const sends = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('parley_sends_total{'));
    for (const [code, send] of refusals) {
      const before = sends(await scrape());
      await send();
      const gained = sends(await scrape()).filter((line) => !before.includes(line));
      expect([send.toString(), gained]).toEqual([send.toString(), [expect.stringContaining(`{outcome="${code}"} `)]]);
    }
    const before = sends(await scrape());
    await ana.call('GET', `${path}?limit=x`);
    await ana.call('PATCH', `/messages/${group}`, { content: 5 });
    await socket.request('message.edit', { message_id: group, content: 5 });
    expect(sends(await scrape())).toEqual(before);
    for (const each of [socket, other, stranger]) each.close();
  });

  it('distinguishes statements, the pool, requests, caches and queues', async () => {
    await ana.call('GET', '/users/me');
    const text = await scrape();
    expect(valueOf(text, 'parley_database_statements_total{statement="messages.append"}')).toBeGreaterThan(0);
    expect(valueOf(text, 'parley_database_statement_seconds_total{statement="messages.append"}')).toBeGreaterThan(0);
    expect(valueOf(text, 'parley_database_connections{state="open"}')).toBeGreaterThan(0);
    expect(valueOf(text, 'parley_http_requests_total{status="2xx"}')).toBeGreaterThan(0);
    expect(valueOf(text, 'parley_cache_lookups_total{cache="sessions",result="hit"}')).toBeGreaterThan(0);
    expect(valueOf(text, 'parley_queue_jobs{queue="receipts",state="failed"}')).toBe(0);
  });

  it('contains no text of a client', async () => {
    await world.call('GET', '/no/such/route-marker-x1');
    await ana.call('GET', '/users?search=marker-x2');
    expect(await scrape()).not.toMatch(/marker-x|ana@|"ana"/);
  });

  it('counts limited requests and refused connections', async () => {
    const app = await startTestApp({
      RATE_LIMIT_MULTIPLIER: '1',
      LIMIT_CALL: '4',
      ALLOWED_ORIGINS: 'https://a.example',
    });
    try {
      const statusOf = async (path: string, method = 'GET', options?: HttpOptions): Promise<number> =>
        (await request(method, app.url + path, options)).status;
      // A request without authentication counts as a call of its IP address, answered or refused.
      expect(await statusOf('/api/v1/users/me', 'GET', { token: 'x' })).toBe(401);
      expect(await statusOf('/nowhere')).toBe(404);
      expect(await statusOf('/api/v1/auth/register', 'POST', { body: 'x' })).toBe(415);
      expect(await statusOf('/openapi.json')).toBe(200);
      for (const path of [
        '/nowhere',
        '/openapi.json',
        '/docs',
        '/asyncapi.json',
        '/api/v1/users/me',
        '/healthz',
        '/test-db',
        '/',
      ]) {
        expect([path, await statusOf(path)]).toEqual([path, 429]);
      }
      for (const path of ['/livez', '/readyz']) expect([path, await statusOf(path)]).toEqual([path, 200]);
      const headers = { Origin: 'https://b.example' };
      await request('GET', `${app.url}/socket.io/?EIO=4&transport=polling`, { headers });
      const text = (await request('GET', `${app.url}/metrics`)).body as string;
      expect(valueOf(text, 'parley_limits_hit_total{action="call"}')).toBe(8);
      expect(valueOf(text, 'parley_connections_refused_total{code="ORIGIN_NOT_ALLOWED"}')).toBe(1);
      expect(await statusOf('/api/v1/conversations/x/messages', 'POST')).toBe(429);
      const sends = ((await request('GET', `${app.url}/metrics`)).body as string).split('\n');
      expect(sends).toContain('parley_sends_total{outcome="RATE_LIMIT_EXCEEDED"} 1');
    } finally {
      await app.close();
    }
  });

  it('interpolates percentiles within buckets, and has none without values', () => {
    const of = (...counts: number[]): object =>
      distributionOf(counts.map((count, index) => ({ upTo: [1, 2, 4, Infinity][index]!, count })));
    expect(of(0, 0, 0, 0)).toEqual({ count: 0, p50: null, p95: null, p99: null });
    expect(of(50, 100, 100, 100)).toEqual({ count: 100, p50: 1, p95: 1.9, p99: 1.98 });
    expect(of(0, 0, 0, 10)).toEqual({ count: 10, p50: 4, p95: 4, p99: 4 });
  });

  it('omits metrics that cannot be read in time, and returns the rest', async () => {
    const metrics = new Metrics();
    let readings: () => { value: number }[] = () => [{ value: 7 }];
    metrics.registerCallback('parley_http_in_flight', () => readings());
    expect(await metrics.total('parley_http_in_flight')).toBe(7);
    readings = () => {
      throw new Error('away');
    };
    metrics.registerCallback('parley_overload_level', () => [{ value: 2 }]);
    metrics.registerCallback('parley_queue_jobs', () => new Promise(() => undefined));
    const text = await metrics.text();
    expect(text).not.toMatch(/^parley_(http_in_flight|queue_jobs)[ {]/m);
    expect(text).toContain('parley_overload_level 2');
  });
});

const HEADERS_OF_PROXIES = [
  ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded', 'X-Real-IP', 'CF-Connecting-IP'],
  ...['CF-Ray', 'True-Client-IP', 'Fastly-Client-IP', 'X-Envoy-External-Address', 'X-Client-IP', 'X-Original-Host'],
];

/** The status of /metrics for a request that names another host than it is sent to; `fetch` cannot do that. */
async function statusFor(url: string, host: string): Promise<number> {
  return (await exchange(url, { method: 'GET', path: '/metrics', headers: { host } })).status;
}

describe('the access to GET /metrics', () => {
  it('requires METRICS_TOKEN if it is set', async () => {
    const app = await startTestApp({ METRICS_TOKEN: 'a-token-for-prometheus' });
    try {
      const status = async (headers?: Record<string, string>): Promise<number> =>
        (await request('GET', `${app.url}/metrics`, { headers })).status;
      expect(await status({ authorization: 'Bearer a-token-for-prometheus' })).toBe(200);
      expect(await status({ authorization: 'Bearer a-token-for-prometheuz' })).toBe(404);
      expect(await status({ authorization: 'Basic a-token-for-prometheus' })).toBe(404);
      expect(await status()).toBe(404);
    } finally {
      await app.close();
    }
  });

  it('is limited to direct requests from this machine without METRICS_TOKEN', async () => {
    const app = await startTestApp({ METRICS_PORT: '0' });
    try {
      const own = `http://127.0.0.1:${app.app.get(MetricsServer).port}`;
      for (const url of [app.url, own]) {
        expect((await request('GET', `${url}/metrics`)).status).toBe(200);
        for (const name of HEADERS_OF_PROXIES) {
          expect([name, (await request('GET', `${url}/metrics`, { headers: { [name]: '127.0.0.1' } })).status]).toEqual(
            [name, 404],
          );
        }
        for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '192.0.2.1']) {
          expect([host, await statusFor(url, host)]).toEqual([host, 404]);
        }
        for (const host of ['localhost', 'localhost:9090', '127.0.0.1', '[::1]:9090']) {
          expect([host, await statusFor(url, host)]).toEqual([host, 200]);
        }
      }
      expect((await request('GET', `${own}/`)).status).toBe(404);
      expect((await request('POST', `${own}/metrics`)).status).toBe(404);
    } finally {
      await app.close();
    }
  });
});
