import fc from 'fast-check';
import { SlidingWindowCounter } from './limit-counter.js';
import { MemoryRateLimiter } from './memory-rate-limiter.js';
import { itIsARateLimiter } from '../../../test/interfaces/rate-limiter.contract.js';

class Clock {
  now = 1_000_000;
  monotonicMs = () => this.now;
  epochMs = () => this.now + 7_000_000;
}

describe('MemoryRateLimiter', () => {
  itIsARateLimiter(() => {
    const clock = new Clock();
    return {
      limiter: new MemoryRateLimiter(clock),
      pass: (ms) => void (clock.now += ms),
      epochMs: clock.epochMs,
      windowMs: 10_000,
    };
  });

  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom('hit', 'hit', 'hit', 'refund')), {
    maxLength: 300,
  });

  it('never accepts more than the limit in any window, wherever it begins', () => {
    const check = (gaps: readonly (readonly [number, string])[], limit: number): void => {
      const clock = new Clock();
      const limiter = new MemoryRateLimiter(clock);
      const taken: number[] = [];
      for (const [gap, what] of gaps) {
        clock.now += gap;
        const inside = taken.filter((time) => time > clock.now - 100).length;
        if (what === 'refund') {
          limiter.refund('call', 'ada');
          if (inside > 0) taken.pop();
          continue;
        }
        const { allowed, remaining } = limiter.consume('call', 'ada', { limit, windowMs: 100 });
        expect(allowed).toBe(inside < limit);
        expect(remaining).toBe(Math.max(0, limit - inside - 1));
        if (allowed) taken.push(clock.now);
      }
      for (const begin of taken) {
        expect(taken.filter((at) => at >= begin && at < begin + 100).length).toBeLessThanOrEqual(limit);
      }
    };
    fc.assert(fc.property(steps, fc.integer({ min: 1, max: 12 }), check), { numRuns: 300 });
  });

  it('never accepts more than the limit with slots, and permits a hit again at most one slot late', () => {
    const check = (gaps: readonly number[], limit: number): void => {
      const counter = new SlidingWindowCounter(640);
      const taken: number[] = [];
      let now = 5000;
      for (const gap of gaps) {
        now += gap;
        const { allowed, retryAfterMs } = counter.consume(now, { limit, windowMs: 640 });
        const inside = taken.filter((at) => at > now - 640).length;
        if (allowed) expect(inside).toBeLessThan(limit);
        else expect(taken.filter((at) => at > now - 650).length).toBeGreaterThanOrEqual(limit);
        if (allowed) taken.push(now);
        else expect(retryAfterMs).toBeGreaterThan(0);
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        check,
      ),
      { numRuns: 1000 },
    );
  });

  it('deletes idle subjects', () => {
    const clock = new Clock();
    const limiter = new MemoryRateLimiter(clock);
    for (let subject = 0; subject < 10_000; subject++) {
      limiter.consume('call', `ip:${subject}`, { limit: 5, windowMs: 1000 });
      clock.now += 1;
    }
    expect(limiter.size).toBeLessThan(3000);
  });

  it('stores no more subjects than its maximum', () => {
    const limiter = new MemoryRateLimiter(new Clock(), 100);
    for (let subject = 0; subject < 1000; subject++) {
      limiter.consume('call', `ip:${subject}`, { limit: 5, windowMs: 1000 });
    }
    expect(limiter.size).toBe(100);
  });
});
