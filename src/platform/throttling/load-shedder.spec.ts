import type { ModuleRef } from '@nestjs/core';
import type { Config } from '../config/config.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { LoadShedder, PRIORITIES, type PriorityClass } from './load-shedder.js';

function overloadOf(shedLoopLagMs = 100, shedPoolWaitMs = 200): LoadShedder {
  return new LoadShedder({ shedLoopLagMs, shedPoolWaitMs } as Config, {} as ModuleRef);
}

/** What is being turned away now. */
function shedBy(overload: LoadShedder): PriorityClass[] {
  return PRIORITIES.filter((weight) => {
    try {
      overload.checkLoad(weight);
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(ServiceUnavailable);
      expect((error as ServiceUnavailable).retryAfterSeconds).toBeGreaterThanOrEqual(1);
      return true;
    }
  });
}

describe('overload', () => {
  it('turns nothing away below the thresholds', () => {
    const overload = overloadOf();
    for (let n = 0; n < 10; n++) overload.step(99, 199);
    expect(shedBy(overload)).toEqual([]);
  });

  it('turns away signals first and writes last, a step at a time, and never what is vital', () => {
    const overload = overloadOf();
    const seen: number[] = [];
    for (let n = 0; n < 6; n++) {
      overload.step(5000, 0);
      seen.push(shedBy(overload).length);
    }
    expect(seen).toEqual([1, 2, 3, 4, 4, 4]);
    expect(shedBy(overload)).toEqual(['signals', 'figures', 'reads', 'writes']);
  });

  it('stays where the pressure is, and comes back step by step', () => {
    const overload = overloadOf();
    for (let n = 0; n < 6; n++) overload.step(0, 450);
    expect(shedBy(overload)).toEqual(['signals', 'figures']);
    overload.step(0, 0);
    expect(shedBy(overload)).toEqual(['signals']);
    overload.step(0, 0);
    expect(shedBy(overload)).toEqual([]);
  });

  it('turns away all but what is vital while more is waiting than can be done in time, and not a moment longer', () => {
    const overload = overloadOf();
    let isTooLong = false;
    overload.watch(() => isTooLong);
    expect(shedBy(overload)).toEqual([]);
    isTooLong = true;
    expect(shedBy(overload)).toEqual(['signals', 'figures', 'reads', 'writes']);
    isTooLong = false;
    expect(shedBy(overload)).toEqual([]);
  });

  it('can be switched off, each half by itself', () => {
    const overload = overloadOf(0, 200);
    for (let n = 0; n < 6; n++) overload.step(5000, 0);
    expect(overload.level).toBe(0);
    overload.step(5000, 200);
    expect(overload.level).toBe(1);
  });
});
