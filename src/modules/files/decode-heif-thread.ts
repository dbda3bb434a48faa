/** A thread that decodes the primary image of one HEIC: see `decodeHeif`. An error ends it. */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { decodePixels } from './checks/heif-pixels.js';

const pixels = await decodePixels(await readFile(workerData as string));
parentPort?.postMessage(pixels, [pixels.data.buffer]);
