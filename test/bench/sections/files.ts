import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { type SampleFile, wav } from '../../fixtures/sample-files.js';
import type { Bench } from '../bench.js';
import { MeasuredProcess } from '../measured-process.js';
import { UploadClient, type UploadResult } from '../upload-client.js';
import type { Person } from '../world.js';

const AT_ONCE = 8;
const WARM_UP_SECONDS = 1;
const LARGE_BYTES = 30_000_000;
const LARGEST_BYTES = 50_000_000;
const LARGEST_AT_ONCE = 20;
const MOST_ABOVE_IDLE_MB = 200;
const IMAGES = 40;
const PATIENCE_MS = 60_000;
const MB = 1_000_000;

interface Target {
  readonly process: MeasuredProcess;
  readonly port: number;
  readonly path: string;
  readonly tokens: readonly (string | undefined)[];
}

/** Uploads, beside multer alone, which writes files to the same disk without checking or flushing them. */
export async function measureFiles(bench: Bench): Promise<void> {
  const { report, options } = bench;
  report.begin(`Uploads, ${AT_ONCE} at a time`);
  const people = await bench.world.people(IMAGES);
  const samples = [
    { id: 'text', label: 'text of 64 kB', sample: textFile(64_000) },
    { id: 'image', label: 'JPEG of 200 kB', sample: await photo() },
    { id: 'large', label: 'WAV of 30 MB', sample: sound(LARGE_BYTES) },
  ];
  for (const { id, label, sample } of samples) {
    const own = await measure(await parley(bench, people.slice(0, AT_ONCE)), sample, options.seconds);
    const bare = await besideBare(AT_ONCE, (target) => measure(target, sample, options.seconds));
    const ratio = own.uploads / own.seconds / (bare.uploads / bare.seconds);
    report.add({ id: `files.${id}`, label: `Parley, ${label}`, figures: figures(own, sample, ratio) });
    report.add({ id: `files.bare-${id}`, label: `bare multer, ${label}`, figures: figures(bare, sample) });
  }
  await measureScans(bench, people, samples[1]!.sample);
  await measureMemory(bench, people.slice(0, LARGEST_AT_ONCE));
}

/** How fast images that were uploaded at once become ready: checked, decoded and encoded again. */
async function measureScans(bench: Bench, people: readonly Person[], sample: SampleFile): Promise<void> {
  const { port, path, tokens } = await parley(bench, people);
  const client = new UploadClient(port, path, sample, tokens);
  const begunAt = performance.now();
  await client.allAtOnce();
  client.end();
  const waiting = `select count(*)::int as count from files where status <> 'ready'`;
  let left = IMAGES;
  while (left > 0 && performance.now() - begunAt < PATIENCE_MS) {
    await sleep(20);
    left = (await bench.world.query<{ count: number }>(waiting))[0]!.count;
  }
  const seconds = (performance.now() - begunAt) / 1000;
  bench.report.add({
    id: 'files.ready',
    label: `${IMAGES} of these JPEGs, until all are ready`,
    figures: { 'uploads/s': (IMAGES - left) / seconds, failures: left },
  });
}

async function measureMemory(bench: Bench, people: readonly Person[]): Promise<void> {
  const { report } = bench;
  report.begin(`Memory while ${LARGEST_AT_ONCE} files of 50 MB come in at once`);
  const own = await peakAboveIdle(await parley(bench, people));
  const bare = await besideBare(LARGEST_AT_ONCE, peakAboveIdle);
  report.add({
    id: 'files.memory',
    label: 'Parley',
    figures: own,
    target: { figure: 'MB above idle', most: MOST_ABOVE_IDLE_MB },
  });
  report.add({ id: 'files.bare-memory', label: 'bare multer', figures: bare });
}

/** A server without other work: the scans of earlier uploads are not part of the measurement. */
async function parley(bench: Bench, people: readonly Person[]): Promise<Target> {
  await bench.world.query('delete from files');
  const { process, port } = await bench.restart();
  return { process, port, path: '/api/v1/files', tokens: people.map(({ token }) => token) };
}

async function besideBare<T>(atOnce: number, work: (target: Target) => Promise<T>): Promise<T> {
  const process = new MeasuredProcess('test/bench/bare-uploads');
  try {
    const port = Number((await process.printed(/listening on (\d+)/))[1]);
    return await work({ process, port, path: '/', tokens: Array.from({ length: atOnce }, () => undefined) });
  } finally {
    await process.end();
  }
}

async function measure({ port, path, tokens }: Target, sample: SampleFile, seconds: number): Promise<UploadResult> {
  const client = new UploadClient(port, path, sample, tokens);
  try {
    await client.loop(WARM_UP_SECONDS);
    return await client.loop(seconds);
  } finally {
    client.end();
  }
}

/** The kernel's own maximum of resident memory, reset before. */
async function peakAboveIdle({ process, port, path, tokens }: Target): Promise<Record<string, number>> {
  const small = new UploadClient(port, path, sound(MB), tokens);
  await small.allAtOnce(); // code is compiled and pools are filled after that
  small.end();
  const idle = (await process.memory()).rss;
  writeFileSync(`/proc/${process.pid}/clear_refs`, '5');
  const client = new UploadClient(port, path, sound(LARGEST_BYTES), tokens);
  const begunAt = performance.now();
  await client.allAtOnce();
  client.end();
  const seconds = (performance.now() - begunAt) / 1000;
  const peak = 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))![1]);
  return { 'MB above idle': (peak - idle) / MB, 'idle MB': idle / MB, 'peak MB': peak / MB, s: seconds };
}

function figures(result: UploadResult, { bytes }: SampleFile, ratio?: number): Record<string, number | undefined> {
  const { uploads, seconds, failures, p50, p99 } = result;
  return {
    'uploads/s': uploads / seconds,
    'MB/s': (uploads * bytes.length) / seconds / MB,
    'of bare': ratio,
    'p50 ms': p50,
    'p99 ms': p99,
    failures,
  };
}

function textFile(length: number): SampleFile {
  return { name: 'a.txt', type: 'text/plain', category: 'document', bytes: Buffer.alloc(length, 'words and lines\n') };
}

function sound(length: number): SampleFile {
  return { name: 'a.wav', type: 'audio/wav', category: 'audio', bytes: wav(length) };
}

async function photo(): Promise<SampleFile> {
  const noise = { type: 'gaussian', mean: 128, sigma: 16 } as const;
  const picture = sharp({ create: { width: 1200, height: 900, channels: 3, background: 'grey', noise } });
  return {
    name: 'a.jpg',
    type: 'image/jpeg',
    category: 'image',
    bytes: await picture.jpeg({ quality: 75 }).toBuffer(),
  };
}
