import type { Bench } from '../bench.js';
import type { OpenLoopJob, SendResult } from '../jobs.js';
import { CpuClock, percentiles, type SendScene } from './sends.js';

const RATE = 1000;
const WARM_UP_MS = 2000;
const P50_MOST_MS = 5;
const P99_MOST_MS = 25;

/** 1,000 sends a second in an open loop, with every other user connected. */
export async function measureLatency(bench: Bench, scene: SendScene): Promise<void> {
  const { report, generator, options, server, world } = bench;
  report.begin(`Latency at ${RATE.toLocaleString('en')} sends/s over plain WebSocket, in ms (p50/p95/p99)`);
  const job: OpenLoopJob = {
    kind: 'open-loop',
    transport: 'ws',
    port: server.port,
    rate: RATE,
    warmUpMs: WARM_UP_MS,
    seconds: options.seconds,
    senders: scene.senders,
    readers: scene.readers.map(({ token }) => token),
  };
  await world.settle();
  const clock = new CpuClock(bench);
  const result = await generator.work<SendResult>(job, { begin: () => clock.begin(), end: () => clock.end() });
  const { toOtherSocket, toAcknowledgement } = result;
  report.add({
    id: 'latency.p50',
    label: 'to the other socket',
    figures: {
      'p50 ms': toOtherSocket?.p50,
      'sends/s': result.acknowledged / result.seconds,
      'other socket': percentiles(toOtherSocket),
      max: toOtherSocket?.max,
      acknowledged: percentiles(toAcknowledgement),
      ...clock.figures(result.acknowledged),
      failures: result.failures,
    },
    target: { figure: 'p50 ms', most: P50_MOST_MS },
    raw: result,
  });
  report.add({
    id: 'latency.p99',
    label: '',
    figures: { 'p99 ms': toOtherSocket?.p99 },
    target: { figure: 'p99 ms', most: P99_MOST_MS },
  });
  if (result.firstFailure) process.stderr.write(`    first failure: ${result.firstFailure}\n`);
}
