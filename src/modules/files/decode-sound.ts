import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const ENTRY = fileURLToPath(new URL(`./decode-sound-thread${extname(import.meta.url)}`, import.meta.url));
/** An hour of stereo needs about half of it on one core. */
const TIME_MS = 40_000;

/**
 * Returns the waveform of compressed sound; undefined when there is no decoder, the sound cannot be decoded, or it takes too
 * long.
 *
 * The decoders (compiled to WebAssembly) occupy their thread. In a thread of its own the process can still watch its memory and
 * the time, and all memory of a decoder is freed with the thread.
 */
export async function decodeSound(path: string, type: string, timeMs = TIME_MS): Promise<number[] | undefined> {
  // The decoders write each error of a file to the console.
  const thread = new Worker(ENTRY, { workerData: { path, type }, stdout: true, stderr: true });
  thread.stdout.resume();
  thread.stderr.resume();
  let late: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      late = setTimeout(() => resolve(undefined), timeMs);
      thread.once('message', (waveform: number[] | null) => resolve(waveform ?? undefined));
      thread.once('error', () => resolve(undefined));
      thread.once('exit', () => resolve(undefined));
    });
  } finally {
    clearTimeout(late);
    await thread.terminate();
  }
}
