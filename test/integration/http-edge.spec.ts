import {
  Body,
  Controller,
  Get,
  Global,
  Module,
  Param,
  Post,
  Query,
  type DynamicModule,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { Express } from 'express';
import { AppModule } from '../../src/app.module.js';
import { RateLimitExceeded } from '../../src/platform/errors/app-error.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { createHttpApp } from '../../src/platform/http/create-http-app.js';
import { CurrentActor } from '../../src/platform/http/current-actor.decorator.js';
import { Public } from '../../src/platform/http/public.decorator.js';
import { serveProtocolDocument } from '../../src/platform/realtime/protocol/protocol-document.js';
import { IntField, TextField } from '../../src/platform/validation/fields.js';
import { TimeField } from '../../src/platform/validation/time-field.js';
import { type HttpResponse, request, send } from '../support/client/http.js';
import { RawConnection } from '../support/client/raw.js';
import { testConfig } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

class EchoDto {
  @TextField({ max: 100 })
  text: string;
}

class PageDto {
  @IntField({ min: 1, max: 100, optional: true })
  limit?: number;

  @TimeField({ optional: true })
  from?: string;

  @TextField({ optional: true, max: 100 })
  cursor?: string;
}

@Public()
@Controller('edge')
class EdgeController {
  @Post('echo')
  echo(@Body() dto: EchoDto): EchoDto {
    return dto;
  }

  @Post('ping')
  ping(): object {
    return {};
  }

  @Get('page')
  page(@Query() query: PageDto): PageDto {
    return query;
  }

  @Get('items/:id')
  item(@Param('id') id: string): { id: string } {
    return { id };
  }

  @Get('broken')
  broken(): never {
    throw new Error('secret detail of /var/lib and select * from users');
  }

  @Get('limited')
  limited(): never {
    throw new RateLimitExceeded(7);
  }

  @Get('actor')
  actor(@CurrentActor() actor?: Actor): { actor: string | null } {
    return { actor: actor?.username ?? null };
  }
}

@Controller('guarded')
class GuardedController {
  @Get()
  secret(): { secret: string } {
    return { secret: 'for people with a token' };
  }
}

@Global()
@Module({ controllers: [EdgeController, GuardedController] })
class EdgeModule {}

describe('the HTTP server', () => {
  let app: NestExpressApplication;
  let database: TestDatabase;
  let url: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const config = testConfig(database.url, { ALLOWED_ORIGINS: 'https://chat.example' });
    const root: DynamicModule = { module: class Root {}, imports: [AppModule.of(config), EdgeModule] };
    app = await createHttpApp(root, config);
    serveProtocolDocument(app);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const post = (body: string | Buffer, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    request('POST', `${url}/edge/echo`, { body, headers });
  const get = (path: string, headers?: Record<string, string>) => request('GET', url + path, { headers });
  const codeOf = ({ status, headers, body }: HttpResponse): [number, string] => {
    expect(body.error.request_id).toBe(headers.get('x-request-id'));
    return [status, body.error.code];
  };
  /** Sends bytes that no HTTP client would send, and returns the status line. */
  const raw = async (bytes: string): Promise<string> => {
    const connection = new RawConnection(url, bytes);
    const [line = ''] = (await connection.read()).split('\r\n');
    connection.socket.destroy();
    return line;
  };

  describe('a request body', () => {
    it('is parsed as its DTO', async () => {
      const answer = await post('{"text":"zażółć 🐙"}', { 'content-type': 'application/json; charset=UTF-8' });
      expect([answer.status, answer.body]).toEqual([201, { text: 'zażółć 🐙' }]);
    });

    it.each([
      ['not JSON', '{"text":'],
      ['an array', '[]'],
      ['null', 'null'],
      ['a number', '1e999'],
      ['100,000 nested arrays', '['.repeat(100_000)],
      ['closed nested arrays', `{"text":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
      ['1,001 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, key) => [key, 1])))],
      ['a prototype', '{"text":"a","__proto__":{"admin":true}}'],
      ['a nested constructor', '{"text":{"constructor":{"prototype":1}}}'],
      ['a NUL', '{"text":"a\\u0000b"}'],
      ['half a surrogate pair', '{"text":"\\ud800"}'],
      ['a NUL in a key', '{"te\\u0000xt":"a"}'],
      ['a field of another type', '{"text":{"$gt":""}}'],
      ['an unknown field', '{"text":"a","role":"admin"}'],
      ['nothing at all', ''],
    ])('is a validation error: %s', async (_what, body) => {
      expect(codeOf(await post(body))).toEqual([400, 'VALIDATION_ERROR']);
    });

    it('is a validation error in invalid UTF-8', async () => {
      expect(codeOf(await post(Buffer.from('{"text":"\xff"}', 'latin1')))).toEqual([400, 'VALIDATION_ERROR']);
    });

    it.each([
      ...['application/json; charset=utf8', 'application/json;', 'Application/JSON ; Charset="UTF-8"', 'text/json'],
      ...[
        'application/problem+json',
        'application/vnd.api+json; charset=utf-8',
        'application/json; version=1; charset=us-ascii',
      ],
    ])('is parsed as JSON with the type %s', async (type) => {
      const answer = await post('{"text":"a"}', { 'content-type': type });
      expect([answer.status, answer.body]).toEqual([201, { text: 'a' }]);
    });

    it.each([
      ...['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonp', 'json', ''],
      ...['application/json; charset=latin1', 'application/json; charset="utf-16"', 'text/plain; a=application/json'],
      ...['application/json; charset=utf-8; charset=latin1', 'multipart/related; type="application/json"'],
    ])('is refused with the type %p', async (type) => {
      expect(codeOf(await post('{"text":"a"}', { 'content-type': type }))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    });

    it('is refused if it is compressed', async () => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      expect(codeOf(await post('{}', headers))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    });

    it.each(['application/json', 'text/plain', undefined])(
      'is ignored if it is chunked and empty, with the type %s',
      async (type) => {
        const header = type === undefined ? '' : `Content-Type: ${type}\r\n`;
        const head = `POST /edge/ping HTTP/1.1\r\nHost: x\r\n${header}Transfer-Encoding: chunked\r\n\r\n`;
        expect(await raw(`${head}0\r\n\r\n`)).toBe('HTTP/1.1 201 Created');
        const refused = type === 'application/json' ? 201 : 415;
        expect(await raw(`${head}2\r\n{}\r\n0\r\n\r\n`)).toMatch(new RegExp(`^HTTP/1.1 ${refused} `));
      },
    );

    it('is requested with 100 Continue only if it will be read', async () => {
      const expecting = (path: string, length: number): Promise<string> =>
        raw(
          `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`,
        );
      expect(await expecting('/edge/echo', 14)).toBe('HTTP/1.1 100 Continue');
      expect(await expecting('/edge/echo', 300_000)).toMatch(/^HTTP\/1.1 413 /);
      const connection = new RawConnection(
        url,
        'POST /edge/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n',
      );
      expect(await connection.read()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      connection.socket.write('{"text":"a"}');
      expect(await connection.read()).toMatch(/^HTTP\/1.1 201 [^]*keep-alive[^]*{"text":"a"}$/i);
      connection.socket.destroy();
    });

    it('is refused over 256 kB, with or without a length', async () => {
      const large = JSON.stringify({ text: 'x'.repeat(300_000) });
      expect(codeOf(await post(large))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
      const streamed = await request('POST', `${url}/edge/echo`, {
        body: new Blob([large]).stream(),
        headers: { 'content-type': 'application/json' },
      });
      expect(codeOf(streamed)).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    });

    it('has every invalid field reported', async () => {
      const { errors } = (await post('{"role":1}')).body.error.details as { errors: { field: string }[] };
      expect(new Set(errors.map(({ field }) => field))).toEqual(new Set(['role', 'text']));
    });
  });

  describe('a URL', () => {
    it.each([
      ['an unknown route', '/nowhere', 404, 'ROUTE_NOT_FOUND'],
      ['a broken percent-encoding', '/edge/items/%ff', 400, 'VALIDATION_ERROR'],
      ['a NUL in the path', '/edge/items/a%00b', 400, 'VALIDATION_ERROR'],
      ['a NUL in the query', '/edge/page?limit=%00', 400, 'VALIDATION_ERROR'],
      ['a repeated parameter', '/edge/page?limit=1&limit=2', 400, 'VALIDATION_ERROR'],
      ['an unknown parameter', '/edge/page?skip=1', 400, 'VALIDATION_ERROR'],
      ['a nested parameter', '/edge/page?limit[a]=1', 400, 'VALIDATION_ERROR'],
      ['another case', '/EDGE/page', 404, 'ROUTE_NOT_FOUND'],
      ['a doubled slash', '//edge/page', 404, 'ROUTE_NOT_FOUND'],
    ])('is answered with an error if it has %s', async (_what, path, status, code) => {
      expect(codeOf(await get(path))).toEqual([status, code]);
    });

    it.each(['http://[', 'http://[::1', '*'])('is answered in our error format: %s', async (address) => {
      const connection = new RawConnection(url, `GET ${address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      const answer = await connection.readAll();
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(answer).toContain('ROUTE_NOT_FOUND');
    });

    it('is served although the client offers another protocol, with its whole body', async () => {
      const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n';
      const connection = new RawConnection(url, `GET /edge/page?limit=7 HTTP/1.1\r\nHost: x\r\n${offer}\r\n`);
      expect(await connection.read()).toMatch(/^HTTP\/1\.1 200 [^]*{"limit":7}$/);
      // If it is read again without end, listeners accumulate on the socket.
      await connection.closed();
      const body = JSON.stringify({ text: 'x'.repeat(20) });
      const head = `POST /edge/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
      const another = new RawConnection(url, `${head}${offer}\r\n${body.slice(0, 5)}`);
      another.socket.write(body.slice(5));
      expect(await another.read()).toMatch(/^HTTP\/1\.1 201 [^]*xxxx/);
      another.socket.destroy();
    });

    it.each([
      ['2026-11-28T00:00Z', '2026-11-28T00:00:00.000Z'],
      ['2026-11-28T01:00:00%2B0200', '2026-11-27T23:00:00.000Z'],
      ['2026-11-28T01:00%2B02', '2026-11-27T23:00:00.000Z'],
      ['2026-11-28T01:00:00+02:00', '2026-11-27T23:00:00.000Z'],
      ['2026-11-28t00:00:00.5z', '2026-11-28T00:00:00.500Z'],
      ['2026-11-28%2000:00:00,25Z', '2026-11-28T00:00:00.250Z'],
      ['2026-11-28', '2026-11-28T00:00:00.000Z'],
    ])('accepts the time %s', async (given, from) => {
      expect((await get(`/edge/page?from=${given}`)).body).toEqual({ from });
    });

    it.each([
      '2026-11-28T00:00:00',
      '2026-02-30',
      '2026-11-28T25:00Z',
      '2026-11',
      '1795824000',
      'tomorrow',
      '2026-11-28T',
    ])('rejects %s as a time', async (given) => {
      expect(codeOf(await get(`/edge/page?from=${given}`))).toEqual([400, 'VALIDATION_ERROR']);
    });

    it('accepts an empty query field as an omitted one', async () => {
      expect((await get('/edge/page?limit=7&from=&cursor=')).body).toEqual({ limit: 7 });
    });

    it('cannot reach a prototype', async () => {
      const { status, body } = await get('/edge/page?__proto__[limit]=5&__proto__=5');
      expect(status === 400 || Object.keys(body as object).length === 0).toBe(true);
      expect(({} as { limit?: unknown }).limit).toBeUndefined();
    });

    it('accepts a trailing slash', async () => {
      const { status, body } = await get('/edge/page/?limit=7');
      expect([status, body]).toEqual([200, { limit: 7 }]);
    });
  });

  it('denies routes without a token unless they are public, for every method', async () => {
    expect(codeOf(await get('/guarded'))).toEqual([401, 'AUTHENTICATION_REQUIRED']);
    expect((await request('HEAD', `${url}/guarded`)).status).toBe(401);
    expect(codeOf(await get('/guarded/'))).toEqual([401, 'AUTHENTICATION_REQUIRED']);
    expect((await get('/edge/page', { 'x-original-url': '/guarded' })).body).toEqual({});
  });

  it('serves public routes with a stale token, as anonymous', async () => {
    expect((await get('/edge/actor', { authorization: 'Bearer stale' })).body).toEqual({ actor: null });
  });

  it('returns nothing of a defect but the request id', async () => {
    const answer = await get('/edge/broken');
    expect(codeOf(answer)).toEqual([500, 'INTERNAL_ERROR']);
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|select|node_modules|at /);
  });

  it('returns Retry-After with a limit', async () => {
    const answer = await get('/edge/limited');
    expect(answer.headers.get('retry-after')).toBe('7');
    expect(codeOf(answer)).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
  });

  it('assigns its own id to every request', async () => {
    const given = async (id: string) => (await get('/livez', { 'x-request-id': id })).headers.get('x-request-id');
    const ids = await Promise.all(['trace-0123456789', 'trace-0123456789', 'short', 'has "quotes"'].map(given));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(4);
  });

  it('sends security headers with every response, including errors', async () => {
    for (const path of ['/livez', '/nowhere', '/edge/broken']) {
      const { headers } = await get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('etag')).toBeNull();
    }
  });

  describe('a page of another origin', () => {
    const preflight = (origin: string) =>
      request('OPTIONS', `${url}/edge/echo`, { headers: { origin, 'access-control-request-method': 'POST' } });

    it('may call if its origin is allowed', async () => {
      const answer = await preflight('https://chat.example');
      expect(answer.status).toBe(204);
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://chat.example');
      expect(answer.headers.get('vary')).toContain('Origin');
    });

    it.each([
      'null',
      'https://chat.example.evil.com',
      'http://chat.example',
      'https://CHAT.example',
      'https://chat.example:444',
    ])('must not call from %s', async (origin) => {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      const simple = await get('/livez', { origin });
      expect(simple.headers.get('access-control-allow-origin')).toBeNull();
    });
  });

  it.each([
    ['two lengths', 'POST /edge/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    [
      'a length and chunks',
      'POST /edge/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
    ],
    ['bare line feeds', 'GET /livez HTTP/1.1\nHost: a\n\n'],
    ['a header of 20 kB', `GET /livez HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('refuses a malformed request with %s', async (_what, bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it.each([
    ['no version of HTTP', 'GET /livez\r\n\r\n', 400],
    ['version 2.0 in its first line', 'GET /livez HTTP/2.0\r\nHost: a\r\n\r\n', 505],
    ['2,500 header lines', `GET /livez HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(2500)}\r\n`, 431],
    ['two hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['a path in its host', 'GET /livez HTTP/1.1\r\nHost: evil.example/path\r\n\r\n', 400],
    ['markup in its host', 'GET /livez HTTP/1.1\r\nHost: a"b<script>\r\n\r\n', 400],
    ['an open bracket in its host', 'GET /livez HTTP/1.1\r\nHost: [::1\r\n\r\n', 400],
    ['a user in its host', 'GET /livez HTTP/1.1\r\nHost: user@a\r\n\r\n', 400],
    ['port 99999', 'GET /livez HTTP/1.1\r\nHost: a:99999\r\n\r\n', 400],
    ['an empty host', 'GET /livez HTTP/1.1\r\nHost:\r\n\r\n', 400],
    ['none of that', 'GET /livez HTTP/1.1\r\nHost: chat_1.example.:443\r\n\r\n', 200],
    ['an address for its host', 'GET /livez HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n', 200],
    ['HTTP/1.0 and no host', 'GET /livez HTTP/1.0\r\n\r\n', 200],
  ])('responds to a request with %s by %i', async (_what, bytes, status) => {
    expect(await raw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('serves its OpenAPI 3.1 document and documentation without external URLs', async () => {
    const document = (await get('/openapi.json')).body as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/livez');
    const page = await get('/docs');
    const parts = `${page.body}\n${(await get('/docs/swagger-ui-init.js')).body}`;
    expect(parts.match(/(src|href)="?(https?:)?\/\//g)).toBeNull();
    expect(parts).toContain('"validatorUrl": null');
    expect(parts.length).toBeLessThan(200_000);
    expect((await get('/docs/swagger-ui-bundle.js')).status).toBe(200);
    expect(page.headers.get('content-security-policy')).not.toMatch(/https?:|\*/);
  });

  it('serves its documents compressed, and returns 304 to clients that have them', async () => {
    for (const path of ['/openapi.json', '/asyncapi.json']) {
      const plain = await send('GET', url + path, { headers: { 'accept-encoding': 'identity' } });
      const etag = plain.headers.get('etag')!;
      const document = await plain.text();
      for (const encoding of ['br', 'gzip']) {
        const answer = await send('GET', url + path, { headers: { 'accept-encoding': encoding } });
        expect([answer.headers.get('content-encoding'), answer.headers.get('etag')]).toEqual([encoding, etag]);
        expect(Number(answer.headers.get('content-length'))).toBeLessThan(document.length / 5);
        expect(await answer.text()).toBe(document);
      }
      expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
      expect((await get(path, { 'if-none-match': '"another"' })).status).toBe(200);
      expect((await request('HEAD', url + path)).status).toBe(200);
    }
  });

  describe('a request object', () => {
    /** For request and response: whether they already had the prototype that Express sets. */
    const areReady = async (served: INestApplication): Promise<boolean[]> => {
      const seen: boolean[] = [];
      const instance = served.getHttpAdapter().getInstance() as Express;
      const swap = Object.setPrototypeOf;
      Object.setPrototypeOf = (target: object, prototype: object | null) => {
        if (prototype === instance.request || prototype === instance.response) {
          seen.push(Object.getPrototypeOf(target) === prototype);
        }
        return swap(target, prototype) as object;
      };
      try {
        await request('GET', `${await served.getUrl()}/nowhere`);
      } finally {
        Object.setPrototypeOf = swap;
      }
      return seen;
    };

    it('has the prototype of Express from the beginning', async () => {
      // If an upgrade of Express changes this, four fifths of the throughput are lost.
      expect(await areReady(app)).toEqual([true, true]);
      const instance = app.getHttpAdapter().getInstance() as Express;
      for (const method of ['json', 'status', 'send', 'vary']) expect(instance.response).toHaveProperty(method);
    });

    it('has it only later with the stock adapter, as a control', async () => {
      const stock = await NestFactory.create(class Empty {}, new ExpressAdapter(), { logger: false });
      await stock.listen(0, '127.0.0.1');
      expect(await areReady(stock)).toEqual([false, false]);
      await stock.close();
    });
  });
});
