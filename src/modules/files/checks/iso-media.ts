import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

/** In the whole file, at all depths. */
const MAX_BOXES = 10_000;
const MAX_BRANDS = 64;

export interface Box {
  readonly type: string;
  /** The position of its content in the file. */
  readonly start: number;
  readonly end: number;
}

/** The properties of an MP4, M4A or MOV. */
export interface IsoMedia {
  readonly hasVideo: boolean;
  /** In seconds. */
  readonly duration: number | undefined;
}

/**
 * The boxes of an ISO base media file (ISO/IEC 14496-12), of which only the headers are read; 10,000 at most. All
 * methods throw InvalidFileType for a box that exceeds its parent.
 */
export class IsoBoxes {
  private count = 0;

  constructor(private readonly file: FileReader) {}

  /** Returns the top-level boxes: they fill the file to its last byte. */
  ofFile(): Promise<Box[]> {
    return this.within(0, this.file.size);
  }

  /** Returns the boxes inside another, after `skipped` bytes of its own. */
  inside({ start, end }: Box, skipped = 0): Promise<Box[]> {
    return this.within(start + skipped, end);
  }

  /** The first bytes of the content of a box. */
  content({ start, end }: Box, limit: number): Promise<Buffer> {
    return this.file.read(start, Math.min(limit, end - start));
  }

  private async within(from: number, to: number): Promise<Box[]> {
    const boxes: Box[] = [];
    for (let at = from; at + 8 <= to;) {
      if (++this.count > MAX_BOXES) throw new InvalidFileType('has too many parts');
      const header = await this.file.read(at, Math.min(16, to - at));
      const { size, headerSize, type } = sizeOf(header, to - at);
      boxes.push({ type, start: at + headerSize, end: at + size });
      at += size;
    }
    if (from === 0 && boxes.at(-1)?.end !== to) throw InvalidFileType.broken();
    return boxes;
  }
}

/** Returns the brands of the first box, the major brand first; empty if there is none. */
export async function brandsOf(file: FileReader): Promise<string[]> {
  const head = await file.read(0, 16);
  if (head.length < 16 || head.toString('latin1', 4, 8) !== 'ftyp') return [];
  const size = Math.min(head.readUInt32BE(0), 16 + 4 * MAX_BRANDS);
  const names = (await file.read(16, Math.max(0, size - 16))).toString('latin1');
  return [head.toString('latin1', 8, 12), ...(names.match(/[^]{4}/g) ?? [])];
}

/**
 * Reads the boxes of a video or sound, which must fill the file to the last byte: appended data is refused.
 * @throws InvalidFileType
 */
export async function readIsoMedia(file: FileReader): Promise<IsoMedia> {
  const boxes = new IsoBoxes(file);
  const movie = (await boxes.ofFile()).find(({ type }) => type === 'moov');
  if (!movie) throw InvalidFileType.broken();
  let hasVideo = false;
  let duration: number | undefined;
  for (const box of await boxes.inside(movie)) {
    if (box.type === 'mvhd') duration = movieDuration(await boxes.content(box, 32));
    if (box.type === 'trak') hasVideo ||= (await handlerOf(boxes, box)) === 'vide';
  }
  return { hasVideo, duration };
}

async function handlerOf(boxes: IsoBoxes, track: Box): Promise<string | undefined> {
  const media = (await boxes.inside(track)).find(({ type }) => type === 'mdia');
  const handler = media && (await boxes.inside(media)).find(({ type }) => type === 'hdlr');
  return handler && (await boxes.content(handler, 12)).toString('latin1', 8, 12);
}

function sizeOf(header: Buffer, left: number): { size: number; headerSize: number; type: string } {
  const short = header.readUInt32BE(0);
  const type = header.toString('latin1', 4, 8);
  const isLong = short === 1;
  if (isLong && header.length < 16) throw InvalidFileType.broken();
  const size = short === 0 ? left : isLong ? Number(header.readBigUInt64BE(8)) : short;
  const headerSize = isLong ? 16 : 8;
  if (size < headerSize || size > left || !/^[\x20-\x7e\xa9]{4}$/.test(type)) throw InvalidFileType.broken();
  return { size, headerSize, type };
}

function movieDuration(body: Buffer): number | undefined {
  const isLong = body[0] === 1;
  if (body.length < (isLong ? 32 : 20)) return undefined;
  const scale = body.readUInt32BE(isLong ? 20 : 12);
  const length = isLong ? Number(body.readBigUInt64BE(24)) : body.readUInt32BE(16);
  return scale > 0 ? length / scale : undefined;
}
