/** The load generator: a process that runs one job after the other for its parent. */
import { fanOut } from './fan-out-load.js';
import { idle } from './idle-load.js';
import type { Job, Order, Report, SendResult, FanOutResult, IdleResult } from './jobs.js';
import { sendLoad } from './send-load.js';

function sendReport(report: Report): void {
  process.send?.(report);
}

let release = (): void => {};

function work(job: Job): Promise<SendResult | FanOutResult | IdleResult> {
  const mark = (event: 'begin' | 'end'): void => sendReport({ event });
  if (job.kind === 'fan-out') return fanOut(job, mark);
  if (job.kind === 'idle') {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    return idle(job, mark, released);
  }
  return sendLoad(job, mark);
}

process.on('message', (order: Order) => {
  if (order.order === 'release') return release();
  work(order.job).then(
    (result) => sendReport({ event: 'result', result }),
    (error: Error) => sendReport({ event: 'failed', reason: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
// The probe releases the channel, and only the orders keep this process alive.
process.channel?.ref();
