import { open } from 'node:fs/promises';
import { InvalidFileType } from '../files.errors.js';
import { FileReader } from './file-reader.js';
import { type Box, IsoBoxes } from './iso-media.js';

const MAX_ITEMS = 10_000;
const MAX_TABLE = 1024 * 1024;
/** Items that are not pictures but metadata: position, time, camera. */
const METADATA = new Set(['Exif', 'mime', 'uri ']);

interface ByteRegion {
  readonly start: number;
  readonly length: number;
}

/** The properties of a HEIC, HEIF or AVIF. */
export interface HeifImage {
  /** Of the largest picture in the file. */
  readonly width: number;
  readonly height: number;
  readonly metadata: readonly ByteRegion[];
}

/**
 * Reads the boxes of a picture (ISO/IEC 23008-12), which must fill the file to the last byte.
 * @throws InvalidFileType
 */
export async function readHeif(file: FileReader): Promise<HeifImage> {
  const boxes = new IsoBoxes(file);
  const meta = (await boxes.ofFile()).find(({ type }) => type === 'meta');
  if (!meta) throw InvalidFileType.broken();
  const parts = await boxes.inside(meta, 4);
  const part = (type: string): Box | undefined => parts.find((box) => box.type === type);
  const [properties, locations, infos] = [part('iprp'), part('iloc'), part('iinf')];
  if (!properties || !locations || !infos) throw InvalidFileType.broken();
  const size = await largestOf(boxes, properties);
  const ids = await metadataItems(boxes, infos);
  return { ...size, metadata: ids.size > 0 ? await regionsOf(file, boxes, locations, part('idat'), ids) : [] };
}

/** Overwrites these regions of a file with zeros. */
export async function blankRegions(path: string, regions: readonly ByteRegion[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const { start, length } of regions) await file.write(Buffer.alloc(length), 0, length, start);
  } finally {
    await file.close();
  }
}

/** @throws InvalidFileType */
export async function heifAt(path: string): Promise<HeifImage> {
  const file = await FileReader.open(path);
  try {
    return await readHeif(file);
  } finally {
    await file.close();
  }
}

async function largestOf(boxes: IsoBoxes, properties: Box): Promise<{ width: number; height: number }> {
  const container = (await boxes.inside(properties)).find(({ type }) => type === 'ipco');
  let largest = { width: 0, height: 0 };
  for (const box of container ? await boxes.inside(container) : []) {
    const content = box.type === 'ispe' ? await boxes.content(box, 12) : undefined;
    if (content?.length !== 12) continue;
    const [width, height] = [content.readUInt32BE(4), content.readUInt32BE(8)];
    if (width * height > largest.width * largest.height) largest = { width, height };
  }
  if (largest.width === 0) throw InvalidFileType.broken();
  return largest;
}

async function metadataItems(boxes: IsoBoxes, infos: Box): Promise<Set<number>> {
  const version = (await boxes.content(infos, 1))[0];
  const ids = new Set<number>();
  for (const box of await boxes.inside(infos, version === 0 ? 6 : 8)) {
    const content = await boxes.content(box, 16);
    if (box.type !== 'infe' || content.length < 12) throw InvalidFileType.broken();
    const isLong = content[0] === 3;
    const type = content.toString('latin1', isLong ? 10 : 8, isLong ? 14 : 12);
    if (METADATA.has(type)) ids.add(isLong ? content.readUInt32BE(4) : content.readUInt16BE(4));
  }
  return ids;
}

/** @throws InvalidFileType for a region outside the file */
async function regionsOf(
  file: FileReader,
  boxes: IsoBoxes,
  locations: Box,
  itemData: Box | undefined,
  ids: ReadonlySet<number>,
): Promise<ByteRegion[]> {
  const reader = new IntegerReader(await boxes.content(locations, MAX_TABLE));
  const version = reader.next(1);
  reader.next(3);
  const sizes = [reader.next(1), reader.next(1)].flatMap((pair) => [pair >> 4, pair & 15]);
  const [offsetSize = 0, lengthSize = 0, baseSize = 0, indexSize = 0] = sizes;
  const regions: ByteRegion[] = [];
  let left = reader.next(version < 2 ? 2 : 4);
  if (left > MAX_ITEMS) throw new InvalidFileType('has too many parts');
  for (; left > 0; left--) {
    const id = reader.next(version < 2 ? 2 : 4);
    const method = version > 0 ? reader.next(2) & 15 : 0;
    reader.next(2);
    const base = reader.next(baseSize);
    for (let extents = reader.next(2); extents > 0; extents--) {
      file.spend();
      if (version > 0) reader.next(indexSize);
      const offset = base + reader.next(offsetSize);
      const length = reader.next(lengthSize);
      if (!ids.has(id)) continue;
      const origin = method === 0 ? 0 : method === 1 ? itemData?.start : undefined;
      if (origin === undefined || length === 0) throw InvalidFileType.broken();
      regions.push({ start: origin + offset, length });
    }
  }
  const isOutside = regions.some(({ start, length }) => start + length > file.size);
  const total = regions.reduce((sum, { length }) => sum + length, 0);
  if (isOutside || total > file.size) throw InvalidFileType.broken();
  return regions;
}

/** Reads consecutive big-endian integers. */
class IntegerReader {
  private at = 0;

  constructor(private readonly content: Buffer) {}

  next(size: number): number {
    if (size > 8 || this.at + size > this.content.length) throw InvalidFileType.broken();
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.content[this.at++]!;
    return value;
  }
}
