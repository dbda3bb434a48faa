import { LIMIT_VARIABLES, type LimitAction, LIMITS, limitFor, perRole } from './limits.js';

const settings = { rateLimitMultiplier: 1 };

describe('the table of limits', () => {
  it.each<[LimitAction, number, number, number, number]>([
    ['message.send', 60, 120, 300, 60],
    ['conversation.create', 20, 40, 100, 300],
    ['upload', 20, 40, 100, 60],
    ['report', 20, 100, 100, 3600],
    ['typing', 30, 30, 30, 60],
    ['connect', 10, 10, 30, 60],
    ['connect.ip', 100, 100, 100, 60],
    ['call', 300, 300, 1000, 60],
    ['login', 5, 5, 5, 60],
  ])('allows %s to users %d, moderators %d, admins %d times in %d s', (action, everyone, moderator, admin, seconds) => {
    for (const role of ['user', 'student', 'teacher'] as const) {
      expect(limitFor(action, role, settings)).toEqual({ limit: everyone, windowMs: seconds * 1000 });
    }
    expect(limitFor(action, 'moderator', settings).limit).toBe(moderator);
    expect(limitFor(action, 'admin', settings).limit).toBe(admin);
  });

  it('is scaled by the multiplier, never down to nothing', () => {
    expect(limitFor('call', 'user', { rateLimitMultiplier: 100_000 }).limit).toBe(30_000_000);
    expect(limitFor('login', 'user', { rateLimitMultiplier: 0.01 }).limit).toBe(1);
  });

  it('reads overrides from the environment', () => {
    const limitOverrides = new Map([
      ['LIMIT_UPLOAD_ADMIN', 7],
      ['LIMIT_UPLOAD_WINDOW', 3],
    ]);
    expect(limitFor('upload', 'admin', { ...settings, limitOverrides })).toEqual({ limit: 7, windowMs: 3000 });
    expect(limitFor('upload', 'user', { ...settings, limitOverrides })).toEqual({ limit: 20, windowMs: 3000 });
  });

  it('is replaced by the numbers of a profile', () => {
    const profile = {
      'message.send': { byRole: { ...LIMITS['message.send'].byRole, student: 10 }, windowSeconds: 30 },
    };
    expect(limitFor('message.send', 'student', settings, profile)).toEqual({ limit: 10, windowMs: 30_000 });
    expect(limitFor('call', 'student', settings, profile).limit).toBe(300);
  });

  it('prefers the environment to a profile that is overridable', () => {
    const profile = { call: { byRole: perRole(100), windowSeconds: 3600, isOverridable: true } };
    const limitOverrides = new Map([['LIMIT_CALL', 7]]);
    expect(limitFor('call', 'user', settings, profile)).toEqual({ limit: 100, windowMs: 3_600_000 });
    expect(limitFor('call', 'user', { ...settings, limitOverrides }, profile).limit).toBe(7);
    const fixed = { call: { byRole: perRole(100), windowSeconds: 3600 } };
    expect(limitFor('call', 'user', { ...settings, limitOverrides }, fixed).limit).toBe(100);
  });

  it('lists every variable of the environment once', () => {
    const names = LIMIT_VARIABLES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(Object.keys(LIMITS).length * 4);
    expect(names).toContain('LIMIT_MESSAGE_SEND_MODERATOR');
  });
});
