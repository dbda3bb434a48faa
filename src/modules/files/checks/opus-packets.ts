import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';
import { CLUSTER, elementAt, type Element, numberOf, TRACK_ENTRY, TRACKS, valueOf, vintLength } from './webm.js';

/** Identifiers of RFC 9559. */
const TRACK_NUMBER = 0xd7;
const CODEC_ID = 0x86;
const AUDIO = 0xe1;
const CHANNELS = 0x9f;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const SIMPLE_BLOCK = 0xa3;
/** The first eight bytes of A_OPUS. */
const OPUS = 'A_OPUS';
const LACING = 0x06;
/** An Opus packet of 120 ms at the highest bit rate has 8 KB. */
const MAX_PACKET = 64 * 1024;
const PAGE_HEADER = 27;

/** Yields the packets of the first stream of an Ogg file, the headers of its codec first. @throws InvalidFileType */
export async function* oggPackets(file: FileReader): AsyncGenerator<Buffer> {
  let serial: number | undefined;
  let pending: Buffer[] = [];
  let pendingLength = 0;
  for (let at = 0; at < file.size;) {
    const header = await file.read(at, PAGE_HEADER + 255);
    if (header.length < PAGE_HEADER || header.toString('latin1', 0, 4) !== 'OggS') throw InvalidFileType.broken();
    const lengths = header.subarray(PAGE_HEADER, PAGE_HEADER + header[26]!);
    const start = at + PAGE_HEADER + header[26]!;
    const bodyLength = lengths.reduce((sum, length) => sum + length, 0);
    at = start + bodyLength;
    serial ??= header.readUInt32LE(14);
    if (header.readUInt32LE(14) !== serial) continue;
    const laces = [...lengths];
    const body = await file.read(start, bodyLength);
    let from = 0;
    for (const length of laces) {
      pending.push(Buffer.from(body.subarray(from, from + length)));
      from += length;
      pendingLength += length;
      if (pendingLength > MAX_PACKET) throw InvalidFileType.broken();
      if (length === 255) continue;
      yield Buffer.concat(pending);
      pending = [];
      pendingLength = 0;
    }
  }
}

/** The Opus track of a WebM. */
export interface OpusTrack {
  readonly channels: number;
  readonly packets: AsyncGenerator<Buffer>;
}

/** Undefined if the first track of a WebM is not Opus. @throws InvalidFileType */
export async function webmOpus(file: FileReader): Promise<OpusTrack | undefined> {
  const head = await elementAt(file, 0, file.size);
  const segment = await elementAt(file, head.end ?? file.size, file.size);
  for (let at = segment.start; at < file.size;) {
    const element = await elementAt(file, at, file.size);
    if (element.id === TRACKS) {
      const entry = await elementAt(file, element.start, element.end ?? file.size);
      return entry.id === TRACK_ENTRY ? trackOf(file, entry, element.end ?? file.size) : undefined;
    }
    if (element.end === undefined) return undefined;
    at = element.end;
  }
  return undefined;
}

async function trackOf(file: FileReader, entry: Element, clustersAt: number): Promise<OpusTrack | undefined> {
  const codec = await valueOf(file, entry, CODEC_ID);
  if (codec?.toString('latin1').replace(/\0+$/, '') !== OPUS) return undefined;
  const number = numberOf(await valueOf(file, entry, TRACK_NUMBER));
  const audioAt = await childOf(file, entry, AUDIO);
  const channels = (audioAt && numberOf(await valueOf(file, audioAt, CHANNELS))) || 1;
  return { channels, packets: webmPackets(file, { from: clustersAt, track: number }) };
}

async function childOf(file: FileReader, parent: Element, id: number): Promise<Element | undefined> {
  const end = parent.end ?? parent.start;
  for (let at = parent.start; at < end;) {
    const element = await elementAt(file, at, end);
    if (element.id === id) return element;
    if (element.end === undefined) return undefined;
    at = element.end;
  }
  return undefined;
}

/** Yields the frames of a track. Clusters and groups are read as if their content were on one level. */
async function* webmPackets(
  file: FileReader,
  { from, track }: { from: number; track: number },
): AsyncGenerator<Buffer> {
  for (let at = from; at < file.size;) {
    const { id, start, end } = await elementAt(file, at, file.size);
    const isParent = id === CLUSTER || id === BLOCK_GROUP;
    if (end === undefined && !isParent) throw InvalidFileType.broken();
    at = isParent ? start : end!;
    if (id !== SIMPLE_BLOCK && id !== BLOCK) continue;
    if (end! - start > MAX_PACKET) throw InvalidFileType.broken();
    const block = await file.read(start, end! - start);
    const numberLength = vintLength(block[0]);
    if (numberLength + 3 > block.length || numberLength > 2) throw InvalidFileType.broken();
    const number = numberOf(block.subarray(0, numberLength)) & (2 ** (7 * numberLength) - 1);
    if (number !== track) continue;
    // Several frames in a block are not used for sound of this kind.
    if (block[numberLength + 2]! & LACING) throw InvalidFileType.broken();
    yield block.subarray(numberLength + 3);
  }
}
