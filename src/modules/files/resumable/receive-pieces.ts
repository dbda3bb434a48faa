import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { writeNewFile } from './write-new-file.js';

/** Smaller than a part of the store, so that a piece is stored with one request and no more than it is in memory. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Consecutive bytes of a body in a temporary file, which the caller moves or removes. */
export interface ReceivedPiece {
  readonly path: string;
  readonly size: number;
}

interface PieceOptions {
  readonly createPath: () => string;
  /** Ends the reception at once; what arrived since the last piece is lost. */
  readonly takenOver: AbortSignal;
}

/**
 * Writes a body to files of 4 MiB while it arrives, and yields each of them. A connection that ends is the end of the last
 * piece: what has arrived is not lost. @throws ServiceUnavailable when the disk is full
 */
export async function* receivePieces(body: Readable, options: PieceOptions): AsyncGenerator<ReceivedPiece> {
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  for (let isEnded = false; !isEnded && !options.takenOver.aborted;) {
    const path = options.createPath();
    let size = 0;
    const write = async function* (): AsyncGenerator<Buffer> {
      while (size < PIECE_BYTES) {
        const chunk = await nextOf(chunks, options.takenOver);
        isEnded = !chunk;
        if (!chunk) return;
        size += chunk.length;
        yield chunk;
      }
    };
    await writeNewFile(path, write());
    if (size > 0 && !options.takenOver.aborted) yield { path, size };
    else await rm(path, { force: true });
  }
}

/** Undefined at the end of the body, of its connection, or when another request has taken over. */
async function nextOf(chunks: AsyncIterator<Buffer>, takenOver: AbortSignal): Promise<Buffer | undefined> {
  let stop: (() => void) | undefined;
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    takenOver.addEventListener('abort', stop, { once: true });
    if (takenOver.aborted) stop();
  });
  const next = chunks.next().then(
    ({ done, value }) => (done ? undefined : value),
    () => undefined,
  );
  try {
    return await Promise.race([next, stopped]);
  } finally {
    takenOver.removeEventListener('abort', stop!);
  }
}
