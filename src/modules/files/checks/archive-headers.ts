import { crc32 } from 'node:zlib';
import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

// RAR and 7Z are accepted when their headers are consistent; only a scanner can check their content.

/** @throws InvalidFileType when the header is inconsistent */
export async function require7z(file: FileReader): Promise<void> {
  const header = await file.read(0, 32);
  if (header.length < 32 || crc32(header.subarray(12, 32)) !== header.readUInt32LE(8)) throw InvalidFileType.broken();
  const end = 32n + header.readBigUInt64LE(12) + header.readBigUInt64LE(20);
  if (end !== BigInt(file.size)) throw InvalidFileType.broken();
}

/** @throws InvalidFileType when the header is inconsistent */
export async function requireRar(file: FileReader): Promise<void> {
  const head = await file.read(0, 512);
  const isFive = head[6] === 1;
  if (isFive ? !isRar5(head) : !isRar4(head)) throw InvalidFileType.broken();
}

function isRar4(head: Buffer): boolean {
  const block = head.subarray(7);
  if (block.length < 13 || block[2] !== 0x73) return false;
  const size = block.readUInt16LE(5);
  return size >= 13 && size <= block.length && (crc32(block.subarray(2, size)) & 0xffff) === block.readUInt16LE(0);
}

function isRar5(head: Buffer): boolean {
  const block = head.subarray(8);
  if (block.length < 7) return false;
  let size = 0;
  let at = 4;
  for (let shift = 0; shift < 21; shift += 7) {
    const byte = block[at++]!;
    size |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return size > 0 && at + size <= block.length && crc32(block.subarray(4, at + size)) === block.readUInt32LE(0);
}
