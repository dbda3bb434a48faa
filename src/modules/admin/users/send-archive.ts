import type { Readable } from 'node:stream';
import type { Response } from 'express';
import { sendStream } from '../../../platform/http/send-stream.js';

/** Answers with an archive, which has no length beforehand: one that breaks off shows as broken off. */
export async function sendArchive(response: Response, archive: Readable, name: string): Promise<void> {
  response.setHeader('Content-Type', 'application/zip');
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  await sendStream(response, archive);
}
