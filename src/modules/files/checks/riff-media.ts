import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

const MAX_CHUNKS = 1000;
/** The length of the longest format of a WAV. */
const FORMAT_MAX = 40;
/** Written by recorders that do not know the size yet. */
const UNKNOWN_SIZES = [0, 0xffffffff];

/**
 * Reads the form and duration of WAV, AVI and WebP. Nothing may follow the declared end.
 * @throws InvalidFileType
 */
export async function readRiff(file: FileReader): Promise<{ form: string; duration: number | undefined }> {
  const header = await file.read(0, 12);
  if (header.length < 12) throw InvalidFileType.broken();
  const size = header.readUInt32LE(4);
  const form = header.toString('latin1', 8, 12);
  // An image is encoded anew, without what follows it.
  if (form === 'WEBP') return { form, duration: undefined };
  if (!UNKNOWN_SIZES.includes(size) && file.size > size + 8 + (size % 2)) throw InvalidFileType.broken();
  return { form, duration: form === 'AVI ' ? await aviDuration(file) : await waveDuration(file) };
}

/** The format of a WAV, and where its samples are. */
interface WaveChunks {
  /** The content of the chunk `fmt `, at least 16 bytes. */
  readonly format: Buffer;
  readonly data: { readonly start: number; readonly length: number };
}

/** @throws InvalidFileType if a WAV has no format before its samples, or no samples */
export async function findChunks(file: FileReader): Promise<WaveChunks> {
  let format: Buffer | undefined;
  for (let at = 12, count = 0; at + 8 <= file.size && count < MAX_CHUNKS; count++) {
    const head = await file.read(at, 8 + FORMAT_MAX);
    const type = head.toString('latin1', 0, 4);
    const size = head.readUInt32LE(4);
    if (type === 'fmt ' && head.length >= 24)
      format = Buffer.from(head.subarray(8, 8 + Math.max(16, Math.min(size, FORMAT_MAX))));
    if (type === 'data') {
      if (format === undefined) throw InvalidFileType.broken();
      return { format, data: { start: at + 8, length: Math.min(size, file.size - at - 8) } };
    }
    at += 8 + size + (size % 2);
  }
  throw InvalidFileType.broken();
}

async function waveDuration(file: FileReader): Promise<number | undefined> {
  const { format, data } = await findChunks(file);
  const rate = format.readUInt32LE(8);
  return rate > 0 ? data.length / rate : undefined;
}

async function aviDuration(file: FileReader): Promise<number | undefined> {
  const head = await file.read(12, 64);
  const isList = head.toString('latin1', 0, 4) === 'LIST' && head.toString('latin1', 8, 16) === 'hdrlavih';
  if (!isList || head.length < 40) throw InvalidFileType.broken();
  const microsPerFrame = head.readUInt32LE(20);
  const frames = head.readUInt32LE(36);
  return microsPerFrame > 0 && frames > 0 ? (microsPerFrame * frames) / 1e6 : undefined;
}
