import type { BareLimitJob, BareLimitResult } from '../bare-limit.js';
import type { Bench } from '../bench.js';
import { writeProfile } from '../hot-spots.js';
import type { ClosedLoopJob, SenderSeat, SendResult, TransportName } from '../jobs.js';
import type { LatencySummary } from '../latencies.js';
import { MeasuredProcess } from '../measured-process.js';
import type { Person } from '../world.js';

const SENDERS = 64;
const CONVERSATIONS = 500;
/** The other user of every fifth conversation is connected: 100 sockets. */
const SAMPLE = 5;
const WARM_UP_MS = 1500;
/** The first row also warms up the server. */
const FIRST_WARM_UP_MS = 4000;
const LEAST_OF_LIMIT = 1 / 3;

const NAMES: Record<TransportName, string> = { rest: 'REST', 'socket.io': 'Socket.IO', ws: 'WebSocket' };
const LEAST: Record<TransportName, number> = { rest: 3000, 'socket.io': 4000, ws: 6000 };

/** The senders and their conversations, created once for all rows. */
export interface SendScene {
  readonly senders: readonly SenderSeat[];
  readonly readers: readonly Person[];
  readonly hot: { readonly senders: readonly SenderSeat[]; readonly reader: Person };
}

interface Shape {
  readonly id: string;
  readonly label: string;
  readonly inFlight: number;
  readonly isHot: boolean;
}

const SHAPES: readonly Shape[] = [
  { id: 'spread-1', label: '500 conversations, 1 in flight', inFlight: 1, isHot: false },
  { id: 'spread-8', label: '500 conversations, 8 in flight', inFlight: 8, isHot: false },
  { id: 'hot-1', label: 'one conversation of 65, 1 in flight', inFlight: 1, isHot: true },
];

/** 64 senders; 500 conversations of one of them with one other user; and one conversation of all 64 and one more. */
export async function makeSendScene({ world }: Bench): Promise<SendScene> {
  const people = await world.people(SENDERS);
  const readers = await world.people(CONVERSATIONS);
  const ids = await world.groups(readers.map((reader, index) => [people[index % SENDERS]!, reader]));
  const [reader] = await world.people(1);
  const [hot] = await world.groups([[...people, reader!]]);
  const senders = people.map(({ token }, sender) => ({
    token,
    conversations: ids.filter((_, index) => index % SENDERS === sender),
  }));
  return {
    senders,
    readers,
    hot: { senders: people.map(({ token }) => ({ token, conversations: [hot!] })), reader: reader! },
  };
}

/** Durable sends over each transport, and the limit of PostgreSQL for the same rows in the same batches. */
export async function measureSends(
  bench: Bench,
  scene: SendScene,
  transports: readonly TransportName[],
): Promise<void> {
  const { report } = bench;
  report.begin(
    `Durable sends: ${SENDERS} senders; latencies in ms (p50/p95/p99) to the acknowledgement and to the other person's socket`,
  );
  let warmUpMs = FIRST_WARM_UP_MS;
  const limits = new Map<string, number>();
  for (const transport of transports) {
    for (const shape of SHAPES) {
      await measureShape(bench, scene, { transport, shape, warmUpMs, limits });
      warmUpMs = WARM_UP_MS;
    }
  }
}

interface Asked {
  readonly transport: TransportName;
  readonly shape: Shape;
  readonly warmUpMs: number;
  /** Limits measured so far, by the batch size they were measured with. */
  readonly limits: Map<string, number>;
}

async function measureShape(bench: Bench, scene: SendScene, asked: Asked): Promise<void> {
  const { report, options, server, generator, world } = bench;
  const { transport, shape, warmUpMs } = asked;
  const { senders, reader } = scene.hot;
  const job: ClosedLoopJob = {
    kind: 'closed-loop',
    transport,
    port: server.port,
    inFlight: shape.inFlight,
    warmUpMs,
    seconds: options.seconds,
    senders: shape.isHot ? senders : scene.senders,
    readers: (shape.isHot ? [reader] : scene.readers.filter((_, index) => index % SAMPLE === 0)).map(
      ({ token }) => token,
    ),
  };
  await world.settle();
  const since = await world.now();
  const clock = new CpuClock(bench);
  // Before the warm-up: the start takes V8 half a second.
  if (options.profile) await server.process.startProfile();
  const id = `send.${transport}.${shape.id}`;
  const result = await generator.work<SendResult>(job, {
    begin: () => clock.begin(),
    end: async () => {
      clock.end();
      if (options.profile) writeProfile(id, await server.process.stopProfile());
    },
  });
  const batch = await world.batchSizeSince(since);
  const perSecond = result.acknowledged / result.seconds;
  const isJudged = !shape.isHot;
  const isBesideLimit = isJudged && shape.inFlight > 1;
  const limit = await bareLimit(bench, { batch, shape, limits: isBesideLimit ? new Map() : asked.limits });
  report.add({
    id,
    label: `${NAMES[transport]}, ${shape.label}`,
    figures: {
      'sends/s': perSecond,
      acknowledged: percentiles(result.toAcknowledgement),
      'other socket': percentiles(result.toOtherSocket),
      'rows a batch': batch,
      'bare pg/s': limit,
      'of bare': perSecond / limit,
      ...clock.figures(result.acknowledged),
      failures: result.failures,
    },
    target: isJudged ? { figure: 'sends/s', least: LEAST[transport] } : undefined,
    raw: result,
  });
  if (isBesideLimit) {
    report.add({
      id: `${id}.of-limit`,
      label: `  beside bare pg in batches of ${Math.round(batch)}`,
      figures: { 'of bare': perSecond / limit },
      target: { figure: 'of bare', least: Math.round(LEAST_OF_LIMIT * 1000) / 1000 },
    });
  }
  if (result.firstFailure) process.stderr.write(`    first failure: ${result.firstFailure}\n`);
}

/** Processor time of the three sides over the measured time. */
export class CpuClock {
  private at = 0;
  private before = { server: 0, database: 0, generator: 0 };
  private used = { server: 0, database: 0, generator: 0 };
  private elapsed = 0;

  constructor(private readonly bench: Bench) {}

  begin(): void {
    this.at = performance.now();
    this.before = this.read();
  }

  end(): void {
    const now = this.read();
    this.elapsed = performance.now() - this.at;
    const { server, database, generator } = this.before;
    this.used = {
      server: now.server - server,
      database: now.database - database,
      generator: now.generator - generator,
    };
  }

  figures(sends: number): Record<string, number | string> {
    const share = (ms: number): string => `${Math.round((ms / this.elapsed) * 100)} %`;
    return {
      'server µs': Math.round((this.used.server * 1000) / sends),
      'pg µs': Math.round((this.used.database * 1000) / sends),
      'server cpu': share(this.used.server),
      'pg cpu': share(this.used.database),
      'generator cpu': share(this.used.generator),
    };
  }

  private read(): { server: number; database: number; generator: number } {
    const { server, generator } = this.bench;
    return { server: server.process.cpuMs(), database: server.databaseCpuMs(), generator: generator.cpuMs() };
  }
}

export function percentiles(summary: LatencySummary | undefined): string {
  return summary ? [summary.p50, summary.p95, summary.p99].map((ms) => ms.toFixed(1)).join('/') : '';
}

/** A limit measured with nearly the same batch size is reused; one with a target is measured right after its row. */
async function bareLimit(
  { server, options }: Bench,
  { batch, shape: { isHot }, limits }: { batch: number; shape: Shape; limits: Map<string, number> },
): Promise<number> {
  const size = Math.max(1, Math.round(batch));
  const step = Math.round(Math.log2(size) * 2);
  const key = `${isHot ? 'hot' : 'spread'} ${step}`;
  const known = limits.get(key);
  if (known !== undefined) return known;
  const conversations = isHot ? 1 : CONVERSATIONS;
  const { rows, seconds } = await runBareLimit({
    databaseUrl: server.databaseUrl,
    conversations,
    batch: size,
    warmUpMs: WARM_UP_MS / 2,
    seconds: Math.max(1, options.seconds / 2),
  });
  limits.set(key, rows / seconds);
  return rows / seconds;
}

async function runBareLimit(job: BareLimitJob): Promise<BareLimitResult> {
  const writer = new MeasuredProcess('test/bench/bare-limit');
  try {
    await writer.printed(/ready/);
    return await new Promise((resolve, reject) => {
      writer.listen(({ result, failed }: { result?: BareLimitResult; failed?: string }) => {
        if (result) resolve(result);
        else if (failed) reject(new Error(`bare pg: ${failed}`));
      });
      writer.sendMessage(job);
    });
  } finally {
    await writer.end();
  }
}
