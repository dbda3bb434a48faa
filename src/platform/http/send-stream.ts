import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** A client that reads nothing for this time counts as disconnected, even if its connection is open. */
const STALLED_AFTER_MS = 60_000;

/**
 * Sends a stream as the response, and closes it in every case. A client that disconnects or stops reading is not an
 * error; if the stream fails, the client sees an incomplete response.
 */
export async function sendStream(response: ServerResponse, stream: Readable): Promise<void> {
  // With nothing to write, the stream is slow and not the client.
  response.setTimeout(STALLED_AFTER_MS, () => response.writableLength > 0 && response.destroy());
  await pipeline(stream, response).catch(() => response.destroy());
}

/** Sends an archive without a length in advance; the client detects an aborted one. */
export async function sendArchive(response: Response, archive: Readable, name: string): Promise<void> {
  response.setHeader('Content-Type', 'application/zip');
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  await sendStream(response, archive);
}
