/** The load generator: a process of its own, which takes one job after the other from the one who started it. */
import { fanOut } from './fan-out-load.js';
import { idle } from './idle-load.js';
import type { Job, Order, Report, SendResult, FanOutResult, IdleResult } from './jobs.js';
import { sendLoad } from './send-load.js';

function tell(report: Report): void {
  process.send?.(report);
}

let release = (): void => {};

function work(job: Job): Promise<SendResult | FanOutResult | IdleResult> {
  const mark = (event: 'begin' | 'end'): void => tell({ event });
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
    (result) => tell({ event: 'result', result }),
    (error: Error) => tell({ event: 'failed', reason: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
// The probe lets go of the channel, and orders are all that keeps this process.
process.channel?.ref();
