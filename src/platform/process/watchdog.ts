import { url as inspectorUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';

/** So long the event loop may stand still before its process is ended: no signal is heard meanwhile. */
const STILL_SECONDS = 60;

/** Places of the shared numbers. */
const TURNS = 0;
const SECONDS_LEFT = 1;
const STILL = 2;

/**
 * What the thread does, once a second. It counts its own seconds: those in which the machine was paused are none. The
 * exit of a thread ends the thread alone, so it kills.
 */
const LOOK = `
  const { workerData } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const numbers = new Int32Array(workerData.shared);
  let turns = -1, still = 0, ending = 0;
  const end = (msg) => {
    try { writeSync(1, JSON.stringify({ level: 'fatal', time: new Date().toISOString(), context: 'Watchdog', msg }) + '\\n'); } catch {}
    process.kill(process.pid, 'SIGKILL');
  };
  setInterval(() => {
    const now = Atomics.load(numbers, ${TURNS});
    still = now === turns ? still + 1 : 0;
    turns = now;
    const limit = Atomics.load(numbers, ${STILL});
    if (limit > 0 && still >= limit) end('the event loop stood still for ' + still + ' s: the process is killed');
    const left = Atomics.load(numbers, ${SECONDS_LEFT});
    if (left > 0 && ++ending > left) end('the process did not end within ' + left + ' s: it is killed');
  }, 1000);`;

/**
 * Ends this process from a thread of its own when its event loop no longer turns, or when it does not end in time. It
 * needs nothing of the event loop: a loop of promises that never waits hears neither timers nor signals.
 */
export class Watchdog {
  private readonly numbers = new Int32Array(new SharedArrayBuffer(12));
  private readonly ticking: NodeJS.Timeout;

  constructor({ stillSeconds = STILL_SECONDS } = {}) {
    this.numbers[STILL] = stillSeconds;
    const thread = new Worker(LOOK, {
      eval: true,
      workerData: { shared: this.numbers.buffer },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
    });
    thread.on('error', () => undefined); // where no thread can be had, the process does without
    thread.unref();
    this.ticking = setInterval(() => {
      Atomics.add(this.numbers, TURNS, 1);
      // Who stands at a breakpoint means to.
      if (inspectorUrl() !== undefined) Atomics.store(this.numbers, STILL, 0);
    }, 500).unref();
  }

  /** From now on the process has so many seconds. */
  endWithin(seconds: number): void {
    Atomics.store(this.numbers, SECONDS_LEFT, seconds);
    clearInterval(this.ticking);
    Atomics.store(this.numbers, STILL, 0);
  }
}
