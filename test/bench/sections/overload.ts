import type { Bench } from '../bench.js';
import { writeProfile } from '../hot-spots.js';
import type { ClosedLoopJob, OpenLoopJob, SenderSeat, SendResult } from '../jobs.js';
import { CpuClock, percentiles } from './sends.js';

const SENDERS = 500;
const WARM_UP_MS = 2000;
const MULTIPLES = [0.8, 2, 5] as const;
/** The share of the capacity, at five times the load (T16). */
const LEAST_GOODPUT = 0.8;
const MOST_P99_MS = 1000;

/**
 * More load than the server can handle: the latency of the sends it accepts, and of those it refuses. The capacity is
 * what the same sockets achieve with one active send each.
 */
export async function measureOverload(bench: Bench): Promise<void> {
  const { report } = bench;
  report.begin(`Overload: ${SENDERS} sockets over plain WebSocket; latencies in ms (p50/p95/p99)`);
  const senders = await makeSenders(bench);
  const job = { ...timed(bench), transport: 'ws', senders, readers: [] } as const;
  const capacity = await measureCapacity(bench, { ...job, kind: 'closed-loop', inFlight: 1 });
  for (const multiple of MULTIPLES) {
    await measureRate(bench, { ...job, kind: 'open-loop', rate: Math.round(capacity * multiple) }, capacity);
  }
}

function timed({ server, options }: Bench): Pick<OpenLoopJob, 'port' | 'warmUpMs' | 'seconds'> {
  return { port: server.port, warmUpMs: WARM_UP_MS, seconds: options.seconds };
}

async function makeSenders({ world }: Bench): Promise<SenderSeat[]> {
  const people = await world.people(SENDERS);
  const ids = await world.groups(people.map((person, index) => [person, people[(index + 1) % SENDERS]!]));
  return people.map(({ token }, index) => ({ token, conversations: [ids[index]!] }));
}

async function measureCapacity(bench: Bench, job: ClosedLoopJob): Promise<number> {
  await bench.world.settle();
  const { acknowledged, seconds, toAcknowledgement } = await bench.generator.work<SendResult>(job);
  bench.report.add({
    id: 'overload.capacity',
    label: 'capacity, 1 in flight each',
    figures: { 'sends/s': acknowledged / seconds, acknowledged: percentiles(toAcknowledgement) },
  });
  return acknowledged / seconds;
}

async function measureRate(bench: Bench, job: OpenLoopJob, capacity: number): Promise<void> {
  const { report, generator, options, server, world } = bench;
  await world.settle();
  const clock = new CpuClock(bench);
  const multiple = job.rate / capacity;
  const id = `overload.${multiple.toFixed(1)}`;
  if (options.profile) await server.process.startProfile();
  const result = await generator.work<SendResult>(job, {
    begin: () => clock.begin(),
    end: async () => {
      clock.end();
      if (options.profile) writeProfile(id, await server.process.stopProfile());
    },
  });
  const { acknowledged, refused, seconds, toAcknowledgement, toRefusal } = result;
  const isOver = multiple > 1;
  report.add({
    id,
    label: `${multiple.toFixed(1)} times the capacity`,
    figures: {
      'sends/s': acknowledged / seconds,
      'of capacity': acknowledged / seconds / capacity,
      acknowledged: percentiles(toAcknowledgement),
      'p99 ms': toAcknowledgement?.p99,
      'refused/s': refused / seconds,
      'refused after': percentiles(toRefusal),
      'recovered ms': result.recoveredMs,
      ...clock.figures(acknowledged),
      failures: result.failures,
    },
    target: isOver ? { figure: 'of capacity', least: LEAST_GOODPUT } : undefined,
    raw: result,
  });
  if (isOver) {
    report.add({
      id: `${id}.p99`,
      label: '',
      figures: { 'p99 ms': toAcknowledgement?.p99 },
      target: { figure: 'p99 ms', most: MOST_P99_MS },
    });
  }
  if (result.firstFailure) process.stderr.write(`    first failure: ${result.firstFailure}\n`);
}
