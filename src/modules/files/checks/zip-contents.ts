import type { Entry } from 'yauzl';
import { AppError } from '../../../platform/errors/app-error.js';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { isProgram, requireHarmless } from './active-content.js';
import { Bytes } from './bytes.js';
import { MAX_EXPANDED, ZipDirectory } from './zip-directory.js';

const HEAD = 4096;
/** An archive in the archive is looked into once, when it is no larger than this. */
const INNER_MAX = 25 * 1024 * 1024;
/** Of the archive and of those in it: an entry costs something even where it is empty. */
const MAX_ENTRIES_IN_ALL = 10_000;
const XML = /\.(?:xml|rels)$/i;
const DTD = /<!\s*(?:DOCTYPE|ENTITY)/i;
const DTD_WIDE = /<\0!\0(?:D\0O\0C\0T\0Y\0P\0E|E\0N\0T\0I\0T\0Y)/i;
const OVERLAP = 128;

interface Budget {
  bytes: number;
  entries: number;
}

/**
 * Unpacks a zip into nothing, counting what really comes out, and looks at every entry: no programs, nothing the built-in
 * scanner knows, no document type definitions in a document's XML, no archive inside an archive inside this one.
 * @throws InvalidFileType, FileTooLarge, MalwareDetected
 */
export async function requireSafeZip(path: string, isDocument: boolean): Promise<void> {
  const bytes = await Bytes.open(path);
  try {
    await look(bytes, { isDocument, depth: 0, budget: { bytes: MAX_EXPANDED, entries: MAX_ENTRIES_IN_ALL } });
  } finally {
    await bytes.close();
  }
}

interface Place {
  readonly isDocument: boolean;
  readonly depth: number;
  readonly budget: Budget;
}

async function look(source: Bytes | Buffer, place: Place): Promise<void> {
  const zip = await ZipDirectory.open(source);
  try {
    place.budget.entries -= zip.entries.length;
    if (place.budget.entries < 0) throw new FileTooLarge({ reason: 'too many entries' });
    for (const entry of zip.entries) {
      const inner = await unpack(zip, entry, place);
      if (!inner) continue;
      if (place.depth > 0) throw new InvalidFileType('is nested too deeply');
      await look(inner, { isDocument: false, depth: place.depth + 1, budget: place.budget });
    }
  } finally {
    zip.close();
  }
}

/** Reads one entry to its end; answers it when it is a zip itself. */
async function unpack(zip: ZipDirectory, entry: Entry, { isDocument, budget }: Place): Promise<Buffer | undefined> {
  const kept: Buffer[] = [];
  const isXml = isDocument && XML.test(entry.fileName);
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let size = 0;
  try {
    for await (const piece of await zip.stream(entry)) {
      const chunk = piece as Buffer;
      size += chunk.length;
      budget.bytes -= chunk.length;
      if (budget.bytes < 0) throw new FileTooLarge({ reason: 'expands to too much' });
      const seen = Buffer.concat([tail, chunk]);
      requireHarmless(seen);
      if (isXml) requireNoDtd(seen);
      tail = Buffer.from(seen.subarray(-OVERLAP));
      if (head.length < HEAD) head = Buffer.concat([head, chunk.subarray(0, HEAD - head.length)]);
      if (!isZip(head)) continue;
      if (size > INNER_MAX) throw new FileTooLarge({ reason: 'holds an archive that is too large' });
      kept.push(chunk);
    }
  } catch (error) {
    throw error instanceof AppError ? error : InvalidFileType.broken();
  }
  if (isProgram(head)) throw new InvalidFileType('holds a program');
  return isZip(head) ? Buffer.concat(kept) : undefined;
}

function isZip(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === 0x504b0304;
}

function requireNoDtd(chunk: Buffer): void {
  const text = chunk.toString('latin1');
  if (DTD.test(text) || DTD_WIDE.test(text)) throw new InvalidFileType('has a document type definition');
}
