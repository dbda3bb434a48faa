import { crc32 } from 'node:zlib';
import type { Random } from '../chaos/random.js';
import { type Field, type Part, type Structure, structureOf } from './structure.js';

/** Sizes that a case may grow to: mostly small, so that many run; sometimes large enough to show quadratic cost. */
const SIZES: readonly (readonly [share: number, bytes: number])[] = [
  [0.9, 8 * 1024],
  [0.985, 64 * 1024],
  [0.998, 256 * 1024],
  [1, 1024 * 1024],
];
const MOST_MUTATIONS = 6;
/** Tokens with a meaning to one of the parsers. */
const TOKENS = [
  ...['<svg ', '<svg', 'on', ' onload', '>', '=', 'xmlns', '<script', '<!doctype ', '<%@ ', '<?php'],
  ...['%%EOF', 'PK\x05\x06', 'PK\x03\x04', 'PK\x01\x02', 'PK\x06\x06', 'PK\x06\x07', 'OggS', 'Xing', 'ID3'],
  ...[
    '\xff\xfb\x90\0',
    '{',
    '[',
    '"',
    '-1',
    '\0',
    ' ',
    '\n',
    '\x81',
    '\xff\xfe',
    '\ufeff',
    'RIFF',
    'LIST',
    'data',
    'fmt ',
  ],
  ...['\x1aE\xdf\xa3\x80', '\x18S\x80g\xff', '\x1f\x43\xb6\x75\xff', '\xec\x80', '\0\0\0\x08free', '\0\0\0\x01free'],
];

type Change = (file: Buffer, structure: Structure, random: Random, samples: readonly Buffer[]) => Buffer;

/** A file derived from the samples: one of them with changed numbers, parts and bytes. */
export function mutated(samples: readonly Buffer[], random: Random): Buffer {
  const share = random.next();
  const most = SIZES.find(([limit]) => share < limit)![1];
  let file: Buffer = Buffer.from(random.pick(samples));
  for (let left = random.between(1, MOST_MUTATIONS); left > 0; left--) {
    const change = random.pick(CHANGES);
    file = change(file, structureOf(file), random, samples);
    if (file.length > most) file = file.subarray(0, Math.max(most, 1));
  }
  if (most > 8 * 1024) file = repeat(file, structureOf(file), random, most);
  return random.chance(0.7) ? withSums(file) : file;
}

const setField: Change = (file, { fields }, random) => {
  if (fields.length === 0) return setAnywhere(file, { fields, parts: [] }, random, []);
  write(file, random.pick(fields), random, fields);
  return file;
};

const setAnywhere: Change = (file, { fields }, random) => {
  const width = random.pick([1, 2, 4, 8] as const);
  if (file.length < width) return file;
  write(file, { at: random.between(0, file.length - width), width, isBigEndian: random.chance(0.5) }, random, fields);
  return file;
};

/**
 * Boundary values of the number and of the file, and the offsets of other numbers, so that chains refer to themselves.
 */
function write(file: Buffer, { at, width, isBigEndian }: Field, random: Random, fields: readonly Field[]): void {
  if (at + width > file.length) return;
  const most = 2n ** BigInt(8 * width) - 1n;
  const old = BigInt(`0x${file.toString('hex', at, at + width)}`);
  const other = fields.length > 0 ? random.pick(fields).at : 0;
  const values = [
    ...[0n, 1n, 2n, 3n, 4n, 7n, 8n, 16n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xfffffffen],
    ...[0xfffffffan, 0xfffffffdn, 0xffffffffn, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, most, most - 1n, most / 2n],
    ...[file.length, file.length - 1, file.length + 1, file.length - at, at, at + width, other].map(BigInt),
    ...[old + 1n, old - 1n, old * 2n, old / 2n, BigInt(random.between(0, 64)), BigInt(random.between(0, 0xffff))],
  ];
  const hex = (random.pick(values) & most).toString(16).padStart(width * 2, '0');
  const bytes = Buffer.from(hex, 'hex');
  (isBigEndian ? bytes : bytes.reverse()).copy(file, at);
}

const flip: Change = (file, _structure, random) => {
  if (file.length === 0) return file;
  file[random.between(0, file.length - 1)]! ^= 1 << random.between(0, 7);
  return file;
};

const truncate: Change = (file, { parts }, random) => {
  const at = parts.length > 0 && random.chance(0.5) ? random.pick(parts).end - random.between(0, 2) : undefined;
  return file.subarray(0, Math.max(1, at ?? random.between(1, Math.max(1, file.length))));
};

function anyPart(file: Buffer, parts: readonly Part[], random: Random): Part {
  if (parts.length > 0 && random.chance(0.8)) return random.pick(parts);
  const start = random.between(0, file.length);
  return { start, end: random.between(start, Math.min(file.length, start + 200)) };
}

const remove: Change = (file, { parts }, random) => {
  const { start, end } = anyPart(file, parts, random);
  const rest = Buffer.concat([file.subarray(0, start), file.subarray(end)]);
  return rest.length > 0 ? rest : file;
};

const duplicate: Change = (file, { parts }, random) => {
  const part = anyPart(file, parts, random);
  const copies = Array<Buffer>(random.between(1, 40)).fill(file.subarray(part.start, part.end));
  return within(
    parts,
    part,
    Buffer.concat([file.subarray(0, part.end), ...copies, file.subarray(part.end)]),
    file.length,
  );
};

/** One part, or one token, as often as it fits: quadratic work becomes visible. */
function repeat(file: Buffer, { parts }: Structure, random: Random, most: number): Buffer {
  const part = anyPart(file, parts, random);
  const tokens = Array.from({ length: random.between(1, 3) }, () => random.pick(TOKENS)).join('');
  const unit = random.chance(0.5) ? file.subarray(part.start, part.end) : Buffer.from(tokens, 'latin1');
  const count = Math.floor((most - file.length) / Math.max(1, unit.length));
  if (unit.length === 0 || count < 1) return file;
  const filled = Buffer.alloc(unit.length * count, unit);
  return within(parts, part, Buffer.concat([file.subarray(0, part.end), filled, file.subarray(part.end)]), file.length);
}

/** The enclosing parts get the new length, mostly: otherwise the inner parts are not read. */
function within(parts: readonly Part[], { start, end }: Part, file: Buffer, before: number): Buffer {
  for (const { length, ...outer } of parts) {
    if (!length || outer.start > start || outer.end < end || (outer.start === start && outer.end === end)) continue;
    const [old, grown] = [readLength(file, length), file.length - before];
    const value = Math.max(0, Math.min(0xffffffff, old + grown));
    if (length.isBigEndian) file.writeUInt32BE(value, length.at);
    else file.writeUInt32LE(value, length.at);
  }
  return file;
}

function readLength(file: Buffer, { at, isBigEndian }: Field): number {
  return isBigEndian ? file.readUInt32BE(at) : file.readUInt32LE(at);
}

const swap: Change = (file, { parts }, random) => {
  const [one, other] = [anyPart(file, parts, random), anyPart(file, parts, random)];
  if (one.end > other.start) return file;
  const between = file.subarray(one.end, other.start);
  const [first, second] = [file.subarray(one.start, one.end), file.subarray(other.start, other.end)];
  return Buffer.concat([file.subarray(0, one.start), second, between, first, file.subarray(other.end)]);
};

/** A part nested in itself, many times. */
const nest: Change = (file, { parts }, random) => {
  const containers = parts.filter(({ length }) => length);
  if (containers.length === 0) return duplicate(file, { fields: [], parts }, random, []);
  const part = random.pick(containers);
  const headers = part.length!.at - part.start + (part.length!.at === part.start ? 8 : 4);
  const header = file.subarray(part.start, part.start + headers);
  const levels = random.between(2, 200);
  const inner = file.subarray(part.start, part.end);
  const shells = Array.from({ length: levels }, (_value, i) => {
    const shell = Buffer.from(header);
    const size = inner.length + (levels - i) * headers - (part.length!.isBigEndian ? 0 : 8);
    if (shell.length < 8) return shell;
    if (part.length!.isBigEndian) shell.writeUInt32BE(Math.max(0, size), 0);
    else shell.writeUInt32LE(Math.max(0, size), 4);
    return shell;
  });
  const whole = Buffer.concat([file.subarray(0, part.start), ...shells, inner, file.subarray(part.end)]);
  return within(parts, part, whole, file.length);
};

const insert: Change = (file, { parts }, random) => {
  const at = random.chance(0.5) ? anyPart(file, parts, random).end : random.between(0, file.length);
  const count = random.between(1, 30);
  const bytes = random.chance(0.7)
    ? Buffer.from(random.pick(TOKENS).repeat(count), 'latin1')
    : Buffer.alloc(count * 8, random.pick([0, 0xff, 0x20, random.between(0, 255)]));
  return Buffer.concat([file.subarray(0, at), bytes, file.subarray(at)]);
};

const splice: Change = (file, { parts }, random, samples) => {
  const other = random.pick(samples);
  const from = random.between(0, other.length);
  return Buffer.concat([file.subarray(0, anyPart(file, parts, random).start), other.subarray(from)]);
};

/** Each is chosen as often as it is listed. */
const CHANGES: readonly Change[] = [
  ...[setField, setField, setField, setField, setField, setField, setAnywhere, setAnywhere, flip, truncate, remove],
  ...[duplicate, swap, nest, insert, insert, splice],
];

/** Checksums that are verified first: wrong ones would end nearly every case there. */
function withSums(file: Buffer): Buffer {
  if (file.toString('latin1', 0, 2) === '7z' && file.length >= 32) {
    file.writeUInt32LE(crc32(file.subarray(12, 32)), 8);
  }
  if (file.toString('latin1', 0, 6) === 'Rar!\x1a\x07' && file.length > 16) {
    const size = file[12]!;
    if (size > 0 && 13 + size <= file.length) file.writeUInt32LE(crc32(file.subarray(12, 13 + size)), 8);
  }
  if (file.toString('latin1', 1, 4) === 'PNG') {
    for (let at = 8, left = 100; at + 12 <= file.length && left > 0; left--) {
      const end = at + 8 + file.readUInt32BE(at);
      if (end + 4 > file.length) break;
      file.writeUInt32BE(crc32(file.subarray(at + 4, end)), end);
      at = end + 4;
    }
  }
  return file;
}
