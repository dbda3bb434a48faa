import { CALL_LIMIT, defineLimit, limitVariables, perRole, ruleOf } from './limits.js';

const settings = { rateLimitMultiplier: 1 };

const UPLOAD_LIMIT = defineLimit('upload', {
  byRole: perRole(20, { moderator: 40, admin: 100 }),
  windowSeconds: 60,
  environment: 'LIMIT_UPLOAD',
  description: 'Files one user may upload.',
});

const LOGIN_LIMIT = defineLimit('login', {
  byRole: perRole(5),
  windowSeconds: 60,
  environment: 'LIMIT_LOGIN',
  description: 'Logins of one account.',
});

describe('a rate limit', () => {
  it('is scaled by the multiplier, never down to nothing', () => {
    expect(ruleOf(CALL_LIMIT, 'user', { rateLimitMultiplier: 100_000 }).limit).toBe(30_000_000);
    expect(ruleOf(LOGIN_LIMIT, 'user', { rateLimitMultiplier: 0.01 }).limit).toBe(1);
  });

  it('reads overrides from the environment', () => {
    const limitOverrides = new Map([
      ['LIMIT_UPLOAD_ADMIN', 7],
      ['LIMIT_UPLOAD_WINDOW', 3],
    ]);
    expect(ruleOf(UPLOAD_LIMIT, 'admin', { ...settings, limitOverrides })).toEqual({ limit: 7, windowMs: 3000 });
    expect(ruleOf(UPLOAD_LIMIT, 'user', { ...settings, limitOverrides })).toEqual({ limit: 20, windowMs: 3000 });
  });

  it('is replaced by the numbers of a profile', () => {
    const profile = { [UPLOAD_LIMIT.name]: { byRole: { ...UPLOAD_LIMIT.byRole, student: 10 }, windowSeconds: 30 } };
    expect(ruleOf(UPLOAD_LIMIT, 'student', settings, profile)).toEqual({ limit: 10, windowMs: 30_000 });
    expect(ruleOf(CALL_LIMIT, 'student', settings, profile).limit).toBe(300);
  });

  it('prefers the environment to a profile that is overridable', () => {
    const profile = { call: { byRole: perRole(100), windowSeconds: 3600, isOverridable: true } };
    const limitOverrides = new Map([['LIMIT_CALL', 7]]);
    expect(ruleOf(CALL_LIMIT, 'user', settings, profile)).toEqual({ limit: 100, windowMs: 3_600_000 });
    expect(ruleOf(CALL_LIMIT, 'user', { ...settings, limitOverrides }, profile).limit).toBe(7);
    const fixed = { call: { byRole: perRole(100), windowSeconds: 3600 } };
    expect(ruleOf(CALL_LIMIT, 'user', { ...settings, limitOverrides }, fixed).limit).toBe(100);
  });

  it('has four variables in the environment', () => {
    expect(limitVariables([UPLOAD_LIMIT]).map(({ name, fallback }) => [name, fallback])).toEqual([
      ['LIMIT_UPLOAD', 20],
      ['LIMIT_UPLOAD_MODERATOR', 40],
      ['LIMIT_UPLOAD_ADMIN', 100],
      ['LIMIT_UPLOAD_WINDOW', 60],
    ]);
  });
});
