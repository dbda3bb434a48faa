import { randomUUID } from 'node:crypto';
import { Body, Controller, Global, Module, Post, type DynamicModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from '../../src/app.module.js';
import { PermissionDenied } from '../../src/platform/errors/app-error.js';
import type { Actor } from '../../src/platform/identity/actor.js';
import { createHttpApp } from '../../src/platform/http/create-http-app.js';
import { NotIdempotent } from '../../src/platform/http/idempotency.interceptor.js';
import type { ParleyRequest } from '../../src/platform/http/parley-request.js';
import { TextField } from '../../src/platform/validation/fields.js';
import { JwtAuthGuard } from '../../src/platform/http/jwt-auth.guard.js';
import { request } from '../support/client/http.js';
import { testConfig } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

class OrderDto {
  @TextField({ max: 100 })
  item: string;
}

let orders = 0;
let beforeAnswer: () => Promise<void> = () => Promise.resolve();

@Controller('orders')
class OrdersController {
  @Post()
  async order(@Body() { item }: OrderDto): Promise<{ item: string; number: number }> {
    orders += 1;
    const number = orders;
    await beforeAnswer();
    if (item === 'forbidden') throw new PermissionDenied();
    return { item, number };
  }

  @Post('secret')
  @NotIdempotent()
  secret(): { secret: string } {
    return { secret: randomUUID() };
  }
}

@Global()
@Module({ controllers: [OrdersController] })
class OrdersModule {}

describe('an idempotency key', () => {
  const users = [randomUUID(), randomUUID()];
  let app: NestExpressApplication;
  let database: TestDatabase;
  let url: string;

  beforeAll(async () => {
    // Replaces authentication: the header names the user.
    jest.spyOn(JwtAuthGuard.prototype, 'canActivate').mockImplementation((context) => {
      const request = context.switchToHttp().getRequest<ParleyRequest>();
      const userId = users[Number(request.headers['x-test-user'] ?? 0)] ?? '';
      request.actor = { userId, role: 'user' } as Actor;
      return Promise.resolve(true);
    });
    database = await createTestDatabase();
    const config = testConfig(database.url);
    const root: DynamicModule = { module: class Root {}, imports: [AppModule.of(config), OrdersModule] };
    app = await createHttpApp(root, config);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const order = async (key: string, item: string, { user = 0, path = '' } = {}) => {
    const { status, headers, body } = await request('POST', `${url}/orders${path}`, {
      body: { item },
      headers: { 'idempotency-key': key, 'x-test-user': String(user) },
    });
    return { status, body, isReplay: headers.get('idempotency-replayed') === 'true' };
  };

  it('returns the same response again, marked as replayed', async () => {
    const key = randomUUID();
    const first = await order(key, 'tea');
    const again = await order(key, 'tea');
    expect(first).toMatchObject({ status: 201, isReplay: false });
    expect(again).toEqual({ ...first, isReplay: true });
  });

  it('is refused with another body', async () => {
    const key = randomUUID();
    await order(key, 'tea');
    expect(await order(key, 'coffee')).toMatchObject({
      status: 422,
      body: { error: { code: 'IDEMPOTENCY_CONFLICT' } },
    });
  });

  it('belongs to one user', async () => {
    const key = randomUUID();
    const mine = await order(key, 'tea');
    const theirs = await order(key, 'tea', { user: 1 });
    expect(theirs.isReplay).toBe(false);
    expect(theirs.body.number).not.toBe(mine.body.number);
  });

  it('makes twenty simultaneous requests act once', async () => {
    const before = orders;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    beforeAnswer = () => released;
    const key = randomUUID();
    const answers = Array.from({ length: 20 }, () => order(key, 'tea'));
    setImmediate(release);
    const all = await Promise.all(answers);
    expect(orders - before).toBe(1);
    expect(new Set(all.map(({ body }) => body.number)).size).toBe(1);
    expect(all.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
  });

  it('is free again after a failure', async () => {
    const key = randomUUID();
    expect((await order(key, 'forbidden')).status).toBe(403);
    expect(await order(key, 'tea')).toMatchObject({ status: 201, isReplay: false });
  });

  it.each(['tea', 'forbidden'])('belongs to its second request when the first, for %s, ends too late', async (item) => {
    const key = randomUUID();
    const late = await beginOrder(key, item);
    await database.query(`update idempotency_keys set expires_at = now() - interval '1 second' where key = $1`, [key]);
    const second = await beginOrder(key, 'coffee');
    late.proceed();
    await late.answer;
    expect(await database.query('select status from idempotency_keys where key = $1', [key])).toEqual([
      { status: null },
    ]);
    second.proceed();
    const { body } = await second.answer;
    expect(await order(key, 'coffee')).toMatchObject({ isReplay: true, body });
  });

  /** A request that has begun, and proceeds when `proceed` is called. */
  async function beginOrder(key: string, item: string) {
    let proceed: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const begun = new Promise<void>((begin) => {
      beforeAnswer = () => {
        begin();
        return released;
      };
    });
    const answer = order(key, item);
    await begun;
    beforeAnswer = () => Promise.resolve();
    return { answer, proceed: proceed };
  }

  it.each(['', 'x'.repeat(129), 'with space', 'naïve'])('is refused as %p', async (key) => {
    expect(await order(key, 'tea')).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_ERROR' } } });
  });

  it('stores no response with a secret', async () => {
    const key = randomUUID();
    const first = await order(key, 'tea', { path: '/secret' });
    expect(await order(key, 'tea', { path: '/secret' })).not.toEqual(first);
    expect(await database.query('select from idempotency_keys where key = $1', [key])).toEqual([]);
  });
});
