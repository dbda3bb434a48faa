import { InvalidFileType } from '../files.errors.js';

const FILE_HEADER = 14;
const MASKS = 3;

/** A bitmap in memory: four bytes a pixel, from the top. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

export interface BitmapHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly depth: number;
  readonly pixelsAt: number;
  readonly paletteAt: number;
}

/** Reads the header of a BMP without compression, as nearly all are. @throws InvalidFileType */
export function readBitmapHeader(file: Buffer): BitmapHeader {
  if (file.length < FILE_HEADER + 40 || file.toString('latin1', 0, 2) !== 'BM') throw broken();
  const headerSize = file.readUInt32LE(14);
  const [width, height] = [file.readInt32LE(18), file.readInt32LE(22)];
  const depth = file.readUInt16LE(28);
  const compression = file.readUInt32LE(30);
  const isPlain = compression === 0 || (compression === MASKS && depth === 32 && hasUsualMasks(file));
  if (headerSize < 40 || width <= 0 || height === 0 || ![1, 4, 8, 24, 32].includes(depth) || !isPlain) throw broken();
  return {
    width,
    height: Math.abs(height),
    isTopDown: height < 0,
    depth,
    pixelsAt: file.readUInt32LE(10),
    paletteAt: FILE_HEADER + headerSize,
  };
}

/** @throws InvalidFileType when there are fewer pixels than the header declares */
export function decodeBitmap(file: Buffer): Pixels {
  const { width, height, isTopDown, depth, pixelsAt, paletteAt } = readBitmapHeader(file);
  const stride = Math.ceil((width * depth) / 32) * 4;
  if (pixelsAt + stride * height > file.length) throw broken();
  const data = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y++) {
    const row = pixelsAt + stride * (isTopDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const from = depth >= 24 ? row + (x * depth) / 8 : paletteAt + 4 * paletteIndex(file, row, x, depth);
      if (from + 3 > file.length) throw broken();
      const to = (y * width + x) * 4;
      data[to] = file[from + 2]!;
      data[to + 1] = file[from + 1]!;
      data[to + 2] = file[from]!;
      data[to + 3] = 255;
    }
  }
  return { width, height, data };
}

/** Returns a 24-bit BMP with these pixels and nothing else. */
export function encodeBitmap({ width, height, data }: Pixels): Buffer {
  const stride = Math.ceil((width * 24) / 32) * 4;
  const file = Buffer.alloc(FILE_HEADER + 40 + stride * height);
  file.write('BM', 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(FILE_HEADER + 40, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 4;
      const to = FILE_HEADER + 40 + stride * (height - 1 - y) + x * 3;
      file[to] = data[from + 2]!;
      file[to + 1] = data[from + 1]!;
      file[to + 2] = data[from]!;
    }
  }
  return file;
}

function paletteIndex(file: Buffer, row: number, x: number, depth: number): number {
  const perByte = 8 / depth;
  const byte = file[row + Math.floor(x / perByte)]!;
  return (byte >> ((perByte - 1 - (x % perByte)) * depth)) & ((1 << depth) - 1);
}

function hasUsualMasks(file: Buffer): boolean {
  return (
    file.length >= 66 &&
    file.readUInt32LE(54) === 0xff0000 &&
    file.readUInt32LE(58) === 0xff00 &&
    file.readUInt32LE(62) === 0xff
  );
}

function broken(): InvalidFileType {
  return new InvalidFileType('is broken, or of a kind that is not supported');
}
