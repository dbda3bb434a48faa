import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { createApp } from '../../src/create-app.js';
import { createLog } from '../../src/platform/logging/log.js';
import { NoTracing, Tracing } from '../../src/platform/tracing/tracing.js';
import { request } from '../support/client/http.js';
import { startTestApp, testConfig } from '../support/test-app.js';
import { createTestDatabase } from '../support/test-database.js';
import { startProcess } from '../support/test-process.js';
import { register } from '../support/users.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

/** Records what is posted to it in place of an external server. */
class FakeCollector {
  readonly posts: { url: string; body: string }[] = [];
  private waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<FakeCollector> {
    const server = createServer();
    const collector = new FakeCollector(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
        collector.posts.push({ url: request.url ?? '', body: body.toString('utf8') });
        response.setHeader('content-type', 'application/json').end('{}');
        for (const look of collector.waiting.splice(0)) look();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Waits until a post matches. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

function spansOf({ posts }: FakeCollector): Span[] {
  return posts
    .filter(({ url }) => url === '/v1/traces')
    .flatMap(({ body }) => (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

function attributeOf(span: Span, name: string): string | number | undefined {
  const value = span.attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? (value?.intValue === undefined ? undefined : Number(value.intValue));
}

// It starts a process, which takes seconds on a busy machine.
jest.setTimeout(90_000);

describe('tracing', () => {
  it('follows a message by its id from the request to the sockets, in the trace of the client and in the log', async () => {
    const collector = await FakeCollector.start();
    const database = await createTestDatabase();
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-traced-'));
    const server = startProcess('dist/src/main.js', {
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'debug',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
    });
    try {
      const [, port] = await server.printed(/REST +http:\/\/localhost:(\d+)/);
      const ana = await register(`http://127.0.0.1:${port}`, 'ana');
      const group = (await ana.call('POST', '/conversations', { type: 'group', title: 'x' })).body.id as string;
      const socket = await ana.webSocket();
      const traceId = '0af7651916cd43dd8448eb211c80319c';
      const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
      const headers = { traceparent, 'X-Request-Id': 'request-of-ana-1' };
      const sent = await ana.call('POST', `/conversations/${group}/messages`, { content: 'a secret plan' }, headers);
      const { id } = sent.body as { id: string };

      const of = (name: string): Promise<Span> =>
        collector.until(() => spansOf(collector).find((span) => span.name === name && span.traceId === traceId));
      const [request, send, delivery] = [
        await of('POST request'),
        await of('message.send'),
        await of('message.deliver'),
      ];
      expect(request.parentSpanId).toBe('b7ad6b7169203331');
      expect(send.parentSpanId).toBe(request.spanId);
      expect(delivery.parentSpanId).toBe(send.spanId);
      expect([attributeOf(send, 'parley.message_id'), attributeOf(delivery, 'parley.message_id')]).toEqual([id, id]);
      expect(attributeOf(request, 'parley.client_request_id')).toBe('request-of-ana-1');
      expect(attributeOf(send, 'parley.request_id')).toBe(attributeOf(request, 'parley.request_id'));
      expect(attributeOf(request, 'http.response.status_code')).toBe(201);
      expect(attributeOf(delivery, 'parley.frames')).toBe(1);

      await socket.request('message.send', { conversation_id: group, content: 'by socket' });
      const framed = await collector.until(() =>
        spansOf(collector).find((span) => span.name === 'message.send' && span.traceId !== traceId),
      );
      expect(framed.parentSpanId ?? '').toBe('');
      expect(collector.posts.map(({ body }) => body).join('')).not.toMatch(/secret plan|by socket|Bearer/);

      const logged = server
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(logged.find(({ message_id }) => message_id === id)).toMatchObject({
        level: 'debug',
        msg: 'message sent',
        request_id: attributeOf(request, 'parley.request_id'),
        conversation_id: group,
        frames: 1,
      });
      expect(server.output()).not.toContain('secret plan');
      expect(await server.end('SIGTERM')).toBe(0);
    } finally {
      server.child.kill('SIGKILL');
      await server.ended();
      await database.drop();
      await collector.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('is off without a collector', async () => {
    const app = await startTestApp();
    expect(app.app.get(Tracing)).toBeInstanceOf(NoTracing);
    await app.close();
  });
});

describe('error reporting', () => {
  it('sends what is logged as an error, with its request, and without input of the client', async () => {
    const sentry = await FakeCollector.start();
    const database = await createTestDatabase();
    const config = testConfig(database.url, {
      LOG_LEVEL: 'error',
      SENTRY_DSN: `http://public@127.0.0.1:${sentry.port}/42`,
    });
    const app = await createApp(config, createLog(config, { write: () => undefined }));
    await app.listen(0, '127.0.0.1');
    try {
      await database.query('alter table users rename to away');
      const answer = await request('POST', `${await app.getUrl()}/api/v1/auth/login`, {
        body: { username: 'someone', password: 'marker-of-a-password' },
      });
      expect(answer.status).toBe(500);
      const requestId = answer.headers.get('x-request-id')!;
      new Logger('Elsewhere').warn('this is no error');
      const report = await sentry.until(() => sentry.posts.find(({ body }) => body.includes(requestId)));
      expect(report.url).toMatch(/^\/api\/42\/envelope\//);
      const lines = report.body.split('\n').map((line) => JSON.parse(line || '{}') as Record<string, unknown>);
      const event = lines.find(({ exception }) => exception !== undefined)!;
      expect(event).toMatchObject({ level: 'error', tags: { context: 'Http', request_id: requestId } });
      expect(JSON.stringify(event.exception)).toContain('relation');
      const all = sentry.posts.map(({ body }) => body).join('');
      expect(all).not.toMatch(/marker-of-a-password|this is no error/);
    } finally {
      await app.close();
      await database.drop();
      await sentry.stop();
    }
  });
});
