import sharp from 'sharp';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { readBitmapHeader } from './bitmap.js';
import type { FileReader } from './file-reader.js';
import { readHeif } from './heif-image.js';

/** The maximum of an image, which is in memory as a whole while it is encoded; a panorama of a phone has 63 million. */
export const MAX_PIXELS = 67_108_864;
/** The maximum of all frames of a GIF together, which are decoded one after the other. */
export const MAX_PIXELS_GIF = 100_000_000;
/** The minimum cost of a frame in pixels, however small it is. */
const MIN_FRAME_PIXELS = 33_000;

export interface ImageHeader {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** @throws InvalidFileType when the header is inconsistent */
export async function readImageHeader(file: FileReader, type: string): Promise<ImageHeader> {
  if (type === 'image/bmp') return { ...readBitmapHeader(await file.read(0, 256)), frames: 1 };
  if (type === 'image/heic') return { ...(await readHeif(file)), frames: 1 };
  if (type === 'image/avif') await readHeif(file);
  try {
    const { width, height, pages } = await sharp(file.path, { limitInputPixels: false }).metadata();
    return { width, height, frames: pages ?? 1 };
  } catch {
    throw InvalidFileType.broken();
  }
}

/** The maximum number of pixels of an image of this type, all frames together. */
export function maxPixelsOf(type: string): number {
  return type === 'image/gif' ? MAX_PIXELS_GIF : MAX_PIXELS;
}

/**
 * @throws FileTooLarge for an image that would cost too much to decode, because of the number or the size of its frames
 */
export function requireDecodableSize({ width, height, frames }: ImageHeader, type: string): void {
  const limit = maxPixelsOf(type);
  if (width * height * frames > limit) throw new FileTooLarge({ reason: 'too many pixels' });
  if (frames > 1 && frames * MIN_FRAME_PIXELS > MAX_PIXELS_GIF) throw new FileTooLarge({ reason: 'too many frames' });
}
