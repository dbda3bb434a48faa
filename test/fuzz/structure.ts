/** Offsets of the numbers in a file that are lengths, counts or offsets, and the parts of the file. */

export interface Field {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly isBigEndian: boolean;
}

export interface Part {
  readonly start: number;
  readonly end: number;
  /** The offset of its own length, if another part can be inserted into it. */
  readonly length?: Field;
}

export interface Structure {
  readonly fields: readonly Field[];
  readonly parts: readonly Part[];
}

type Reader = (file: Buffer, found: Found) => void;

class Found implements Structure {
  readonly fields: Field[] = [];
  readonly parts: Part[] = [];

  constructor(private readonly isBigEndian: boolean) {}

  field(at: number, width: Field['width'], isBigEndian = this.isBigEndian): Field {
    const field = { at, width, isBigEndian };
    this.fields.push(field);
    return field;
  }

  every(width: Field['width'], from: number, to: number, most = 64): void {
    for (let at = from; at + width <= to && most > 0; at += width, most--) this.field(at, width);
  }
}

const MOST_PARTS = 300;
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'iprp', 'ipco', 'meta', 'iinf', 'dinf', 'LIST', 'RIFF']);

function boxes(file: Buffer, found: Found, from = 0, to = file.length): void {
  for (let at = from; at + 8 <= to && found.parts.length < MOST_PARTS;) {
    const length = found.field(at, 4);
    const size = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const end = Math.min(to, at + size);
    if (size < 8) return;
    found.parts.push({ start: at, end, length });
    if (CONTAINERS.has(type)) boxes(file, found, at + (type === 'meta' ? 12 : type === 'iinf' ? 14 : 8), end);
    else found.every(type === 'iloc' || type === 'infe' ? 1 : 4, at + 8, end, 40);
    at += size;
  }
}

function chunks(file: Buffer, found: Found, from = 0, to = file.length): void {
  for (let at = from; at + 8 <= to && found.parts.length < MOST_PARTS;) {
    const length = found.field(at + 4, 4);
    const size = file.readUInt32LE(at + 4);
    const end = Math.min(to, at + 8 + size + (size % 2));
    found.parts.push({ start: at, end, length });
    if (CONTAINERS.has(file.toString('latin1', at, at + 4))) chunks(file, found, at + 12, end);
    else found.every(4, at + 8, end, 16);
    at = end;
  }
}

/** Elements of EBML: identifier and length by the first set bit; nearly all of them have children. */
function elements(file: Buffer, found: Found, from = 0, to = file.length): void {
  for (let at = from; at + 2 <= to && found.parts.length < MOST_PARTS;) {
    const idLength = Math.clz32(file[at]!) - 23;
    const lengthAt = at + idLength;
    const lengthOf = lengthAt < to ? Math.clz32(file[lengthAt]!) - 23 : 9;
    const start = lengthAt + lengthOf;
    if (idLength > 4 || lengthOf > 8 || start > to) return;
    found.field(at, 1);
    found.field(lengthAt, 1);
    if (lengthOf === 4 || lengthOf === 8) found.field(lengthAt, lengthOf);
    const size = file
      .subarray(lengthAt + 1, start)
      .reduce((sum, byte) => sum * 256 + byte, file[lengthAt]! & (0xff >> lengthOf));
    const end = Math.min(to, start + size);
    found.parts.push({ start: at, end });
    if (idLength === 4 || file[at] === 0xae) elements(file, found, start, end);
    at = end;
  }
}

/** Header, sector table and directory. */
function sectors(file: Buffer, found: Found): void {
  for (const at of [30, 32]) found.field(at, 2);
  found.every(4, 40, 96, 20);
  found.every(4, 504, 640, 40);
  for (let at = 512; at + 512 <= file.length && at < 512 * 40; at += 512)
    found.parts.push({ start: at, end: at + 512 });
  for (let at = 1024; at + 128 <= Math.min(file.length, 4096); at += 128) {
    found.field(at + 64, 2);
    found.every(4, at + 68, at + 80);
  }
}

/** Found by the signatures of its records: 4 bytes, then numbers of 2 and 4 bytes. */
function records(file: Buffer, found: Found): void {
  let begun = -1;
  for (let at = file.indexOf('PK'); at >= 0 && found.parts.length < MOST_PARTS; at = file.indexOf('PK', at + 2)) {
    if (begun >= 0) found.parts.push({ start: begun, end: at });
    begun = at;
    const kind = file[at + 2];
    const [twos, fours] =
      kind === 3
        ? [
            [6, 8, 26, 28],
            [14, 18, 22],
          ]
        : kind === 1
          ? [
              [8, 10, 28, 30, 32],
              [20, 24, 38, 42],
            ]
          : [
              [8, 10, 20],
              [12, 16],
            ];
    for (const offset of twos) if (at + offset + 2 <= file.length) found.field(at + offset, 2);
    for (const offset of fours) if (at + offset + 4 <= file.length) found.field(at + offset, 4);
  }
  if (begun >= 0) found.parts.push({ start: begun, end: file.length });
}

function pngChunks(file: Buffer, found: Found): void {
  for (let at = 8; at + 12 <= file.length && found.parts.length < MOST_PARTS;) {
    const size = file.readUInt32BE(at);
    found.field(at, 4);
    found.every(4, at + 8, at + 24, 4);
    const end = Math.min(file.length, at + 12 + size);
    found.parts.push({ start: at, end });
    at = end;
  }
}

function segments(file: Buffer, found: Found): void {
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff && found.parts.length < MOST_PARTS;) {
    const size = file.readUInt16BE(at + 2);
    found.field(at + 2, 2);
    found.every(1, at + 4, Math.min(file.length, at + 20));
    const end = Math.min(file.length, at + 2 + Math.max(2, size));
    found.parts.push({ start: at, end });
    at = end;
  }
}

/** The list of directories, with entries of twelve bytes. */
function directories(file: Buffer, found: Found): void {
  let at = found.fields.length === 0 && file.length > 8 ? file.readUInt32LE(4) : 0;
  found.field(4, 4);
  for (let left = 20; left > 0 && at > 0 && at + 6 <= file.length; left--) {
    const count = file.readUInt16LE(at);
    found.field(at, 2);
    const end = at + 2 + count * 12;
    for (let entry = at + 2; entry + 12 <= Math.min(end, file.length); entry += 12) {
      found.parts.push({ start: entry, end: entry + 12 });
      for (const offset of [0, 2]) found.field(entry + offset, 2);
      for (const offset of [4, 8]) found.field(entry + offset, 4);
    }
    if (end + 4 > file.length) return;
    found.field(end, 4);
    at = file.readUInt32LE(end);
  }
}

function pages(file: Buffer, found: Found): void {
  for (let at = 0; at >= 0 && at + 28 <= file.length && found.parts.length < MOST_PARTS;) {
    for (const width of [8, 4] as const) found.field(at + (width === 8 ? 6 : 14), width);
    found.field(at + 26, 1);
    found.every(1, at + 27, Math.min(file.length, at + 60));
    const next = file.indexOf('OggS', at + 4);
    found.parts.push({ start: at, end: next < 0 ? file.length : next });
    at = next;
  }
}

/** Text or an unknown format: its lines. */
function lines(file: Buffer, found: Found): void {
  for (let at = 0; at < file.length && found.parts.length < MOST_PARTS;) {
    const next = file.indexOf('\n', at);
    const end = next < 0 ? file.length : next + 1;
    found.parts.push({ start: at, end });
    at = end;
  }
}

const head =
  (width: Field['width'], to: number): Reader =>
  (file, found) => {
    found.every(width, 0, Math.min(to, file.length));
    found.every(1, 0, Math.min(to, file.length));
    lines(file, found);
  };

const READERS: readonly (readonly [at: number, signature: string, isBigEndian: boolean, read: Reader])[] = [
  [4, 'ftyp', true, boxes],
  [0, 'RIFF', false, chunks],
  [0, '\x1aE\xdf\xa3', true, elements],
  [0, '\xd0\xcf\x11\xe0', false, sectors],
  [0, 'PK', false, records],
  [0, '\x89PNG', true, pngChunks],
  [0, '\xff\xd8', true, segments],
  [0, 'II*\0', false, directories],
  [0, 'OggS', false, pages],
  [0, 'BM', false, head(4, 66)],
  [0, 'GIF8', false, head(1, 100)],
  [0, 'Rar!', false, head(1, 40)],
  [0, '7z', false, head(4, 32)],
  [0, 'ID3', true, head(1, 60)],
];

export function structureOf(file: Buffer): Structure {
  const known = READERS.find(([at, signature]) => file.toString('latin1', at, at + signature.length) === signature);
  const found = new Found(known?.[2] ?? false);
  (known?.[3] ?? lines)(file, found);
  return found;
}
