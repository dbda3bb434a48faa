import { readFile } from 'node:fs/promises';
import { isExecutable, requireNoActiveContent } from '../../src/modules/files/checks/active-content.js';
import { require7z, requireRar } from '../../src/modules/files/checks/archive-headers.js';
import { mp3Duration, oggDuration } from '../../src/modules/files/checks/audio-duration.js';
import { decodeBitmap, encodeBitmap } from '../../src/modules/files/checks/bitmap.js';
import { FileReader } from '../../src/modules/files/checks/file-reader.js';
import { checkFile } from '../../src/modules/files/checks/check-file.js';
import { compoundType } from '../../src/modules/files/checks/compound-file.js';
import { oggPackets, webmOpus } from '../../src/modules/files/checks/opus-packets.js';
import { detectType } from '../../src/modules/files/checks/detect-type.js';
import { readWebm } from '../../src/modules/files/checks/webm.js';
import { readWaveform } from '../../src/modules/files/checks/waveform.js';
import { blankRegions, heifAt } from '../../src/modules/files/checks/heif-image.js';
import { decodePixels } from '../../src/modules/files/checks/heif-pixels.js';
import { readImageHeader, requireDecodableSize } from '../../src/modules/files/checks/image-header.js';
import { brandsOf, readIsoMedia } from '../../src/modules/files/checks/iso-media.js';
import { requirePdf } from '../../src/modules/files/checks/pdf.js';
import { readRiff } from '../../src/modules/files/checks/riff-media.js';
import { readText, requireInertText } from '../../src/modules/files/checks/text.js';
import { requireSafeZip } from '../../src/modules/files/checks/zip-contents.js';
import { ZipDirectory } from '../../src/modules/files/checks/zip-directory.js';
import { zipType } from '../../src/modules/files/checks/zip-type.js';
import { FILE_TYPES } from '../../src/modules/files/file-types.js';
import type { Random } from '../chaos/random.js';

/** A reader of untrusted files, and how it is called. */
export interface Parser {
  /** The name of its file, without extension. */
  readonly name: string;
  /** The extensions of its samples; all samples if omitted. */
  readonly kinds?: readonly string[];
  /** Creates its files if they are not derived from the samples. */
  readonly make?: (random: Random) => Buffer;
  /** Returns what it found. It throws only the errors that the uploader receives. */
  readonly parse: (path: string) => Promise<unknown>;
}

const TAKEN = FILE_TYPES.map(({ type }) => ({ type, limit: 10_000_000 }));
const OF_ZIP = ['zip', 'docx', 'xlsx', 'pptx', 'odt'];
const IMAGES = {
  jpg: 'jpeg',
  png: 'png',
  gif: 'gif',
  webp: 'webp',
  tiff: 'tiff',
  avif: 'avif',
  heic: 'heic',
  bmp: 'bmp',
};

const onBytes =
  (...readers: ((bytes: FileReader) => Promise<unknown>)[]) =>
  async (path: string): Promise<unknown> => {
    const bytes = await FileReader.open(path);
    try {
      return await eachOf(readers.map((read) => () => read(bytes)));
    } finally {
      await bytes.close();
    }
  };

/** Runs all readers; returns the result of the first that succeeds. */
async function eachOf(readers: readonly (() => Promise<unknown>)[]): Promise<unknown> {
  const settled: PromiseSettledResult<unknown>[] = [];
  for (const read of readers) settled.push(...(await Promise.allSettled([read()])));
  const refused = settled.filter((one) => one.status === 'rejected').map(({ reason }) => reason as unknown);
  const strange = refused.find((reason) => !isRefusal(reason));
  if (strange !== undefined || (refused.length > 0 && refused.length === settled.length)) throw strange ?? refused[0];
  return settled.find((one) => one.status === 'fulfilled')?.value;
}

const REFUSALS = new Set(['INVALID_FILE_TYPE', 'FILE_TOO_LARGE', 'MALWARE_DETECTED']);

export function isRefusal(error: unknown): boolean {
  return error instanceof Error && REFUSALS.has((error as { code?: string }).code ?? '');
}

async function allOf(packets: AsyncIterable<Buffer> | undefined): Promise<number> {
  let bytes = 0;
  for await (const packet of packets ?? []) bytes += packet.length;
  return bytes;
}

async function inZip(path: string, look: (zip: ZipDirectory) => Promise<unknown>): Promise<unknown> {
  const bytes = await FileReader.open(path);
  try {
    return await look(await ZipDirectory.open(bytes));
  } finally {
    await bytes.close();
  }
}

export const PARSERS: readonly Parser[] = [
  {
    name: 'active-content',
    parse: async (path) => {
      await onBytes(
        async (bytes) => isExecutable(await bytes.read(0, 4096)),
        (bytes) => requireNoActiveContent(bytes, 'everywhere'),
        (bytes) => requireNoActiveContent(bytes, 'ends'),
      )(path);
    },
  },
  { name: 'archive-headers', kinds: ['rar', '7z'], parse: onBytes(require7z, requireRar) },
  { name: 'audio-duration', kinds: ['mp3', 'ogg'], parse: onBytes(oggDuration, mp3Duration) },
  {
    name: 'bitmap',
    kinds: ['bmp'],
    parse: async (path) => {
      const { width, height, data } = decodeBitmap(await readFile(path));
      encodeBitmap({ width, height, data });
    },
  },
  {
    name: 'check-file',
    parse: (path) => checkFile({ path, extension: undefined, declaredType: '', allowed: TAKEN }),
  },
  { name: 'compound-file', kinds: ['doc', 'xls', 'ppt'], parse: onBytes(compoundType) },
  { name: 'detect-type', parse: onBytes(detectType) },
  {
    name: 'heif-image',
    kinds: ['heic', 'avif'],
    parse: async (path) => blankRegions(path, (await heifAt(path)).metadata),
  },
  { name: 'heif-pixels', kinds: ['heif'], parse: async (path) => decodePixels(await readFile(path)) },
  {
    name: 'image-header',
    kinds: Object.keys(IMAGES),
    parse: onBytes(
      ...Object.values(IMAGES).map((kind) => async (bytes: FileReader) => {
        const header = await readImageHeader(bytes, `image/${kind}`);
        requireDecodableSize(header, `image/${kind}`);
        return header;
      }),
    ),
  },
  { name: 'iso-media', kinds: ['mp4', 'm4a', 'mov', 'heic'], parse: onBytes(brandsOf, readIsoMedia) },
  {
    name: 'opus-packets',
    kinds: ['ogg', 'weba'],
    parse: onBytes(
      (bytes) => allOf(oggPackets(bytes)),
      async (bytes) => allOf((await webmOpus(bytes))?.packets),
    ),
  },
  { name: 'pdf', kinds: ['pdf'], parse: onBytes(requirePdf) },
  { name: 'riff-media', kinds: ['wav', 'avi', 'webp'], parse: onBytes(readRiff) },
  {
    name: 'text',
    kinds: ['txt', 'csv', 'md', 'json', 'log', 'rtf', 'zip'],
    parse: onBytes(async (bytes) => {
      const text = await readText(bytes);
      for (const type of ['text/plain', 'text/markdown']) if (text) requireInertText(text, type);
    }),
  },
  { name: 'waveform', kinds: ['wav'], parse: onBytes(readWaveform) },
  { name: 'webm', kinds: ['webm', 'weba'], parse: onBytes(readWebm) },
  {
    name: 'zip-contents',
    kinds: OF_ZIP,
    parse: (path) => eachOf([true, false].map((isDocument) => () => requireSafeZip(path, isDocument))),
  },
  {
    name: 'zip-directory',
    kinds: OF_ZIP,
    parse: (path) =>
      inZip(path, (zip) => eachOf(zip.entries.slice(0, 20).map((entry) => () => zip.text(entry, 1024 * 1024)))),
  },
  { name: 'zip-type', kinds: OF_ZIP, parse: (path) => inZip(path, zipType) },
];
