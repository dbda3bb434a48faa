import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { encode } from 'blurhash';
import sharp, { type Sharp } from 'sharp';
import { decodeBitmap, encodeBitmap } from './checks/bitmap.js';
import { blankRegions, heifAt } from './checks/heif-image.js';
import { maxPixelsOf } from './checks/image-header.js';
import { InvalidFileType } from './files.errors.js';
import { decodeHeif } from './decode-heif.js';
import { THUMBNAIL_SIZES, type ImageSize, type ThumbnailSize } from './storage/file-storage.js';

/** The longest side of each thumbnail in pixels. */
export const THUMBNAIL_SIDES: Readonly<Record<ThumbnailSize, number>> = { small: 400, medium: 1000, large: 2000 };
const BLUR_SIDE = 32;

export interface RenderedImage {
  readonly width: number;
  readonly height: number;
  /** Undefined for an image without a decoder, which has no thumbnails. */
  readonly blurhash: string | undefined;
  /** Smallest first. A size that would not be larger than the one before it is omitted. */
  readonly thumbnails: readonly Thumbnail[];
  readonly size: number;
  readonly contentHash: string;
}

export interface Thumbnail {
  readonly name: ImageSize;
  readonly width: number;
  readonly height: number;
}

export interface RenderTask {
  readonly path: string;
  readonly type: string;
  /** The paths of the image and the thumbnails to write; nothing exists there. */
  readonly target: string;
  readonly thumbnails: Readonly<Record<ImageSize, string>>;
}

/**
 * Decodes an image completely and encodes it anew to `target`, correctly oriented and without metadata, and thumbnails
 * to `thumbnails`. Content hidden in or behind the original is not in the result. HEIC, for which there is no encoder
 * here, and AVIF, which takes half a minute to encode, keep their pixels, and their metadata is blanked; a HEIC also becomes
 * a JPEG of its full size.
 * @throws InvalidFileType when it cannot be decoded
 */
export async function renderImage(task: RenderTask): Promise<RenderedImage> {
  const { target } = task;
  try {
    const { width, height, small, full } = await reencode(task);
    const made = small && (await writeThumbnails(small, Math.max(width, height), task.thumbnails));
    const thumbnails = [...(made?.thumbnails ?? []), ...(full ? [full] : [])];
    const { size } = await stat(target);
    return { width, height, size, blurhash: made?.blurhash, thumbnails, contentHash: await hashOf(target) };
  } catch (error) {
    if (isOfFileSystem(error)) throw error;
    throw new InvalidFileType('cannot be decoded');
  }
}

interface Reencoded {
  readonly width: number;
  readonly height: number;
  /** The source of the thumbnail. */
  readonly small: Sharp | undefined;
  /** The JPEG of an image that browsers cannot display. */
  readonly full?: Thumbnail;
}

async function reencode({ path, type, target, thumbnails }: RenderTask): Promise<Reencoded> {
  switch (type) {
    case 'image/bmp':
      return { ...(await renderBitmap(path, target)), small: await bitmapInput(path) };
    case 'image/heic':
    case 'image/heif':
      return renderHeif(path, target, thumbnails.full);
    case 'image/avif': {
      await withoutMetadata(path, target);
      const { width, height, autoOrient } = await open(path, type).metadata();
      return { ...(autoOrient ?? { width, height }), small: open(path, type).autoOrient() };
    }
    default:
      return { ...(await render(path, type, target)), small: open(path, type).autoOrient() };
  }
}

async function withoutMetadata(path: string, target: string): Promise<{ width: number; height: number }> {
  const { width, height, metadata } = await heifAt(path);
  await copyFile(path, target);
  await blankRegions(target, metadata);
  return { width, height };
}

/** An image that the decoder does not know is stored without anything to display. */
async function renderHeif(path: string, target: string, fullPath: string): Promise<Reencoded> {
  const declared = await withoutMetadata(path, target);
  const pixels = await decodeHeif(path);
  if (!pixels) return { ...declared, small: undefined };
  const { width, height, data } = pixels;
  const open = (): Sharp =>
    sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: maxPixelsOf('image/heic') });
  await open().flatten({ background: '#ffffff' }).jpeg({ quality: 90 }).toFile(fullPath);
  return { width, height, small: open(), full: { name: 'full', width, height } };
}

/**
 * Writes the largest first, and each from the one before it, so that the image is decoded once. They are read from memory:
 * the library may remember what it has read from a path.
 */
export async function writeThumbnails(
  image: Sharp,
  longestSide: number,
  paths: RenderTask['thumbnails'],
): Promise<{ thumbnails: Thumbnail[]; blurhash: string }> {
  const made: Thumbnail[] = [];
  const names = THUMBNAIL_SIZES.filter((_, at) => at === 0 || longestSide > THUMBNAIL_SIDES[THUMBNAIL_SIZES[at - 1]!]);
  let source = image;
  for (const name of names.toReversed()) {
    const side = THUMBNAIL_SIDES[name];
    const { data, info } = await source
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: name === 'small' ? 75 : 85 })
      .toBuffer({ resolveWithObject: true });
    await writeFile(paths[name], data);
    made.unshift({ name, width: info.width, height: info.height });
    source = sharp(data);
  }
  return { thumbnails: made, blurhash: await blurhashOf(source) };
}

function open(path: string, type: string, pages = 1): Sharp {
  return sharp(path, { limitInputPixels: maxPixelsOf(type), failOn: 'error', pages });
}

/** The disk is full or the file does not exist: the image is not the cause. */
function isOfFileSystem(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).syscall !== undefined;
}

async function render(path: string, type: string, target: string): Promise<{ width: number; height: number }> {
  const { pages = 1 } = await sharp(path, { limitInputPixels: maxPixelsOf(type) }).metadata();
  // The frames of an animation lie below each other in memory and cannot be rotated; they have no orientation either.
  const image = pages > 1 ? open(path, type, -1) : open(path, type).autoOrient();
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
  return sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: maxPixelsOf('image/bmp') });
}

async function blurhashOf(thumbnail: Sharp): Promise<string> {
  const { data, info } = await thumbnail
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
