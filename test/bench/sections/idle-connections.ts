import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { writeProfile } from '../hot-spots.js';
import type { IdleJob, IdleResult } from '../jobs.js';
import { MeasuredProcess } from '../measured-process.js';
import type { Person } from '../world.js';

/**
 * Connections opened and closed before the idle process is measured: code is compiled and pools are filled after that.
 */
const WARM_UP = 200;
const SETTLE_MS = 2000;
const MOST_TIMES_BARE = 1.5;

type Transport = IdleJob['transport'];
const NAMES: Record<Transport, string> = { ws: 'WebSocket', 'socket.io': 'Socket.IO' };
const BARE: Record<Transport, string> = { ws: 'bare-web-sockets', 'socket.io': 'bare-socket-io' };

interface Weighed {
  readonly result: IdleResult;
  /** KiB a connection: of the process's resident memory, and of what V8 and its buffers hold. */
  readonly resident: number;
  readonly held: number;
  /** Processor time of the server to make one. */
  readonly connectMicroseconds: number;
}

/** The larger of the two: a heap with free space grows without the process growing. */
function sizeOf({ resident, held }: Weighed): number {
  return Math.max(resident, held);
}

/** The cost of an open idle connection, beside the bare transport; each user has one conversation. */
export async function measureIdleConnections(bench: Bench): Promise<void> {
  const { report, options } = bench;
  const { connections } = options;
  report.begin(`Memory of an idle connection, at ${connections.toLocaleString('en')} connections`);
  const people = await bench.world.people(connections + (connections % 2));
  await bench.world.groups(pairs(people));
  for (const transport of ['ws', 'socket.io'] as const) {
    const server = await bench.restart();
    const own = await weigh(bench, server.process, {
      transport,
      port: server.port,
      people: people.slice(0, connections),
    });
    const bare = await weighBare(bench, transport);
    const figures = (weighed: Weighed, ratio?: number): Record<string, number | undefined> => ({
      'KiB each': sizeOf(weighed),
      'of bare': ratio,
      resident: weighed.resident,
      'heap and buffers': weighed.held,
      connected: weighed.result.connected,
      'connects/s': (weighed.result.connected / weighed.result.connectMs) * 1000,
      'server µs a connect': weighed.connectMicroseconds,
      failures: weighed.result.failures,
    });
    report.add({
      id: `idle.${transport}`,
      label: `Parley, ${NAMES[transport]}`,
      figures: figures(own, sizeOf(own) / sizeOf(bare)),
      target: { figure: 'of bare', most: MOST_TIMES_BARE },
    });
    report.add({ id: `idle.bare-${transport}`, label: `bare ${NAMES[transport]}`, figures: figures(bare) });
    const reason = own.result.firstFailure ?? bare.result.firstFailure;
    if (reason) process.stderr.write(`    first failure: ${reason}\n`);
  }
}

function pairs(people: readonly Person[]): Person[][] {
  return Array.from({ length: people.length / 2 }, (_, index) => [people[2 * index]!, people[2 * index + 1]!]);
}

async function weighBare(bench: Bench, transport: Transport): Promise<Weighed> {
  const server = new MeasuredProcess(`test/bench/${BARE[transport]}`);
  try {
    const port = Number((await server.printed(/listening on (\d+)/))[1]);
    return await weigh(bench, server, { transport, port });
  } finally {
    await server.end();
  }
}

/** Without users the server is a bare one. */
async function weigh(
  { generator, options }: Bench,
  server: MeasuredProcess,
  { transport, port, people }: { transport: Transport; port: number; people?: readonly Person[] },
): Promise<Weighed> {
  const job = (count: number): IdleJob => ({
    kind: 'idle',
    transport,
    port,
    path: '/',
    tokens: Array.from({ length: count }, (_, index) => people?.[index]?.token),
  });
  await generator.work<IdleResult>(job(Math.min(WARM_UP, options.connections)), { begin: () => generator.release() });
  await sleep(SETTLE_MS);
  const before = await server.memory();
  let after = before;
  if (options.profile) await server.startProfile();
  let cpuMs = -server.cpuMs();
  const result = await generator.work<IdleResult>(job(options.connections), {
    begin: async () => {
      cpuMs += server.cpuMs();
      if (options.profile)
        writeProfile(`connect.${people ? 'parley' : 'bare'}-${transport}`, await server.stopProfile());
      await sleep(SETTLE_MS);
      after = await server.memory();
      generator.release();
    },
  });
  const each = (bytes: number): number => bytes / result.connected / 1024;
  const held = ({ heapUsed, external }: NodeJS.MemoryUsage): number => heapUsed + external;
  return {
    result,
    resident: each(after.rss - before.rss),
    held: each(held(after) - held(before)),
    connectMicroseconds: (cpuMs * 1000) / result.connected,
  };
}
