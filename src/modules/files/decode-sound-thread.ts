/** A thread that decodes one sound for its waveform: see `decodeSound`. An error ends it. */
import { parentPort, workerData } from 'node:worker_threads';
import { decodeWaveform } from './decode-waveform.js';
import { FileReader } from './checks/file-reader.js';

/** Short packets cost as many reads as long ones. */
const BYTES_PER_STEP = 4;

const { path, type } = workerData as { readonly path: string; readonly type: string };
const reader = await FileReader.open(path, BYTES_PER_STEP);
parentPort?.postMessage((await decodeWaveform(reader, type)) ?? null);
await reader.close();
