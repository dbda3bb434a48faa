import type { Entry } from 'yauzl';
import { AppError } from '../../../platform/errors/app-error.js';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { isExecutable, requireNoEicar } from './active-content.js';
import { FileReader } from './file-reader.js';
import { MAX_EXPANDED, ZipDirectory } from './zip-directory.js';

const HEAD = 4096;
/** A nested archive is checked, one level deep, if it is no larger than this. */
const INNER_MAX = 25 * 1024 * 1024;
/** In the archive and its nested archives: even an empty entry has a cost. */
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
 * Unpacks a zip without storing anything, counts the actual bytes, and checks every entry: no executables, no EICAR
 * test file, no document type definitions in the XML of a document, no archive nested two levels deep.
 * @throws InvalidFileType, FileTooLarge, MalwareDetected
 */
export async function requireSafeZip(path: string, isDocument: boolean): Promise<void> {
  const file = await FileReader.open(path);
  try {
    await checkEntries(file, { isDocument, depth: 0, budget: { bytes: MAX_EXPANDED, entries: MAX_ENTRIES_IN_ALL } });
  } finally {
    await file.close();
  }
}

interface Context {
  readonly isDocument: boolean;
  readonly depth: number;
  readonly budget: Budget;
}

async function checkEntries(source: FileReader | Buffer, context: Context): Promise<void> {
  const zip = await ZipDirectory.open(source);
  try {
    context.budget.entries -= zip.entries.length;
    if (context.budget.entries < 0) throw new FileTooLarge({ reason: 'too many entries' });
    for (const entry of zip.entries) {
      const inner = await unpack(zip, entry, context);
      if (!inner) continue;
      if (context.depth > 0) throw new InvalidFileType('is nested too deeply');
      await checkEntries(inner, { isDocument: false, depth: context.depth + 1, budget: context.budget });
    }
  } finally {
    zip.close();
  }
}

/** Reads one entry to its end; returns its bytes when it is a zip itself. */
async function unpack(zip: ZipDirectory, entry: Entry, { isDocument, budget }: Context): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
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
      requireNoEicar(seen);
      if (isXml) requireNoDtd(seen);
      tail = Buffer.from(seen.subarray(-OVERLAP));
      if (head.length < HEAD) head = Buffer.concat([head, chunk.subarray(0, HEAD - head.length)]);
      if (!isZip(head)) continue;
      if (size > INNER_MAX) throw new FileTooLarge({ reason: 'contains an archive that is too large' });
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof AppError ? error : InvalidFileType.broken();
  }
  if (isExecutable(head)) throw new InvalidFileType('contains a program');
  return isZip(head) ? Buffer.concat(chunks) : undefined;
}

function isZip(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32BE(0) === 0x504b0304;
}

function requireNoDtd(chunk: Buffer): void {
  const text = chunk.toString('latin1');
  if (DTD.test(text) || DTD_WIDE.test(text)) throw new InvalidFileType('has a document type definition');
}
