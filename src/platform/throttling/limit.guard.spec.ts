import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Module,
  Post,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { NextFunction, Request, Response } from 'express';
import request from 'supertest';
import type { Config } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { RateLimitExceeded } from '../errors/app-error.js';
import type { Actor } from '../identity/actor.js';
import { loginKeyOf, subjectOfIp, loginSubject } from './limit-subject.js';
import { AlsoCountsAsCall, Limit, RateLimitProfile } from './limit.decorator.js';
import { CALL_LIMIT, defineLimit, perRole } from './limits.js';
import { Limits } from './limits.service.js';
import { LimitGuard } from './limit.guard.js';
import { ThrottlingModule } from './throttling.module.js';

const SEND_LIMIT = defineLimit('send', {
  byRole: perRole(60, { moderator: 120, admin: 300 }),
  windowSeconds: 60,
  environment: 'LIMIT_SEND',
  description: 'Messages one user may send.',
});

const LOGIN_LIMIT = defineLimit('login', {
  byRole: perRole(5),
  windowSeconds: 60,
  environment: 'LIMIT_LOGIN',
  description: 'Logins of one account from one IP address.',
  countsNamedAccount: true,
});

@Controller()
class RoutesController {
  @Get('any')
  any(): string {
    return 'any';
  }

  @Post('messages')
  @Limit(SEND_LIMIT)
  send(): string {
    return 'sent';
  }

  @Post('classroom/messages')
  @Limit(SEND_LIMIT)
  @RateLimitProfile({
    [SEND_LIMIT.name]: { byRole: { ...SEND_LIMIT.byRole, student: 10 }, windowSeconds: 60 },
  })
  sendInClass(): string {
    return 'sent';
  }

  @Post('counted/messages')
  @Limit(SEND_LIMIT)
  @AlsoCountsAsCall()
  sendAndCount(): string {
    return 'sent';
  }

  @Post('login')
  @Limit(LOGIN_LIMIT)
  login(): string {
    return 'in';
  }
}

@Catch(RateLimitExceeded)
class RefusalFilter implements ExceptionFilter {
  catch(error: RateLimitExceeded, host: ArgumentsHost): void {
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(error.status)
      .json({ code: error.code, ...error.details });
  }
}

@Module({
  imports: [ThrottlingModule],
  controllers: [RoutesController],
  providers: [
    { provide: APP_FILTER, useClass: RefusalFilter },
    { provide: APP_GUARD, useExisting: LimitGuard },
  ],
})
class TestModule {}

function actorNamed(userId: string, role: Actor['role'] = 'student'): Actor {
  return { userId, role, sessionId: 's', username: userId, displayName: userId, expiresAt: 0 };
}

/** Replaces the authentication guard: the header names the user. */
function authenticate(incoming: Request & { actor?: Actor }, _response: Response, next: NextFunction): void {
  const name = incoming.header('x-test-user');
  if (name) incoming.actor = actorNamed(name, name === 'root' ? 'admin' : 'student');
  next();
}

describe('LimitGuard', () => {
  let app: INestApplication;
  let limits: Limits;

  beforeEach(async () => {
    const config = ConfigModule.of({ rateLimitMultiplier: 1 } as Config);
    const module = await Test.createTestingModule({ imports: [config, TestModule] }).compile();
    app = module.createNestApplication({ logger: false });
    app.use(authenticate);
    limits = app.get(Limits);
    await app.listen(0, '127.0.0.1');
  });

  afterEach(() => app.close());

  const call = (method: 'get' | 'post', path: string, user?: string) => {
    const made = request(app.getHttpServer())[method](path);
    return user ? made.set('x-test-user', user) : made;
  };

  it('writes the remaining calls into the headers of every response', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { headers } = await call('post', '/messages', 'ada').expect(201);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '59' });
    expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThanOrEqual(before + 60);
    expect(headers).not.toHaveProperty('retry-after');
    expect((await call('get', '/any', 'ada').expect(200)).headers['x-ratelimit-limit']).toBe('300');
  });

  it('refuses calls above the limit with 429, all headers and the time to wait', async () => {
    for (let sent = 0; sent < 60; sent++) await call('post', '/messages', 'ada').expect(201);
    const { headers, body } = await call('post', '/messages', 'ada').expect(429);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '0' });
    expect(headers['x-ratelimit-reset']).toMatch(/^\d{10}$/);
    const wait = Number(headers['retry-after']);
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(60);
    expect(body).toEqual({ code: 'RATE_LIMIT_EXCEEDED', retry_after: wait });
    await call('post', '/messages', 'bob').expect(201);
    await call('get', '/any', 'ada').expect(200);
  });

  it('shares one counter with frames, and with routes that have their own numbers', async () => {
    for (let frame = 0; frame < 9; frame++) await limits.check(SEND_LIMIT, actorNamed('ada'));
    await call('post', '/classroom/messages', 'ada').expect(201);
    await call('post', '/classroom/messages', 'ada').expect(429);
    const { headers } = await call('post', '/messages', 'ada').expect(201);
    expect(headers['x-ratelimit-remaining']).toBe('49');
  });

  it('counts @AlsoCountsAsCall as a call as well', async () => {
    const ada = actorNamed('ada');
    for (let calls = 0; calls < 299; calls++) await limits.check(CALL_LIMIT, ada);
    const last = await call('post', '/counted/messages', 'ada').expect(201);
    expect(last.headers).toMatchObject({ 'x-ratelimit-limit': '300', 'x-ratelimit-remaining': '0' });
    await call('post', '/counted/messages', 'ada').expect(429);
    const { headers } = await call('post', '/messages', 'ada').expect(201);
    expect(headers['x-ratelimit-remaining']).toBe('58');
  });

  it('refunds the hit of a repetition', async () => {
    const ada = actorNamed('ada');
    for (let frame = 0; frame < 60; frame++) await limits.check(SEND_LIMIT, ada);
    expect(() => limits.check(SEND_LIMIT, ada)).toThrow(RateLimitExceeded);
    await limits.refund(SEND_LIMIT, ada);
    await limits.check(SEND_LIMIT, ada);
    expect(() => limits.check(SEND_LIMIT, ada)).toThrow(RateLimitExceeded);
  });

  it('applies the numbers of the role', async () => {
    const { headers } = await call('get', '/any', 'root').expect(200);
    expect(headers['x-ratelimit-limit']).toBe('1000');
  });

  it('counts callers without a credential by IP address, ignoring untrusted headers', async () => {
    for (let calls = 0; calls < 2; calls++) {
      const { headers } = await call('get', '/any').set('X-Forwarded-For', `10.0.0.${calls}`).expect(200);
      expect(headers['x-ratelimit-remaining']).toBe(String(299 - calls));
    }
  });

  it('counts logins by IP address and account, in any spelling', async () => {
    const login = (body: object) => call('post', '/login').send(body);
    for (let tries = 0; tries < 5; tries++) await login({ email: 'Ada@Example.com' }).expect(201);
    await login({ email: 'ada@example.com' }).expect(429);
    await login({ username_or_email: 'ADA@example.com' }).expect(429);
    await login({ email: 'bob@example.com' }).expect(201);
    for (const body of [{ email: ['ada'] }, { email: { $gt: '' } }, {}]) await login(body).expect(201);
  });

  it('limits the accounts that one IP address may try by its calls', async () => {
    for (let calls = 0; calls < 300; calls++) await limits.checkIp(CALL_LIMIT, '127.0.0.1');
    await call('post', '/login').send({ email: 'someone@example.com' }).expect(429);
  });
});

describe('the subject of a limit', () => {
  it('is the same for an IPv4 address in both its forms', () => {
    expect(subjectOfIp('::ffff:192.0.2.7')).toBe(subjectOfIp('192.0.2.7'));
  });

  it('is the same for a network of IPv6', () => {
    expect(subjectOfIp('2001:db8:1:2::1')).toBe(subjectOfIp('2001:db8:1:2:ffff::9'));
    expect(subjectOfIp('2001:db8:1:2::1')).not.toBe(subjectOfIp('2001:db8:1:3::1'));
  });

  it('contains neither a long text nor a credential', () => {
    expect(loginSubject('192.0.2.7', 'a'.repeat(1e5)).length).toBeLessThan(400);
    expect(loginKeyOf({ refresh_token: 'secret-token' })).not.toContain('secret');
    expect(loginKeyOf(null)).toBe('');
  });
});
