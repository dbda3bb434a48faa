import sharp from 'sharp';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { readBitmapHeader } from './bitmap.js';
import type { Bytes } from './bytes.js';

/** Of all frames together. 50 million are 200 MB in memory. */
export const MAX_PIXELS = 50_000_000;
const MAX_SIDE = 20_000;
const MAX_FRAMES = 200;

// What is decoded is never decoded again, and one image at a time is enough for a process that has other work.
sharp.cache(false);
sharp.concurrency(1);

/** @throws FileTooLarge for an image that would take too much memory, by its header; InvalidFileType without one */
export async function requireSmallImage(bytes: Bytes, type: string): Promise<void> {
  const { width, height, frames } = await dimensionsOf(bytes, type);
  if (frames > MAX_FRAMES) throw new FileTooLarge({ reason: 'too many frames' });
  if (width > MAX_SIDE || height > MAX_SIDE || width * height * frames > MAX_PIXELS) {
    throw new FileTooLarge({ reason: 'too many pixels' });
  }
}

async function dimensionsOf(bytes: Bytes, type: string): Promise<{ width: number; height: number; frames: number }> {
  if (type === 'image/bmp') return { ...readBitmapHeader(await bytes.read(0, 256)), frames: 1 };
  try {
    const { width, height, pages } = await sharp(bytes.path, { limitInputPixels: false }).metadata();
    return { width, height, frames: pages ?? 1 };
  } catch {
    throw new InvalidFileType('is broken');
  }
}
