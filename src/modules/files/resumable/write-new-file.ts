import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AppError, ServiceUnavailable } from '../../../platform/errors/app-error.js';

/** Writes a file at a path where nothing exists; removes what it wrote after an error. @throws ServiceUnavailable */
export async function writeNewFile(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  try {
    await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    await rm(path, { force: true });
    throw error instanceof AppError ? error : new ServiceUnavailable(undefined, { cause: error });
  }
}
