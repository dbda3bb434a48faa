import { InvalidFileType } from '../files.errors.js';
import type { Bytes } from './bytes.js';

const MAX_BOXES = 10_000;
const MAX_INDEX = 32 * 1024 * 1024;
const CONTAINERS = new Set(['trak', 'mdia']);

/** What an MP4, M4A or MOV says of itself. */
export interface IsoMedia {
  readonly brand: string;
  readonly hasVideo: boolean;
  /** In seconds. */
  readonly duration: number | undefined;
}

/**
 * Walks the boxes of the file, which must fill it to the last byte: what is hung on behind is no film.
 * @throws InvalidFileType
 */
export async function readIsoMedia(bytes: Bytes): Promise<IsoMedia> {
  let brand = '';
  let index: Buffer | undefined;
  let count = 0;
  for (let at = 0; at < bytes.size;) {
    const header = await bytes.read(at, 16);
    if (header.length < 8 || ++count > MAX_BOXES) throw InvalidFileType.broken();
    const { size, headerSize, type } = boxOf(header, bytes.size - at);
    if (type === 'ftyp') brand = (await bytes.read(at + headerSize, 4)).toString('latin1');
    if (type === 'moov') {
      if (size > MAX_INDEX) throw InvalidFileType.broken();
      index = await bytes.read(at + headerSize, size - headerSize);
    }
    at += size;
  }
  if (!index || brand === '') throw InvalidFileType.broken();
  const handlers: string[] = [];
  let duration: number | undefined;
  walk(index, (type, body) => {
    if (type === 'hdlr' && body.length >= 12) handlers.push(body.toString('latin1', 8, 12));
    if (type === 'mvhd') duration = movieDuration(body);
  });
  return { brand, hasVideo: handlers.includes('vide'), duration };
}

function boxOf(header: Buffer, left: number): { size: number; headerSize: number; type: string } {
  const short = header.readUInt32BE(0);
  const type = header.toString('latin1', 4, 8);
  const isLong = short === 1;
  if (isLong && header.length < 16) throw InvalidFileType.broken();
  const size = short === 0 ? left : isLong ? Number(header.readBigUInt64BE(8)) : short;
  const headerSize = isLong ? 16 : 8;
  if (size < headerSize || size > left || !/^[\x20-\x7e\xa9]{4}$/.test(type)) throw InvalidFileType.broken();
  return { size, headerSize, type };
}

function walk(boxes: Buffer, see: (type: string, body: Buffer) => void, depth = 0): void {
  for (let at = 0; at + 8 <= boxes.length;) {
    const { size, headerSize, type } = boxOf(boxes.subarray(at, at + 16), boxes.length - at);
    const body = boxes.subarray(at + headerSize, at + size);
    see(type, body);
    if (CONTAINERS.has(type) && depth < 4) walk(body, see, depth + 1);
    at += size;
  }
}

function movieDuration(body: Buffer): number | undefined {
  const isLong = body[0] === 1;
  if (body.length < (isLong ? 32 : 20)) return undefined;
  const scale = body.readUInt32BE(isLong ? 20 : 12);
  const length = isLong ? Number(body.readBigUInt64BE(24)) : body.readUInt32BE(16);
  return scale > 0 ? length / scale : undefined;
}
