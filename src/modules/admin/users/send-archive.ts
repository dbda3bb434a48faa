import type { Readable } from 'node:stream';
import type { Response } from 'express';
import { sendStream } from '../../../platform/http/send-stream.js';

/** Sends an archive without a length in advance; the client detects an aborted one. */
export async function sendArchive(response: Response, archive: Readable, name: string): Promise<void> {
  response.setHeader('Content-Type', 'application/zip');
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  await sendStream(response, archive);
}
