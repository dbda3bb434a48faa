import { subscribe } from 'node:diagnostics_channel';
import { openSync, readSync } from 'node:fs';
import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';

// node --import ./test/support/loop-monitor.mjs …, with LOOP_MONITOR naming a socket. A client that connects to the
// socket receives the longest stretch of work of the event loop since the last connection, in milliseconds.

const TICK_MS = 1;
/** A request with this header blocks the event loop for so many milliseconds, as a control. */
const PLANT = 'x-hold-the-loop-ms';

/**
 * The CPU time of this thread in milliseconds, without the time it is descheduled on a busy machine, and without other
 * threads. If it cannot be read for one thread, it is that of the process.
 */
function cpuClock() {
  if (process.threadCpuUsage) return () => sum(process.threadCpuUsage());
  try {
    const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
    const bytes = Buffer.alloc(64);
    return () => parseInt(bytes.toString('latin1', 0, readSync(file, bytes, 0, 64, 0)), 10) / 1e6;
  } catch {
    return () => sum(process.cpuUsage());
  }
}

function sum({ user, system }) {
  return (user + system) / 1000;
}

if (isMainThread && process.env.LOOP_MONITOR) {
  const cpu = cpuClock();
  let [at, used, longest] = [performance.now(), cpu(), 0];
  // Between two runs of this timer is one turn of the loop, and at most a millisecond of other turns.
  setInterval(() => {
    const [now, usedNow] = [performance.now(), cpu()];
    longest = Math.max(longest, Math.min(now - at, usedNow - used));
    [at, used] = [now, usedNow];
  }, TICK_MS).unref();
  createServer((socket) => {
    socket.on('error', () => undefined);
    // The work that was active at the connection has ended one turn later.
    setTimeout(() => {
      socket.end(String(longest));
      longest = 0;
    }, 2 * TICK_MS);
  })
    .listen(process.env.LOOP_MONITOR)
    .unref();
  subscribe('http.server.request.start', ({ request }) => {
    const until = cpu() + Number(request.headers[PLANT] ?? 0);
    while (cpu() < until);
  });
}
