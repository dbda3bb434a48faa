import { url as inspectorUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';

/** How long the event loop may be blocked before the process is killed; meanwhile it handles no signal. */
const BLOCKED_SECONDS = 60;

/**
 * Indexes of the shared numbers: ticks of the event loop, seconds until the kill, and the limit of a blocked event
 * loop.
 */
const TICKS = 0;
const SECONDS_LEFT = 1;
const BLOCKED_LIMIT = 2;

/**
 * The script of the thread, which checks once a second. It counts its own seconds, so that time in which the machine
 * was paused does not count. `process.exit` in a thread only ends the thread, so it kills the process.
 */
const SCRIPT = `
  const { workerData } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const numbers = new Int32Array(workerData.shared);
  let ticks = -1, blocked = 0, ending = 0;
  const end = (msg) => {
    try { writeSync(1, JSON.stringify({ level: 'fatal', time: new Date().toISOString(), context: 'Watchdog', msg }) + '\\n'); } catch {}
    process.kill(process.pid, 'SIGKILL');
  };
  setInterval(() => {
    const now = Atomics.load(numbers, ${TICKS});
    blocked = now === ticks ? blocked + 1 : 0;
    ticks = now;
    const limit = Atomics.load(numbers, ${BLOCKED_LIMIT});
    if (limit > 0 && blocked >= limit) end('the event loop was blocked for ' + blocked + ' s: the process is killed');
    const left = Atomics.load(numbers, ${SECONDS_LEFT});
    if (left > 0 && ++ending > left) end('the process did not end within ' + left + ' s: it is killed');
  }, 1000);`;

/**
 * Kills this process from a separate thread when its event loop is blocked, or when it does not end in time. It does
 * not depend on the event loop: an endless chain of promises lets neither timers nor signal handlers run.
 */
export class Watchdog {
  private readonly numbers = new Int32Array(new SharedArrayBuffer(12));
  private readonly ticker: NodeJS.Timeout;

  constructor({ blockedSeconds = BLOCKED_SECONDS } = {}) {
    this.numbers[BLOCKED_LIMIT] = blockedSeconds;
    const thread = new Worker(SCRIPT, {
      eval: true,
      workerData: { shared: this.numbers.buffer },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
    });
    thread.on('error', () => undefined); // if no thread can be created, the process runs without a watchdog
    thread.unref();
    this.ticker = setInterval(() => {
      Atomics.add(this.numbers, TICKS, 1);
      // A breakpoint of a debugger blocks the event loop on purpose.
      if (inspectorUrl() !== undefined) Atomics.store(this.numbers, BLOCKED_LIMIT, 0);
    }, 500).unref();
  }

  /** Kills the process unless it ends within this time. */
  killAfter(seconds: number): void {
    Atomics.store(this.numbers, SECONDS_LEFT, seconds);
    clearInterval(this.ticker);
    Atomics.store(this.numbers, BLOCKED_LIMIT, 0);
  }
}
