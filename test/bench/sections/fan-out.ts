import type { Bench } from '../bench.js';
import type { FanOutJob, FanOutResult } from '../jobs.js';
import { MeasuredProcess } from '../measured-process.js';

const SOCKETS = 1000;
const SENDERS = 8;
const WINDOW = 8;
const WARM_UP_MS = 1500;
const LEAST_OF_BARE = 0.7;

/** One conversation of a thousand, beside `ws` alone, which sends the same bytes to as many. */
export async function measureFanOut(bench: Bench): Promise<void> {
  const { report, options, server, world } = bench;
  report.begin(`Deliveries into one conversation with ${SOCKETS.toLocaleString('en')} sockets`);
  const people = await world.people(SOCKETS);
  const [conversationId] = await world.groups([people]);
  const job: FanOutJob = {
    kind: 'fan-out',
    port: server.port,
    path: '/api/v1/realtime',
    tokens: people.map(({ token }) => token),
    conversationId: conversationId!,
    senders: SENDERS,
    window: WINDOW,
    warmUpMs: WARM_UP_MS,
    seconds: options.seconds,
  };
  await world.settle();
  const own = await run(bench, job, server.process);
  const bare = await besideBare(bench, job, own.result.sample);
  const perSecond = own.result.deliveries / own.result.seconds;
  const barePerSecond = bare.result.deliveries / bare.result.seconds;
  const rows = [
    { id: 'fan-out.parley', label: 'Parley, stored and in order', of: own, ratio: perSecond / barePerSecond },
    { id: 'fan-out.bare', label: 'bare ws, the same bytes', of: bare, ratio: undefined },
  ];
  for (const { id, label, of, ratio } of rows) {
    const { result, serverShare, generatorShare } = of;
    report.add({
      id,
      label,
      figures: {
        'deliveries/s': result.deliveries / result.seconds,
        'sends/s': result.sends / result.seconds,
        'of bare': ratio,
        'bytes each': Buffer.byteLength(result.sample),
        'server cpu': `${serverShare} %`,
        'generator cpu': `${generatorShare} %`,
        failures: result.failures,
      },
      target: ratio === undefined ? undefined : { figure: 'of bare', least: LEAST_OF_BARE },
    });
    if (result.firstFailure) process.stderr.write(`    first failure: ${result.firstFailure}\n`);
  }

  async function besideBare(of: Bench, like: FanOutJob, frame: string): Promise<Measured> {
    const bareServer = new MeasuredProcess('test/bench/bare-web-sockets', { BENCH_FRAME: frame });
    try {
      const port = Number((await bareServer.printed(/listening on (\d+)/))[1]);
      return await run(of, { ...like, port, path: '/', tokens: like.tokens.map(() => undefined) }, bareServer);
    } finally {
      await bareServer.end();
    }
  }
}

interface Measured {
  readonly result: FanOutResult;
  readonly serverShare: number;
  readonly generatorShare: number;
}

async function run({ generator }: Bench, job: FanOutJob, server: MeasuredProcess): Promise<Measured> {
  let [serverMs, generatorMs] = [0, 0];
  const result = await generator.work<FanOutResult>(job, {
    begin: () => {
      serverMs -= server.cpuMs();
      generatorMs -= generator.cpuMs();
    },
    end: () => {
      serverMs += server.cpuMs();
      generatorMs += generator.cpuMs();
    },
  });
  const share = (ms: number): number => Math.round(ms / result.seconds / 10);
  return { result, serverShare: share(serverMs), generatorShare: share(generatorMs) };
}
