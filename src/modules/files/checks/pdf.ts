import { InvalidFileType } from '../files.errors.js';
import { requireNoScript } from './active-content.js';
import type { FileReader } from './file-reader.js';

/** Up to this size, bytes after the end of a PDF count as padding or remains of a transfer. */
const MAX_TRAILING_BYTES = 64 * 1024;
const ZIP_END = 22;

/**
 * A PDF has an end marker. Readers ignore what follows it, so nothing may follow that another program accepts as a
 * file.
 * @throws InvalidFileType
 */
export async function requirePdf(file: FileReader): Promise<void> {
  const head = (await file.read(0, 8)).toString('latin1');
  const tail = await file.read(Math.max(0, file.size - MAX_TRAILING_BYTES), MAX_TRAILING_BYTES);
  const end = tail.lastIndexOf('%%EOF');
  if (!/^%PDF-\d\.\d/.test(head) || end < 0) throw InvalidFileType.broken();
  const trailing = tail.subarray(end);
  requireNoScript(trailing);
  if (hasZipEnd(trailing)) throw new InvalidFileType('has an archive behind it');
}

/** An archive is read from its end: by a record that extends to the last byte of the file. */
function hasZipEnd(bytes: Buffer): boolean {
  for (let at = bytes.indexOf('PK\x05\x06'); at >= 0; at = bytes.indexOf('PK\x05\x06', at + 1)) {
    if (at + ZIP_END <= bytes.length && at + ZIP_END + bytes.readUInt16LE(at + 20) >= bytes.length) return true;
  }
  return false;
}
