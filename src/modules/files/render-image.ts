import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { encode } from 'blurhash';
import sharp, { type Sharp } from 'sharp';
import { decodeBitmap, encodeBitmap } from './checks/bitmap.js';
import { MAX_PIXELS } from './checks/image-header.js';

const THUMBNAIL_SIDE = 400;
const BLUR_SIDE = 32;

export interface RenderedImage {
  readonly width: number;
  readonly height: number;
  readonly blurhash: string;
  readonly size: number;
  readonly contentHash: string;
}

export interface RenderTask {
  readonly path: string;
  readonly type: string;
  /** Where the image goes, and the small one: paths nothing is at. */
  readonly target: string;
  readonly thumbnail: string;
}

/**
 * Decodes an image completely and writes it anew to `target`, the right way up and without a word of metadata, and a
 * small one to `thumbnail`. What was hidden in or behind the old one is not in the new one.
 * @throws Error when it cannot be decoded
 */
export async function renderImage({ path, type, target, thumbnail }: RenderTask): Promise<RenderedImage> {
  const isBitmap = type === 'image/bmp';
  const { width, height } = isBitmap ? await renderBitmap(path, target) : await render(path, type, target);
  const small = isBitmap ? await bitmapInput(path) : open(path).autoOrient();
  await small
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 75 })
    .toFile(thumbnail);
  const { size } = await stat(target);
  return { width, height, size, blurhash: await blurhashOf(thumbnail), contentHash: await hashOf(target) };
}

function open(path: string, pages = 1): Sharp {
  return sharp(path, { limitInputPixels: MAX_PIXELS, failOn: 'error', pages });
}

async function render(path: string, type: string, target: string): Promise<{ width: number; height: number }> {
  const { pages = 1 } = await sharp(path, { limitInputPixels: MAX_PIXELS }).metadata();
  // Several frames lie on top of each other in memory and cannot be turned; they have no orientation either.
  const image = pages > 1 ? open(path, -1) : open(path).autoOrient();
  const { width, height, pageHeight } = await encoded(image, type).toFile(target);
  return { width, height: pageHeight ?? Math.round(height / pages) };
}

function encoded(image: Sharp, type: string): Sharp {
  switch (type) {
    case 'image/png':
      return image.png({ compressionLevel: 6 });
    case 'image/gif':
      return image.gif({ effort: 3 });
    case 'image/webp':
      return image.webp({ quality: 85, effort: 3 });
    case 'image/tiff':
      return image.tiff({ compression: 'deflate' });
    default:
      return image.jpeg({ quality: 90 });
  }
}

async function renderBitmap(path: string, target: string): Promise<{ width: number; height: number }> {
  const pixels = decodeBitmap(await readFile(path));
  await writeFile(target, encodeBitmap(pixels));
  return pixels;
}

async function bitmapInput(path: string): Promise<Sharp> {
  const { width, height, data } = decodeBitmap(await readFile(path));
  return sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: MAX_PIXELS });
}

async function blurhashOf(thumbnail: string): Promise<string> {
  const { data, info } = await sharp(thumbnail)
    .resize(BLUR_SIDE, BLUR_SIDE, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return encode(new Uint8ClampedArray(data), info.width, info.height, 4, 3);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
