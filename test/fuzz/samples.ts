import sharp from 'sharp';
import { compound, office, pdf, realMedia, sampleFiles, zip } from '../fixtures/sample-files.js';

/** Recorded, so that decoders read more than their headers. */
const REAL = ['opus.ogg', 'vorbis.ogg', 'opus.weba', 'layer3.mp3'];

/** Whole files by their extension: one of each accepted type, and some with many parts. */
export type Samples = Readonly<Record<string, readonly Buffer[]>>;

export async function fuzzSamples(): Promise<Samples> {
  const samples: Record<string, Buffer[]> = {};
  for (const { name, bytes } of await sampleFiles()) (samples[name.split('.').at(-1)!] ??= []).push(bytes);
  for (const name of REAL) samples[name.split('.').at(-1)!]!.push(realMedia(name));
  const many = Array.from({ length: 60 }, (_value, i) => ({ name: `${i}.xml`, data: '<a/>', isStored: i % 2 === 0 }));
  const archive = zip([{ name: 'a.txt', data: 'a' }]);
  samples.zip!.push(
    zip(many, 'a comment'),
    zip([
      { name: 'b.zip', data: archive },
      { name: 'c.zip', data: archive, isStored: true },
    ]),
    zip([{ name: 'zeros', data: Buffer.alloc(50_000) }]),
  );
  samples.docx!.push(office('docx', many));
  samples.doc!.push(
    compound(Array.from({ length: 40 }, (_value, i) => `Stream ${i}`)),
    chainedCompound(),
    manyTables(),
  );
  samples.pdf!.push(Buffer.concat([pdf(), Buffer.alloc(200, 'PK\x05\x06', 'latin1')]));
  for (const format of ['gif', 'webp', 'tiff'] as const) samples[format]!.push(await frames(format));
  samples.jpg!.push(
    await sharp(noise(), { raw: { width: 32, height: 24, channels: 3 } })
      .jpeg({ progressive: true })
      .toBuffer(),
  );
  samples.png!.push(
    await sharp(noise(), { raw: { width: 32, height: 24, channels: 3 } })
      .png({ palette: true })
      .toBuffer(),
  );
  samples.txt!.push(
    Buffer.from('\ufeffGr\u00fc\u00dfe\n', 'utf16le'),
    Buffer.from('Gr\xfc\xdfe\n', 'latin1'),
    Buffer.from('<svg xmlns="x" onload=1>\n<!doctype html><?php echo 1;\n'),
  );
  samples.rar!.push(rar4());
  return samples;
}

/** The same bytes in every run. */
function noise(): Buffer {
  return Buffer.from(Array.from({ length: 32 * 24 * 3 }, (_value, i) => (i * i * 31 + i * 7) & 0xff));
}

function frames(format: 'gif' | 'webp' | 'tiff'): Promise<Buffer> {
  return sharp(noise(), { raw: { width: 32, height: 24, channels: 3, pageHeight: 4 } })
    .toFormat(format)
    .toBuffer();
}

/** Sectors of four kilobytes, and a directory whose chain jumps back and forth. */
function chainedCompound(): Buffer {
  const sector = 4096;
  const file = Buffer.alloc(sector * 12);
  compound(['WordDocument']).copy(file, 0, 0, 512);
  file.writeUInt16LE(12, 30);
  file.writeUInt32LE(3, 48);
  const table = sector;
  file.fill(0xff, table, table + sector);
  const chain = [3, 9, 2, 8, 4, 0xfffffffe];
  chain.slice(0, -1).forEach((index, i) => file.writeUInt32LE(chain[i + 1]!, table + index * 4));
  for (const index of chain.slice(0, -1)) {
    for (let at = (index + 1) * sector; at < (index + 2) * sector; at += 128) {
      file.write('WordDocument', at, 'utf16le');
      file.writeUInt16LE(26, at + 64);
    }
  }
  return file;
}

/** Tables that are listed in a chain of sectors. */
function manyTables(): Buffer {
  const file = Buffer.concat([compound(['Workbook']), Buffer.alloc(512 * 20, 0xff)]);
  file.writeUInt32LE(12, 68);
  file.writeUInt32LE(3, 72);
  for (const [index, next] of [
    [12, 14],
    [14, 13],
    [13, 0xfffffffe],
  ] as const) {
    file.writeUInt32LE(0, (index + 1) * 512);
    file.writeUInt32LE(next, (index + 2) * 512 - 4);
  }
  return file;
}

/** The older version: one block with the checksum of its header. */
function rar4(): Buffer {
  const file = Buffer.alloc(40);
  file.write('Rar!\x1a\x07\0', 'latin1');
  file[9] = 0x73;
  file.writeUInt16LE(13, 12);
  return file;
}
