import type { Response } from 'express';
import { sendStream } from '../../platform/http/send-stream.js';
import type { Download } from './open-download.js';

/** Sends a download as the response. */
export async function sendDownload(response: Response, { status, headers, body }: Download): Promise<void> {
  const isSent = body && response.req.method !== 'HEAD';
  const stream = isSent ? await body() : undefined;
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (stream) await sendStream(response, stream);
  else response.end();
}
