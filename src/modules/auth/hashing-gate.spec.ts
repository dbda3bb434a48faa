import { ServiceUnavailable } from '../../platform/errors/app-error.js';
import { HashingGate } from './hashing-gate.js';

describe('the hashing gate', () => {
  const open: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => open.push(resolve));
  beforeEach(() => open.splice(0));

  it('lets so many run, so many wait, and turns the rest away', async () => {
    const gate = new HashingGate(2, 3);
    const runs = Array.from({ length: 5 }, () => gate.run(work));
    await expect(gate.run(work)).rejects.toBeInstanceOf(ServiceUnavailable);
    expect(open).toHaveLength(2);
    while (open.length > 0) {
      open.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
      expect(open.length).toBeLessThanOrEqual(2);
    }
    await Promise.all(runs);
  });

  it('goes on after work that failed', async () => {
    const gate = new HashingGate(1, 1);
    await expect(gate.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(gate.run(() => Promise.resolve('done'))).resolves.toBe('done');
  });
});
