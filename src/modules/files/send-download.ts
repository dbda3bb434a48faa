import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Download } from './open-download.js';

/** Answers with a download; a reader that goes away in the middle is nobody's error. */
export async function sendDownload(response: Response, { status, headers, body }: Download): Promise<void> {
  const isSent = body && response.req.method !== 'HEAD';
  const stream = isSent ? await body() : undefined;
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!stream) response.end();
  else await pipeline(stream, response).catch(() => response.destroy());
}
