import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/**
 * Answers with an archive; a reader that goes away in the middle ends it, and one that breaks off shows as broken off.
 */
export async function sendArchive(response: Response, archive: Readable, name: string): Promise<void> {
  response.setHeader('Content-Type', 'application/zip');
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  await pipeline(archive, response).catch(() => response.destroy());
}
