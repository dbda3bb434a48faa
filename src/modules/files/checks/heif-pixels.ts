import { createRequire } from 'node:module';
import { InvalidFileType } from '../files.errors.js';
import { MAX_PIXELS } from './image-header.js';

/** Four bytes a pixel, from the top. */
export interface HeifPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** The used part of the decoder, whose own declarations lack it. */
interface Libheif {
  readonly HeifDecoder: new () => { decode(file: Uint8Array): HeifImage[] };
}
interface HeifImage {
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  free(): void;
  display(target: HeifPixels, done: (shown: object | null) => void): void;
}

let library: Libheif | undefined;

/**
 * Decodes the primary image of a HEIC or HEIF, oriented as it is displayed, with libheif compiled to WebAssembly.
 * @throws InvalidFileType when the decoder cannot
 */
export async function decodePixels(file: Uint8Array): Promise<HeifPixels> {
  library ??= createRequire(import.meta.url)('libheif-js/wasm-bundle.js') as Libheif;
  let images: HeifImage[] = [];
  try {
    images = new library.HeifDecoder().decode(file);
    const image = images.find((one) => one.is_primary()) ?? images[0];
    if (!image) throw InvalidFileType.broken();
    const [width, height] = [image.get_width(), image.get_height()];
    // The check of the upload has read other boxes than the decoder may.
    if (width * height === 0 || width * height > MAX_PIXELS) throw InvalidFileType.broken();
    const pixels = { width, height, data: new Uint8ClampedArray(width * height * 4) };
    const shown = await new Promise<object | null>((resolve) => image.display(pixels, resolve));
    if (!shown) throw InvalidFileType.broken();
    return pixels;
  } catch {
    throw InvalidFileType.broken();
  } finally {
    for (const image of images) image.free();
  }
}
