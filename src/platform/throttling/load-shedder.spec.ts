import type { ModuleRef } from '@nestjs/core';
import type { Config } from '../config/config.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { LoadShedder } from './load-shedder.js';
import { PRIORITIES, type PriorityClass } from './priority.decorator.js';

function shedderOf(shedLoopLagMs = 100, shedPoolWaitMs = 200): LoadShedder {
  return new LoadShedder({ shedLoopLagMs, shedPoolWaitMs } as Config, {} as ModuleRef);
}

/** Returns the priority classes that are being refused. */
function shedBy(shedder: LoadShedder): PriorityClass[] {
  return PRIORITIES.filter((priority) => {
    try {
      shedder.checkLoad(priority);
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(ServiceUnavailable);
      expect((error as ServiceUnavailable).retryAfterSeconds).toBeGreaterThanOrEqual(1);
      return true;
    }
  });
}

describe('the load shedder', () => {
  it('refuses nothing below the thresholds', () => {
    const shedder = shedderOf();
    for (let n = 0; n < 10; n++) shedder.step(99, 199);
    expect(shedBy(shedder)).toEqual([]);
  });

  it('refuses signals first and writes last, one step at a time, and never vital requests', () => {
    const shedder = shedderOf();
    const seen: number[] = [];
    for (let n = 0; n < 6; n++) {
      shedder.step(5000, 0);
      seen.push(shedBy(shedder).length);
    }
    expect(seen).toEqual([1, 2, 3, 4, 4, 4]);
    expect(shedBy(shedder)).toEqual(['signals', 'figures', 'reads', 'writes']);
  });

  it('stays at the level of the pressure, and recovers step by step', () => {
    const shedder = shedderOf();
    for (let n = 0; n < 6; n++) shedder.step(0, 450);
    expect(shedBy(shedder)).toEqual(['signals', 'figures']);
    shedder.step(0, 0);
    expect(shedBy(shedder)).toEqual(['signals']);
    shedder.step(0, 0);
    expect(shedBy(shedder)).toEqual([]);
  });

  it('refuses all except vital requests while a backlog is too long, and no longer', () => {
    const shedder = shedderOf();
    let isTooLong = false;
    shedder.watch(() => isTooLong);
    expect(shedBy(shedder)).toEqual([]);
    isTooLong = true;
    expect(shedBy(shedder)).toEqual(['signals', 'figures', 'reads', 'writes']);
    isTooLong = false;
    expect(shedBy(shedder)).toEqual([]);
  });

  it('can be disabled for each of the two measurements', () => {
    const shedder = shedderOf(0, 200);
    for (let n = 0; n < 6; n++) shedder.step(5000, 0);
    expect(shedder.level).toBe(0);
    shedder.step(5000, 200);
    expect(shedder.level).toBe(1);
  });
});
