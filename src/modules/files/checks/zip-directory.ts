import { Readable } from 'node:stream';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { FileTooLarge, InvalidFileType } from '../files.errors.js';
import { FileReader } from './file-reader.js';

export const MAX_ENTRIES = 1000;
export const MAX_EXPANDED = 100 * 1024 * 1024;
/** Below a megabyte any ratio is harmless: a file of spaces compresses to almost nothing. */
const MAX_RATIO = 100;
const RATIO_FROM = 1024 * 1024;
const LOCAL_HEADER = 30;
const STORED = 0;
const DEFLATED = 8;
const SYMLINK = 0o120000;

/** A zip with a valid directory: limited number and size of entries, none overlapping, none a link. */
export class ZipDirectory {
  private constructor(
    private readonly zip: ZipFile,
    readonly entries: readonly Entry[],
  ) {}

  /** The caller closes the file. @throws InvalidFileType, FileTooLarge */
  static async open(source: FileReader | Buffer): Promise<ZipDirectory> {
    const zip = await openZip(source);
    try {
      if (zip.entryCount > MAX_ENTRIES) throw new FileTooLarge({ reason: 'too many entries' });
      const entries = await readEntries(zip);
      requireSound(entries);
      return new ZipDirectory(zip, entries);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  find(name: string): Entry | undefined {
    return this.entries.find(({ fileName }) => fileName === name);
  }

  /** Streams an entry. It fails where there is more data than the directory declares. @throws InvalidFileType */
  stream(entry: Entry): Promise<Readable> {
    return new Promise((resolve, reject) => {
      this.zip.openReadStream(entry, (error, stream) => (error ? reject(InvalidFileType.broken()) : resolve(stream)));
    });
  }

  /** Reads a small entry as a whole. @throws InvalidFileType, FileTooLarge */
  async text(entry: Entry, limit: number): Promise<string> {
    if (entry.uncompressedSize > limit) throw new FileTooLarge({ reason: 'expands to too much' });
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of await this.stream(entry)) chunks.push(chunk as Buffer);
    } catch {
      throw InvalidFileType.broken();
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  close(): void {
    this.zip.close();
  }
}

/**
 * The library reads at offsets from the archive; offsets beyond any file size would end the process. This reader
 * returns nothing from outside the file, and each read counts as a step.
 */
class ZipReader extends yauzl.RandomAccessReader {
  constructor(private readonly file: FileReader) {
    super();
  }

  override read(target: Buffer, offset: number, length: number, position: number, done: ReadDone): void {
    this.file.read(position, length).then(
      (found) => done(null, found.copy(target, offset)),
      (error: Error) => done(error),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.file.chunks({ from: start, to: end }), { objectMode: false });
  }
}

type ReadDone = (error: Error | null, bytesRead?: number) => void;

function openZip(source: FileReader | Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false };
    const done = (error: Error | null, zip: ZipFile): void => (error ? reject(InvalidFileType.broken()) : resolve(zip));
    if (source instanceof FileReader) yauzl.fromRandomAccessReader(new ZipReader(source), source.size, options, done);
    else yauzl.fromBuffer(source, options, done);
  });
}

function readEntries(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('error', () => reject(InvalidFileType.broken()));
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      if (entries.length > MAX_ENTRIES) reject(new FileTooLarge({ reason: 'too many entries' }));
      else zip.readEntry();
    });
    zip.readEntry();
  });
}

function requireSound(entries: readonly Entry[]): void {
  let total = 0;
  for (const entry of entries) {
    const { compressedSize, uncompressedSize, compressionMethod } = entry;
    total += uncompressedSize;
    if (entry.isEncrypted()) throw new InvalidFileType('is encrypted');
    if (((entry.externalFileAttributes >>> 16) & 0o170000) === SYMLINK) throw new InvalidFileType('contains a link');
    if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
      throw new InvalidFileType('is compressed in a way that cannot be checked');
    }
    const isBomb = uncompressedSize > RATIO_FROM && uncompressedSize > MAX_RATIO * compressedSize;
    if (total > MAX_EXPANDED || isBomb) throw new FileTooLarge({ reason: 'expands to too much' });
  }
  requireNoOverlap(entries);
}

/** Entries that share their bytes expand to more than the sum of their sizes. */
function requireNoOverlap(entries: readonly Entry[]): void {
  const regions = entries
    .map(({ relativeOffsetOfLocalHeader: start, fileNameLength, compressedSize }) => ({
      start,
      end: start + LOCAL_HEADER + fileNameLength + compressedSize,
    }))
    .sort((a, b) => a.start - b.start);
  for (let i = 1; i < regions.length; i++) {
    if (regions[i]!.start < regions[i - 1]!.end) throw new InvalidFileType('has overlapping entries');
  }
}
