import type { LimitRule } from '../../src/platform/throttling/limits.js';
import type { RateLimiter } from '../../src/platform/throttling/rate-limiter.js';

/** A limiter and a way to advance its time. */
export interface LimiterUnderTest {
  limiter: RateLimiter;
  /** Lets `ms` pass on the limiter's clock. */
  pass(ms: number): void | Promise<void>;
  epochMs(): number;
  /** Length of one window that suits the clock: short where the time is real. */
  windowMs: number;
}

/** The contract of every RateLimiter. `create` returns one without hits. */
export function itIsARateLimiter(create: () => LimiterUnderTest | Promise<LimiterUnderTest>): void {
  let test: LimiterUnderTest;
  let rule: LimitRule;

  beforeEach(async () => {
    test = await create();
    rule = { limit: 5, windowMs: test.windowMs };
  });

  const consume = async (subject = 'ada', wanted: LimitRule = rule) =>
    test.limiter.consume('message.send', subject, wanted);

  async function accepted(tries: number, subject = 'ada', wanted: LimitRule = rule): Promise<number> {
    let count = 0;
    for (let index = 0; index < tries; index++) if ((await consume(subject, wanted)).allowed) count++;
    return count;
  }

  it('accepts as many hits as the limit, and returns the remaining ones', async () => {
    for (const remaining of [4, 3, 2, 1, 0]) {
      expect(await consume()).toMatchObject({ allowed: true, limit: 5, remaining, retryAfterSeconds: 0 });
    }
    expect(await consume()).toMatchObject({ allowed: false, remaining: 0 });
  });

  it('returns when the oldest hit leaves the window', async () => {
    const before = test.epochMs();
    const { resetAt } = await consume();
    expect(resetAt).toBeGreaterThanOrEqual(Math.ceil((before + test.windowMs) / 1000));
    expect(resetAt).toBeLessThanOrEqual(Math.ceil((test.epochMs() + test.windowMs) / 1000));
  });

  it('frees a slot for each hit that leaves the window, not all at once', async () => {
    await accepted(2);
    await test.pass(test.windowMs / 2);
    expect(await accepted(5)).toBe(3);
    await test.pass(test.windowMs / 2 + test.windowMs / 10);
    expect(await accepted(5)).toBe(2);
  });

  it('does not extend the wait by a refused hit', async () => {
    await accepted(5);
    await test.pass(test.windowMs / 2);
    expect(await accepted(20)).toBe(0);
    await test.pass(test.windowMs / 2 + test.windowMs / 10);
    expect(await accepted(9)).toBe(5);
  });

  it('returns a time to wait after which a hit is accepted', async () => {
    await accepted(5);
    const { retryAfterSeconds } = await consume();
    expect(Number.isInteger(retryAfterSeconds) && retryAfterSeconds >= 1).toBe(true);
    expect(retryAfterSeconds).toBeLessThanOrEqual(Math.max(1, Math.ceil(test.windowMs / 1000)));
    await test.pass(retryAfterSeconds * 1000);
    expect((await consume()).allowed).toBe(true);
  });

  it('counts subjects and actions separately', async () => {
    await accepted(5);
    expect((await consume('bob')).allowed).toBe(true);
    expect((await test.limiter.consume('upload', 'ada', rule)).allowed).toBe(true);
  });

  it('accepts no more than the limit of simultaneous hits', async () => {
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => consume()));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(5);
  });

  it('frees one slot by a refund, and none by a refund of nothing', async () => {
    await accepted(5);
    await test.limiter.refund('message.send', 'ada');
    expect(await accepted(5)).toBe(1);
    await test.limiter.refund('message.send', 'bob');
    expect(await accepted(9, 'bob')).toBe(5);
  });

  it('applies each of two rules to the hits of both', async () => {
    const narrow = { limit: 3, windowMs: test.windowMs };
    await accepted(2);
    expect(await accepted(5, 'ada', narrow)).toBe(1);
    expect(await accepted(9)).toBe(2);
    expect(await consume('ada', narrow)).toMatchObject({ allowed: false, limit: 3, remaining: 0 });
  });

  it('applies a longer window beside a shorter one', async () => {
    const long = { limit: 6, windowMs: test.windowMs * 4 };
    await consume('ada', long);
    await accepted(5);
    await test.pass(test.windowMs + test.windowMs / 10);
    expect(await accepted(2)).toBe(2);
    expect(await consume('ada', long)).toMatchObject({ allowed: false });
  });

  it('counts large limits in slots, never above the limit', async () => {
    const large = { limit: 20_001, windowMs: test.windowMs };
    const first = await consume('ada', large);
    expect(first).toMatchObject({ allowed: true, limit: 20_001, remaining: 20_000 });
    await test.limiter.refund('message.send', 'ada');
    expect(await consume('ada', large)).toMatchObject({ remaining: 20_000 });
    await test.pass(test.windowMs + test.windowMs / 10);
    expect(await consume('ada', large)).toMatchObject({ remaining: 20_000 });
  });
}
