import { limitVariables, ruleOf } from '../../src/platform/throttling/limits.js';
import { RATE_LIMITS } from '../../src/rate-limits.js';
import { sourceFiles } from '../support/source-files.js';

describe('the list of rate limits', () => {
  it.each([
    ['message.send', 60, 120, 300, 60],
    ['message.append', 1200, 1200, 6000, 60],
    ['conversation.create', 20, 40, 100, 300],
    ['upload', 20, 40, 100, 60],
    ['report', 20, 100, 100, 3600],
    ['typing', 30, 30, 30, 60],
    ['connect', 10, 10, 30, 60],
    ['connect.ip', 100, 100, 100, 60],
    ['call', 300, 300, 1000, 60],
    ['login', 5, 5, 5, 60],
  ])('allows %s to users %d, moderators %d, admins %d times in %d s', (name, everyone, moderator, admin, seconds) => {
    const rateLimit = RATE_LIMITS.find((limit) => limit.name === name)!;
    const settings = { rateLimitMultiplier: 1 };
    for (const role of ['user', 'student', 'teacher'] as const) {
      expect(ruleOf(rateLimit, role, settings)).toEqual({ limit: everyone, windowMs: seconds * 1000 });
    }
    expect(ruleOf(rateLimit, 'moderator', settings).limit).toBe(moderator);
    expect(ruleOf(rateLimit, 'admin', settings).limit).toBe(admin);
  });

  it('has different names and different variables', () => {
    const names = RATE_LIMITS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const variables = limitVariables(RATE_LIMITS).map(({ name }) => name);
    expect(new Set(variables).size).toBe(names.length * 4);
    expect(variables).toContain('LIMIT_MESSAGE_SEND_MODERATOR');
  });

  it('has every limit that a module or the platform declares', () => {
    const declared = sourceFiles('src', '.limits.ts')
      .concat(sourceFiles('src/platform/throttling', 'limits.ts'))
      .flatMap(({ text }) => [...text.matchAll(/defineLimit\('([^']+)'/g)].map(([, name]) => name));
    expect(declared.sort()).toEqual(RATE_LIMITS.map(({ name }) => name).sort());
  });
});
