import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Pixels } from './checks/bitmap.js';

const ENTRY = fileURLToPath(new URL(`./decode-heif-thread${extname(import.meta.url)}`, import.meta.url));

/**
 * Decodes the primary image of a HEIC or HEIF, oriented as it is displayed; undefined when the decoder cannot.
 *
 * The decoder (libheif, compiled to WebAssembly) occupies its thread until it ends. In a thread of its own the process can
 * still watch its memory, and all memory of the decoder is freed with the thread.
 */
export async function decodeHeif(path: string): Promise<Pixels | undefined> {
  const thread = new Worker(ENTRY, { workerData: path });
  try {
    return await new Promise((resolve) => {
      thread.once('message', (decoded: Omit<Pixels, 'data'> & { data: Uint8Array }) =>
        resolve({ ...decoded, data: Buffer.from(decoded.data.buffer) }),
      );
      thread.once('error', () => resolve(undefined));
      thread.once('exit', () => resolve(undefined));
    });
  } finally {
    await thread.terminate();
  }
}
