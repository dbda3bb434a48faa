import type { FileReader } from './file-reader.js';
import { findChunks } from './riff-media.js';

/** The number of parts of a waveform. */
export const WAVEFORM_PARTS = 64;
export const LOUDEST = 100;
/** At most this many sample frames of a part are read, in runs: an hour of sound needs no more than a minute. */
const RUNS_PER_PART = 16;
const RUN_BYTES = 16 * 1024;

const PCM = 1;
const FLOAT = 3;
/** The real format is in an extension. */
const EXTENSIBLE = 0xfffe;

/**
 * Returns the loudest sample of each of 64 equal parts of a WAV, from 0 to 100; undefined for compressed sound. Of a long
 * part it reads samples only. @throws InvalidFileType
 */
export async function readWaveform(file: FileReader): Promise<number[] | undefined> {
  const { format, data } = await findChunks(file);
  const code = format.readUInt16LE(0);
  const encoding = code === EXTENSIBLE && format.length >= 26 ? format.readUInt16LE(24) : code;
  const channels = format.readUInt16LE(2);
  const bytes = format.readUInt16LE(14) / 8;
  const read = sampleReader(encoding, bytes);
  const frame = bytes * channels;
  const frames = Math.floor(data.length / Math.max(1, frame));
  if (!read || channels === 0 || frames === 0) return undefined;
  const parts: number[] = [];
  for (let part = 0; part < WAVEFORM_PARTS; part++) {
    const first = Math.floor((part * frames) / WAVEFORM_PARTS);
    const end = Math.max(first + 1, Math.floor(((part + 1) * frames) / WAVEFORM_PARTS));
    parts.push(
      Math.round(
        LOUDEST *
          (await loudest(file, { from: data.start + first * frame, to: data.start + end * frame, bytes, frame, read })),
      ),
    );
  }
  return parts;
}

type ReadSample = (buffer: Buffer, at: number) => number;

/** Reads a sample as a number from -1 to 1. */
function sampleReader(encoding: number, bytes: number): ReadSample | undefined {
  if (encoding === FLOAT) return bytes === 4 ? (buffer, at) => buffer.readFloatLE(at) : undefined;
  if (encoding !== PCM || ![1, 2, 3, 4].includes(bytes)) return undefined;
  if (bytes === 1) return (buffer, at) => (buffer[at]! - 128) / 128;
  const scale = 2 ** (8 * bytes - 1);
  return (buffer, at) => buffer.readIntLE(at, bytes) / scale;
}

interface Part {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly frame: number;
  readonly read: ReadSample;
}

async function loudest(file: FileReader, { from, to, bytes, frame, read }: Part): Promise<number> {
  const length = to - from;
  const run = Math.max(frame, RUN_BYTES - (RUN_BYTES % frame));
  const runs = Math.min(RUNS_PER_PART, Math.ceil(length / run));
  let peak = 0;
  for (let n = 0; n < runs; n++) {
    const offset = Math.floor(((length / runs) * n) / frame) * frame;
    const buffer = await file.read(from + offset, Math.min(run, length - offset));
    for (let at = 0; at + bytes <= buffer.length; at += bytes) {
      const sample = Math.abs(read(buffer, at));
      if (sample > peak) peak = sample;
    }
  }
  return Number.isFinite(peak) ? Math.min(1, peak) : 1;
}
