import { type TimerEntry, TimerWheel } from './timer-wheel.js';

class Counting implements TimerEntry {
  slot = -1;
  woken = 0;

  constructor(private readonly again = 0) {}

  onTimeout(): number {
    this.woken++;
    return this.again;
  }
}

describe('the timer wheel', () => {
  const turn = (wheel: TimerWheel, ticks: number): void => {
    for (let tick = 0; tick < ticks; tick++) wheel.tick();
  };

  it('wakes a sleeper when its time has come, and not before', () => {
    const wheel = new TimerWheel(1_000);
    const sleeper = new Counting();
    wheel.schedule(sleeper, 5_000);
    turn(wheel, 4);
    expect(sleeper.woken).toBe(0);
    turn(wheel, 1);
    expect(sleeper.woken).toBe(1);
    turn(wheel, 200);
    expect(sleeper.woken).toBe(1);
  });

  it('wakes it again as often as it asks', () => {
    const wheel = new TimerWheel(1_000);
    const sleeper = new Counting(2_000);
    wheel.schedule(sleeper, 1);
    turn(wheel, 9);
    expect(sleeper.woken).toBe(5);
  });

  it('forgets one that was taken out, also while others of its moment are woken', () => {
    const wheel = new TimerWheel(1_000);
    const second = new Counting();
    const first: TimerEntry = { slot: -1, onTimeout: () => (wheel.cancel(second), 0) };
    wheel.schedule(first, 1_000);
    wheel.schedule(second, 1_000);
    turn(wheel, 100);
    expect(second.woken).toBe(0);
  });

  it('wakes early what would sleep longer than a turn', () => {
    const wheel = new TimerWheel(1_000);
    const sleeper = new Counting();
    wheel.schedule(sleeper, 3_600_000);
    turn(wheel, 63);
    expect(sleeper.woken).toBe(1);
  });
});
