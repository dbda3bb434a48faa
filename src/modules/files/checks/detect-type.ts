import { InvalidFileType } from '../files.errors.js';
import { isExecutable } from './active-content.js';
import { mp3Duration, oggDuration } from './audio-duration.js';
import { require7z, requireRar } from './archive-headers.js';
import type { FileReader } from './file-reader.js';
import { compoundType } from './compound-file.js';
import { readWebm } from './webm.js';
import { type ImageHeader, readImageHeader } from './image-header.js';
import { brandsOf, readIsoMedia } from './iso-media.js';
import { requirePdf } from './pdf.js';
import { readRiff } from './riff-media.js';
import { readText, type Text } from './text.js';
import { ZipDirectory } from './zip-directory.js';
import { zipType } from './zip-type.js';

/** The type of a file by its content, independent of its name. */
export interface DetectedType {
  /** Usually one. Where the bytes are ambiguous (text or CSV), name and declared type decide. */
  readonly types: readonly string[];
  /** In seconds, for audio and video. */
  readonly duration?: number | undefined;
  readonly image?: ImageHeader;
  readonly text?: Text;
}

/**
 * A file format: its signature, and a reader of the rest, which throws InvalidFileType if the structure is another one.
 */
interface Format {
  readonly matchesHead: (head: Buffer) => boolean;
  readonly read: (file: FileReader) => Promise<DetectedType>;
}

const HEAD = 4096;
const HEIC = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx']);
const AVIF = new Set(['avif', 'avis']);
const HEIF = new Set(['mif1', 'msf1']);
const LAYER_3 = 1;

const startsWith =
  (...signatures: string[]) =>
  (head: Buffer): boolean =>
    signatures.some((signature) => head.toString('latin1', 0, signature.length) === signature);

const image =
  (type: string) =>
  async (file: FileReader): Promise<DetectedType> => ({
    types: [type],
    image: await readImageHeader(file, type),
  });

const FORMATS: readonly Format[] = [
  { matchesHead: startsWith('\xff\xd8\xff'), read: image('image/jpeg') },
  { matchesHead: startsWith('\x89PNG\r\n\x1a\n'), read: image('image/png') },
  { matchesHead: startsWith('GIF87a', 'GIF89a'), read: image('image/gif') },
  { matchesHead: startsWith('II*\0', 'MM\0*'), read: image('image/tiff') },
  { matchesHead: startsWith('BM'), read: image('image/bmp') },
  { matchesHead: startsWith('RIFF'), read: readRiffFile },
  {
    matchesHead: startsWith('%PDF-'),
    read: async (file) => requirePdf(file).then(() => ({ types: ['application/pdf'] })),
  },
  { matchesHead: startsWith('{\\rtf'), read: readRtf },
  { matchesHead: startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), read: readCompound },
  { matchesHead: startsWith('PK\x03\x04', 'PK\x05\x06'), read: readZip },
  {
    matchesHead: startsWith('Rar!\x1a\x07'),
    read: async (file) => requireRar(file).then(() => ({ types: ['application/vnd.rar'] })),
  },
  {
    matchesHead: startsWith("7z\xbc\xaf'\x1c"),
    read: async (file) => require7z(file).then(() => ({ types: ['application/x-7z-compressed'] })),
  },
  {
    matchesHead: startsWith('OggS'),
    read: async (file) => ({ types: ['audio/ogg'], duration: await oggDuration(file) }),
  },
  { matchesHead: startsWith('\x1aE\xdf\xa3'), read: readWebmFile },
  { matchesHead: (head) => head.toString('latin1', 4, 8) === 'ftyp', read: readIso },
  { matchesHead: isMp3, read: async (file) => ({ types: ['audio/mpeg'], duration: await mp3Duration(file) }) },
];

/**
 * A signature counts only if the rest of the structure confirms it. Text that only begins like a known format is text.
 * @throws InvalidFileType, FileTooLarge for files that are broken or have forbidden content
 */
export async function detectType(file: FileReader): Promise<DetectedType> {
  const head = await file.read(0, HEAD);
  if (isExecutable(head)) throw new InvalidFileType('is a program');
  const format = FORMATS.find(({ matchesHead }) => matchesHead(head));
  if (!format) return (await readAsText(file)) ?? { types: [] };
  try {
    return await format.read(file);
  } catch (error) {
    const text = error instanceof InvalidFileType ? await readAsText(file) : undefined;
    if (text) return text;
    throw error;
  }
}

async function readAsText(file: FileReader): Promise<DetectedType | undefined> {
  const text = await readText(file);
  if (!text) return undefined;
  return { types: ['text/plain', 'text/csv', 'text/markdown', ...(text.isJson ? ['application/json'] : [])], text };
}

function isMp3(head: Buffer): boolean {
  if (head.toString('latin1', 0, 3) === 'ID3') return true;
  return head.length >= 2 && head[0] === 0xff && head[1]! >= 0xe0 && ((head[1]! >> 1) & 3) === LAYER_3;
}

/** An RTF document is one group, which must be closed at the end. */
async function readRtf(file: FileReader): Promise<DetectedType> {
  const end = (await file.read(Math.max(0, file.size - 64), 64)).toString('latin1');
  if (!/\}[\s\0]*$/.test(end)) throw InvalidFileType.broken();
  return { types: ['application/rtf'] };
}

async function readCompound(file: FileReader): Promise<DetectedType> {
  const type = await compoundType(file);
  return { types: type === undefined ? [] : [type] };
}

async function readZip(file: FileReader): Promise<DetectedType> {
  const zip = await ZipDirectory.open(file);
  try {
    return { types: [await zipType(zip)] };
  } finally {
    zip.close();
  }
}

async function readRiffFile(file: FileReader): Promise<DetectedType> {
  const { form, duration } = await readRiff(file);
  if (form === 'WEBP') return image('image/webp')(file);
  return { types: [form === 'AVI ' ? 'video/x-msvideo' : 'audio/wav'], duration };
}

async function readWebmFile(file: FileReader): Promise<DetectedType> {
  const { hasVideo, duration } = await readWebm(file);
  return { types: [hasVideo ? 'video/webm' : 'audio/webm'], duration };
}

async function readIso(file: FileReader): Promise<DetectedType> {
  const [brand = '', ...compatible] = await brandsOf(file);
  const all = HEIF.has(brand) ? compatible : [brand];
  if (all.some((name) => AVIF.has(name))) return image('image/avif')(file);
  if (HEIF.has(brand) || HEIC.has(brand))
    return { ...(await image('image/heic')(file)), types: ['image/heic', 'image/heif'] };
  const { hasVideo, duration } = await readIsoMedia(file);
  if (brand === 'qt  ') return { types: ['video/quicktime'], duration };
  return { types: [hasVideo ? 'video/mp4' : 'audio/mp4'], duration };
}
