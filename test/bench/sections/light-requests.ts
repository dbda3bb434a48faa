import type { Bench } from '../bench.js';
import { writeProfile } from '../hot-spots.js';
import type { LightRequestsJob, SendResult, TransportName } from '../jobs.js';
import { CpuClock, percentiles } from './sends.js';

const CLIENTS = 64;
const WARM_UP_MS = 3000;
/** What one client sends, and how many at once. A REST client has one connection for each. */
const REQUESTS: Record<TransportName, { readonly label: string; readonly inFlight: number }> = {
  ws: { label: 'ping over WebSocket', inFlight: 8 },
  'socket.io': { label: 'ping over Socket.IO', inFlight: 8 },
  rest: { label: 'GET /users/me, one connection each', inFlight: 1 },
};

/** Authenticated requests that store nothing: the cost of the path to a handler and back. */
export async function measureLightRequests(bench: Bench, transports: readonly TransportName[]): Promise<void> {
  const { report, options, server, generator, world } = bench;
  report.begin(`Requests that store nothing: ${CLIENTS} users; latencies in ms (p50/p95/p99)`);
  const people = await world.people(CLIENTS);
  for (const transport of transports) {
    const { label, inFlight } = REQUESTS[transport];
    const job: LightRequestsJob = {
      kind: 'light-requests',
      transport,
      port: server.port,
      inFlight,
      warmUpMs: WARM_UP_MS,
      seconds: options.seconds,
      senders: people.map(({ token }) => ({ token, conversations: [] })),
      readers: [],
    };
    const id = `light.${transport}`;
    const clock = new CpuClock(bench);
    if (options.profile) await server.process.startProfile();
    const result = await generator.work<SendResult>(job, {
      begin: () => clock.begin(),
      end: async () => {
        clock.end();
        if (options.profile) writeProfile(id, await server.process.stopProfile());
      },
    });
    report.add({
      id,
      label,
      figures: {
        'requests/s': result.acknowledged / result.seconds,
        answered: percentiles(result.toAcknowledgement),
        ...clock.figures(result.acknowledged),
        failures: result.failures,
      },
      raw: result,
    });
    if (result.firstFailure) process.stderr.write(`    first failure: ${result.firstFailure}\n`);
  }
}
