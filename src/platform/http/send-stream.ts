import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A reader that takes nothing for so long has gone, whatever his connection says. */
const PATIENCE_MS = 60_000;

/**
 * Answers with a stream, which is closed however this ends: a reader that goes away in the middle, or takes nothing any
 * more, is nobody's error, and a stream that fails shows as broken off.
 */
export async function sendStream(response: ServerResponse, stream: Readable): Promise<void> {
  // A stream that is slow leaves nothing to be taken: that is not the reader's doing.
  response.setTimeout(PATIENCE_MS, () => response.writableLength > 0 && response.destroy());
  await pipeline(stream, response).catch(() => response.destroy());
}
