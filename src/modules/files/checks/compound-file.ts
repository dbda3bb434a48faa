import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

const END_OF_CHAIN = 0xfffffffe;
const MAX_ENTRIES = 10_000;
const HEADER_ENTRIES = 109;
/** Bytes of a directory entry. */
const ENTRY = 128;

/** The stream that identifies the document type of a compound file. */
const KINDS: readonly (readonly [string, string])[] = [
  ['WordDocument', 'application/msword'],
  ['Workbook', 'application/vnd.ms-excel'],
  ['Book', 'application/vnd.ms-excel'],
  ['PowerPoint Document', 'application/vnd.ms-powerpoint'],
];
const MACROS = new Set(['_VBA_PROJECT', '_VBA_PROJECT_CUR', 'VBA', 'Macros']);

/**
 * Returns the type of a compound file (DOC, XLS, PPT) by the names in its directory; undefined when it is none of them.
 * @throws InvalidFileType when it is broken, encrypted, or has macros
 */
export async function compoundType(file: FileReader): Promise<string | undefined> {
  const names = await directory(file);
  if (names.some((name) => MACROS.has(name))) throw new InvalidFileType('has macros');
  if (names.includes('EncryptedPackage')) throw new InvalidFileType('is encrypted');
  return KINDS.find(([stream]) => names.includes(stream))?.[1];
}

async function directory(file: FileReader): Promise<string[]> {
  const header = await file.read(0, 512);
  const shift = header.length === 512 ? header.readUInt16LE(30) : 0;
  if (shift !== 9 && shift !== 12) throw InvalidFileType.broken();
  const sectorSize = 1 << shift;
  /** The last sector of a file may be truncated. */
  const sector = (index: number): Promise<Buffer> => file.read((index + 1) * sectorSize, sectorSize);
  const table = await allocationSectors(header, sector);
  const next = async (index: number): Promise<number> => {
    const perSector = sectorSize / 4;
    const at = table[Math.floor(index / perSector)];
    const entries = at === undefined ? Buffer.alloc(0) : await sector(at);
    const offset = (index % perSector) * 4;
    if (offset + 4 > entries.length) throw InvalidFileType.broken();
    return entries.readUInt32LE(offset);
  };
  const names: string[] = [];
  const seen = new Set<number>();
  for (let index = header.readUInt32LE(48); index !== END_OF_CHAIN; index = await next(index)) {
    const entries = await sector(index);
    if (entries.length < ENTRY || seen.has(index) || names.length > MAX_ENTRIES) throw InvalidFileType.broken();
    seen.add(index);
    for (let at = 0; at + ENTRY <= entries.length; at += ENTRY) {
      const length = entries.readUInt16LE(at + 64);
      names.push(length >= 2 && length <= 64 ? entries.toString('utf16le', at, at + length - 2) : '');
    }
  }
  return names;
}

/**
 * Finds the sectors of the allocation table: the first ones are listed in the header, the others form a chain of their
 * own.
 */
async function allocationSectors(header: Buffer, sector: (index: number) => Promise<Buffer>): Promise<number[]> {
  const sectors = Array.from({ length: HEADER_ENTRIES }, (_value, i) => header.readUInt32LE(76 + 4 * i));
  let next = header.readUInt32LE(68);
  for (let left = Math.min(header.readUInt32LE(72), 64); left > 0 && next < END_OF_CHAIN; left--) {
    const more = await sector(next);
    if (more.length < 8) throw InvalidFileType.broken();
    for (let at = 0; at + 8 <= more.length; at += 4) sectors.push(more.readUInt32LE(at));
    next = more.readUInt32LE(more.length - 4);
  }
  return sectors.filter((index) => index < 0xfffffffa);
}
