/** `npm run bench`: measures the program as it is started, beside the limits of what it is built on. */
import { Bench } from './bench.js';
import type { TransportName } from './jobs.js';
import { type BenchOptions, readOptions, type SectionName, USAGE } from './options.js';
import { measureBroadcast } from './sections/broadcast.js';
import { measureFanOut } from './sections/fan-out.js';
import { measureFiles } from './sections/files.js';
import { measureIdleConnections } from './sections/idle-connections.js';
import { measureLatency } from './sections/latency.js';
import { measureLightRequests } from './sections/light-requests.js';
import { makeSendScene, measureSends } from './sections/sends.js';
import { measureOverload } from './sections/overload.js';
import { measureSearches } from './sections/search.js';
import { measureStarts } from './sections/starts.js';
import { measureUsers } from './sections/users.js';
import { measureWebhooks } from './sections/webhooks.js';

const SEND_SECTIONS: readonly (readonly [SectionName, TransportName])[] = [
  ['send-ws', 'ws'],
  ['send-socket-io', 'socket.io'],
  ['send-rest', 'rest'],
];

async function measure(bench: Bench): Promise<void> {
  const { sections } = bench.options;
  if (sections.has('start')) await measureStarts(bench);
  else await bench.restart();
  const transports = SEND_SECTIONS.filter(([section]) => sections.has(section)).map(([, transport]) => transport);
  if (transports.length > 0 || sections.has('latency')) {
    const scene = await makeSendScene(bench);
    if (transports.length > 0) await measureSends(bench, scene, transports);
    if (sections.has('latency')) await measureLatency(bench, scene);
  }
  if (sections.has('frames')) await measureLightRequests(bench, ['ws', 'socket.io']);
  if (sections.has('requests')) await measureLightRequests(bench, ['rest']);
  if (sections.has('overload')) await measureOverload(bench);
  if (sections.has('fan-out')) await measureFanOut(bench);
  if (sections.has('broadcast')) await measureBroadcast(bench);
  if (sections.has('webhooks')) await measureWebhooks(bench);
  if (sections.has('users')) await measureUsers(bench);
  if (sections.has('files')) await measureFiles(bench);
  if (sections.has('search')) await measureSearches(bench);
  if (sections.has('idle')) await measureIdleConnections(bench);
}

async function run(options: BenchOptions): Promise<void> {
  const bench = new Bench(options);
  const interrupted = (): void => void bench.end().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    await measure(bench);
  } finally {
    bench.report.print();
    process.stdout.write(`written to ${bench.report.write({ ...options, sections: [...options.sections] })}\n`);
    await bench.end();
  }
}

let options: BenchOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
await run(options);
