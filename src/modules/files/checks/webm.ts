import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

/** Identifiers of RFC 8794 and RFC 9559. */
export const EBML = 0x1a45dfa3;
const DOC_TYPE = 0x4282;
export const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const DURATION = 0x4489;
export const TRACKS = 0x1654ae6b;
export const TRACK_ENTRY = 0xae;
export const TRACK_TYPE = 0x83;
export const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const VIDEO = 1;
const MAX_TRACKS = 100;
/** A millisecond, in nanoseconds. */
const USUAL_SCALE = 1_000_000;

export interface Element {
  readonly id: number;
  readonly start: number;
  /** Undefined: unknown at the time of writing, as in recordings of a browser. */
  readonly end: number | undefined;
}

export interface WebmFile {
  readonly hasVideo: boolean;
  /** In seconds; if the header has none, up to the last cluster. */
  readonly duration: number | undefined;
}

/**
 * Reads the elements of a WebM, which must fill the file to the last byte.
 * @throws InvalidFileType
 */
export async function readWebm(file: FileReader): Promise<WebmFile> {
  const head = await elementAt(file, 0, file.size);
  if (head.id !== EBML || head.end === undefined) throw InvalidFileType.broken();
  const type = await valueOf(file, head, DOC_TYPE);
  if (type?.toString('latin1').replace(/\0+$/, '') !== 'webm') throw InvalidFileType.broken();
  const segment = await elementAt(file, head.end, file.size);
  if (segment.id !== SEGMENT || (segment.end ?? file.size) !== file.size) throw InvalidFileType.broken();
  return readSegment(file, segment.start);
}

async function readSegment(file: FileReader, start: number): Promise<WebmFile> {
  let types: number[] | undefined;
  let scale = USUAL_SCALE;
  /** The duration of the header and the last timestamp of a cluster, both in units of `scale` nanoseconds. */
  let durationTicks: number | undefined;
  let lastTimestamp = 0;
  for (let at = start; at < file.size;) {
    const element = await elementAt(file, at, file.size);
    if (element.id === INFO) {
      scale = numberOf(await valueOf(file, element, TIMESTAMP_SCALE)) || USUAL_SCALE;
      durationTicks = floatOf(await valueOf(file, element, DURATION));
    }
    if (element.id === TRACKS) types = await trackTypes(file, element);
    if (element.id === CLUSTER) lastTimestamp = numberOf(await valueOf(file, element, TIMESTAMP)) || lastTimestamp;
    // The content of a cluster of unknown length is read as if it were on the level of the cluster.
    if (element.end === undefined && element.id !== CLUSTER) throw InvalidFileType.broken();
    at = element.end ?? element.start;
  }
  if (!types?.length) throw InvalidFileType.broken();
  const duration = ((durationTicks ?? lastTimestamp) * scale) / 1e9;
  return { hasVideo: types.includes(VIDEO), duration: duration > 0 && duration < 1e8 ? duration : undefined };
}

async function trackTypes(file: FileReader, tracks: Element): Promise<number[]> {
  const types: number[] = [];
  const end = tracks.end ?? file.size;
  for (let at = tracks.start; at < end && types.length < MAX_TRACKS;) {
    const element = await elementAt(file, at, end);
    if (element.end === undefined) throw InvalidFileType.broken();
    if (element.id === TRACK_ENTRY) types.push(numberOf(await valueOf(file, element, TRACK_TYPE)));
    at = element.end;
  }
  return types;
}

/** Returns at most eight bytes of the content of the first element with this id directly inside another. */
export async function valueOf(file: FileReader, parent: Element, id: number): Promise<Buffer | undefined> {
  const end = parent.end ?? file.size;
  for (let at = parent.start; at < end;) {
    const element = await elementAt(file, at, end);
    if (element.id === id) return file.read(element.start, Math.min(8, (element.end ?? end) - element.start));
    // In a cluster of unknown length the timestamp is first.
    if (element.end === undefined || parent.end === undefined) return undefined;
    at = element.end;
  }
  return undefined;
}

export async function elementAt(file: FileReader, at: number, limit: number): Promise<Element> {
  const header = await file.read(at, Math.min(12, limit - at));
  const idLength = vintLength(header[0]);
  const sizeLength = vintLength(header[idLength]);
  if (idLength > 4 || idLength + sizeLength > header.length) throw InvalidFileType.broken();
  const sizeBytes = header.subarray(idLength, idLength + sizeLength);
  const size = sizeBytes.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & (0xff >> sizeLength) : byte), 0);
  const start = at + idLength + sizeLength;
  const id = header.readUIntBE(0, idLength);
  if (size === 2 ** (7 * sizeLength) - 1) return { id, start, end: undefined };
  if (start + size > limit) throw InvalidFileType.broken();
  return { id, start, end: start + size };
}

/** The length of a variable-size integer in bytes, from the position of the first bit that is set in its first byte. */
export function vintLength(first: number | undefined): number {
  return first ? Math.clz32(first) - 23 : 9;
}

export function numberOf(value: Buffer | undefined): number {
  return value?.reduce((sum, byte) => sum * 256 + byte, 0) ?? 0;
}

function floatOf(value: Buffer | undefined): number | undefined {
  if (value?.length === 4) return value.readFloatBE();
  return value?.length === 8 ? value.readDoubleBE() : undefined;
}
