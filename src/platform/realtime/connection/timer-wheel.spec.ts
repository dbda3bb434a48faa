import { type TimerEntry, TimerWheel } from './timer-wheel.js';

class Counting implements TimerEntry {
  slot = -1;
  timeouts = 0;

  constructor(private readonly again = 0) {}

  onTimeout(): number {
    this.timeouts++;
    return this.again;
  }
}

describe('the timer wheel', () => {
  const advance = (wheel: TimerWheel, ticks: number): void => {
    for (let tick = 0; tick < ticks; tick++) wheel.tick();
  };

  it('calls an entry when its time has come, and not before', () => {
    const wheel = new TimerWheel(1_000);
    const entry = new Counting();
    wheel.schedule(entry, 5_000);
    advance(wheel, 4);
    expect(entry.timeouts).toBe(0);
    advance(wheel, 1);
    expect(entry.timeouts).toBe(1);
    advance(wheel, 200);
    expect(entry.timeouts).toBe(1);
  });

  it('calls it again as often as it requests', () => {
    const wheel = new TimerWheel(1_000);
    const entry = new Counting(2_000);
    wheel.schedule(entry, 1);
    advance(wheel, 9);
    expect(entry.timeouts).toBe(5);
  });

  it('never calls a cancelled entry, even one cancelled in its own tick', () => {
    const wheel = new TimerWheel(1_000);
    const second = new Counting();
    const first: TimerEntry = { slot: -1, onTimeout: () => (wheel.cancel(second), 0) };
    wheel.schedule(first, 1_000);
    wheel.schedule(second, 1_000);
    advance(wheel, 100);
    expect(second.timeouts).toBe(0);
  });

  it('calls early an entry whose delay is longer than the wheel', () => {
    const wheel = new TimerWheel(1_000);
    const entry = new Counting();
    wheel.schedule(entry, 3_600_000);
    advance(wheel, 63);
    expect(entry.timeouts).toBe(1);
  });
});
