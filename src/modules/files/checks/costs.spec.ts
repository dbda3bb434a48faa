import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compound, zip } from '../../../../test/fixtures/sample-files.js';
import { FileReader } from './file-reader.js';
import { compoundType } from './compound-file.js';
import { detectType } from './detect-type.js';
import { requireSafeZip } from './zip-contents.js';

const END_OF_CHAIN = 0xfffffffe;
/** The chain of further tables is followed up to this length. */
const MOST_TABLES = 64;

describe('the check of a file', () => {
  let folder: string;
  let path: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-costs-'));
    path = join(folder, 'file');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => jest.restoreAllMocks());

  /** Counts the reads until the parser has returned or thrown. */
  async function readsOf(
    file: Buffer,
    parse: (reader: FileReader) => Promise<unknown>,
  ): Promise<[unknown, reads: number]> {
    writeFileSync(path, file);
    const reads = jest.spyOn(FileReader.prototype, 'read');
    const reader = await FileReader.open(path);
    try {
      const result = await parse(reader).catch((error: { code: string }) => error.code);
      return [result, reads.mock.calls.length];
    } finally {
      await reader.close();
    }
  }

  /** A Word document in sectors of 512 bytes, with these numbers changed. */
  const word = (sectors: number, ...numbers: (readonly [at: number, value: number])[]): Buffer => {
    const names = Array.from({ length: 4 * (sectors - 11) }, () => 'WordDocument');
    const file = Buffer.concat([compound(names), Buffer.alloc(512)]);
    for (const [at, value] of numbers) file.writeUInt32LE(value, at);
    return file;
  };
  const TABLE = 512;
  const DIRECTORY = 48;
  const MORE_TABLES = 68;
  const MORE_TABLES_COUNT = 72;

  it.each<[what: string, file: Buffer]>([
    ['of directory sectors that leads to itself', word(20, [TABLE + 4, 1])],
    ['of directory sectors in a ring', word(20, [TABLE + 4, 2], [TABLE + 8, 3], [TABLE + 12, 1])],
    ['that leads into the table', word(20, [TABLE + 4, 0], [TABLE, 1])],
    ['that begins behind the end', word(20, [DIRECTORY, 0x7ffffff0])],
    ['that ends in a short sector', Buffer.concat([word(20).subarray(0, 1024), Buffer.alloc(10)])],
    [
      'of more tables that leads to itself',
      word(20, [MORE_TABLES, 12], [MORE_TABLES_COUNT, 0xffffffff], [13 * 512 + 508, 12], [TABLE + 4, 1]),
    ],
    [
      'of more tables in a ring',
      word(
        20,
        [MORE_TABLES, 12],
        [MORE_TABLES_COUNT, 1000],
        [13 * 512 + 508, 13],
        [14 * 512 + 508, 12],
        [DIRECTORY, 500],
      ),
    ],
  ])('reads each sector at most twice in a Word document with a chain %s', async (_what, file) => {
    const [result, reads] = await readsOf(file, compoundType);
    expect(result).toBe('INVALID_FILE_TYPE');
    expect(reads).toBeLessThanOrEqual(MOST_TABLES + 2 * Math.ceil(file.length / 512));
  });

  it('reads each sector at most twice in a valid Word document', async () => {
    const file = word(20, [TABLE + 4, END_OF_CHAIN]);
    const [result, reads] = await readsOf(file, compoundType);
    expect(result).toBe('application/msword');
    expect(reads).toBeLessThanOrEqual(MOST_TABLES + 2 * Math.ceil(file.length / 512));
  });

  it('reads 10,000 boxes of a video with a million', async () => {
    const boxes = Buffer.alloc(8_000_000, Buffer.from('\0\0\0\x08free', 'latin1'));
    const movie = Buffer.alloc(8);
    movie.writeUInt32BE(boxes.length + 8);
    movie.write('moov', 4, 'latin1');
    const start = Buffer.from('\0\0\0\x14ftypisom\0\0\x02\0isom', 'latin1');
    const [result, reads] = await readsOf(Buffer.concat([start, movie, boxes]), detectType);
    expect(result).toBe('INVALID_FILE_TYPE');
    expect(reads).toBeLessThan(10_100);
  });

  it('rejects an archive with an offset beyond any file size', async () => {
    const archive = zip([{ name: 'a', data: 'a' }]);
    const locator = Buffer.alloc(20, 0xff);
    locator.write('PK\x06\x07', 'latin1');
    const end = archive.length - 22;
    const file = Buffer.concat([archive.subarray(0, end), locator, archive.subarray(end)]);
    expect((await readsOf(file, detectType))[0]).toBe('INVALID_FILE_TYPE');
  });

  it('reads 10,000 entries of archives within an archive', async () => {
    const empty = Array.from({ length: 1000 }, (_value, i) => ({ name: String(i), data: '', isStored: true }));
    const inner = zip(empty);
    const nested = (count: number): Buffer =>
      zip(Array.from({ length: count }, (_value, i) => ({ name: `${i}.zip`, data: inner })));
    writeFileSync(path, nested(9));
    await requireSafeZip(path, false);
    writeFileSync(path, nested(10));
    await expect(requireSafeZip(path, false)).rejects.toMatchObject({ details: { reason: 'too many entries' } });
  });
});
