import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

const MAX_CHUNKS = 1000;
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

async function waveDuration(file: FileReader): Promise<number | undefined> {
  let rate: number | undefined;
  for (let at = 12, count = 0; at + 8 <= file.size && count < MAX_CHUNKS; count++) {
    const head = await file.read(at, 24);
    const type = head.toString('latin1', 0, 4);
    const size = head.readUInt32LE(4);
    if (type === 'fmt ' && head.length >= 20) rate = head.readUInt32LE(16);
    if (type === 'data') {
      if (rate === undefined) throw InvalidFileType.broken();
      return rate > 0 ? Math.min(size, file.size - at - 8) / rate : undefined;
    }
    at += 8 + size + (size % 2);
  }
  throw InvalidFileType.broken();
}

async function aviDuration(file: FileReader): Promise<number | undefined> {
  const head = await file.read(12, 64);
  const isList = head.toString('latin1', 0, 4) === 'LIST' && head.toString('latin1', 8, 16) === 'hdrlavih';
  if (!isList || head.length < 40) throw InvalidFileType.broken();
  const microsPerFrame = head.readUInt32LE(20);
  const frames = head.readUInt32LE(36);
  return microsPerFrame > 0 && frames > 0 ? (microsPerFrame * frames) / 1e6 : undefined;
}
