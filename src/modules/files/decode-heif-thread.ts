/** A thread that decodes the primary image of one HEIC: see `decodeHeif`. An error ends it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { maxPixelsOf } from './checks/image-header.js';

/** The used part of the decoder, whose own declarations lack it. */
interface Libheif {
  readonly HeifDecoder: new () => { decode(file: Uint8Array): HeifImage[] };
}
interface HeifImage {
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  display(
    target: { data: Uint8ClampedArray; width: number; height: number },
    done: (shown: object | null) => void,
  ): void;
}

const { HeifDecoder } = createRequire(import.meta.url)('libheif-js/wasm-bundle.js') as Libheif;

const images = new HeifDecoder().decode(readFileSync(workerData as string));
const image = images.find((one) => one.is_primary()) ?? images[0];
if (!image) throw new Error('there is no image');
const [width, height] = [image.get_width(), image.get_height()];
// The header was checked before; the decoder reads others.
if (width * height > maxPixelsOf('image/heic')) throw new Error('there are too many pixels');
const data = new Uint8ClampedArray(width * height * 4);
image.display({ data, width, height }, (shown) => {
  if (!shown) throw new Error('it cannot be decoded');
  parentPort?.postMessage({ width, height, data }, [data.buffer]);
});
