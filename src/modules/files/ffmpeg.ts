import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const TIME_MS = 20_000;
/** Resident memory. A frame of 67 million pixels and those it refers to need less. */
const MEMORY_BYTES = 1024 * 1024 * 1024;
const WATCH_MS = 20;
const PAGE_BYTES = 4096;
const MAX_ALLOCATION = 512 * 1024 * 1024;
const MAX_PIXELS = 67_108_864;

/** The demultiplexer of each type: without a name, a file may choose one that opens other files. */
const FORMATS: Readonly<Record<string, string>> = {
  'audio/mp4': 'mov',
  'video/mp4': 'mov',
  'video/quicktime': 'mov',
  'video/webm': 'matroska',
  'video/x-msvideo': 'avi',
};

export interface FfmpegRun {
  readonly ffmpeg: string;
  readonly path: string;
  readonly type: string;
  /** Options before the input, and those after it. */
  readonly before?: readonly string[];
  readonly after: readonly string[];
  /** Receives the output; false ends the program. */
  readonly receive: (bytes: Buffer) => boolean;
  readonly timeMs?: number;
}

/**
 * Runs ffmpeg on a file, with one thread, without a shell, a network or an environment. It is killed when it exceeds its time or
 * memory (where the system shows it, as Linux does); its own limit of time ends it even if this process is killed.
 * Returns whether it ended without an error.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<boolean> {
  const { ffmpeg, path, type, before = [], after, receive, timeMs = TIME_MS } = run;
  const format = FORMATS[type];
  if (format === undefined) return false;
  const child = spawn(
    ffmpeg,
    [
      ...['-v', 'quiet', '-nostdin', '-timelimit', String(Math.ceil(timeMs / 1000))],
      ...['-max_alloc', String(MAX_ALLOCATION), '-filter_threads', '1'],
      ...['-protocol_whitelist', 'file,pipe', '-threads', '1', '-max_pixels', String(MAX_PIXELS)],
      ...['-f', format, ...before, '-i', `file:${path}`],
      ...[...after, '-threads', '1', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env: {}, shell: false },
  );
  const end = (): void => void child.kill('SIGKILL');
  const late = setTimeout(end, timeMs);
  const watch = setInterval(() => void memoryOf(child.pid).then((bytes) => bytes > MEMORY_BYTES && end()), WATCH_MS);
  child.stdout.on('data', (bytes: Buffer) => receive(bytes) || end());
  try {
    return await new Promise((done) => {
      child.once('error', () => done(false));
      child.once('close', (code) => done(code === 0));
    });
  } finally {
    clearTimeout(late);
    clearInterval(watch);
  }
}

async function memoryOf(pid: number | undefined): Promise<number> {
  const pages = await readFile(`/proc/${pid}/statm`, 'latin1').catch(() => '');
  return Number(pages.split(' ')[1] ?? 0) * PAGE_BYTES;
}
