import { InvalidFileType } from '../files.errors.js';
import type { FileReader } from './file-reader.js';

const OGG_TAIL = 128 * 1024;
/** kbit/s by index, for layer III: version 1, then versions 2 and 2.5. */
const BITRATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const SAMPLE_RATES = [44_100, 48_000, 32_000];

/** Returns the duration of an Ogg file with Vorbis or Opus. @throws InvalidFileType */
export async function oggDuration(file: FileReader): Promise<number | undefined> {
  const first = await file.read(0, 512);
  const segments = first[26] ?? 0;
  const packet = first.subarray(27 + segments);
  if (first.toString('latin1', 0, 4) !== 'OggS' || packet.length < 16) throw InvalidFileType.broken();
  const isOpus = packet.toString('latin1', 0, 8) === 'OpusHead';
  const isVorbis = packet.toString('latin1', 0, 7) === '\x01vorbis';
  if (!isOpus && !isVorbis) throw new InvalidFileType();
  const rate = isOpus ? 48_000 : packet.readUInt32LE(12);
  const skipped = isOpus ? packet.readUInt16LE(10) : 0;
  const tail = await file.read(Math.max(0, file.size - OGG_TAIL), OGG_TAIL);
  const last = tail.lastIndexOf('OggS');
  if (last < 0 || last + 27 > tail.length) throw InvalidFileType.broken();
  requireOggEnd(tail.subarray(last));
  const samples = Number(tail.readBigInt64LE(last + 6)) - skipped;
  return samples > 0 && rate > 0 ? samples / rate : undefined;
}

/** The last page must end with the file. */
function requireOggEnd(page: Buffer): void {
  const segments = page[26]!;
  const body = page.subarray(27, 27 + segments).reduce((sum, length) => sum + length, 0);
  if (page.length !== 27 + segments + body) throw InvalidFileType.broken();
}

interface Frame {
  readonly length: number;
  readonly bitrate: number;
  readonly sampleRate: number;
  readonly samples: number;
  /** The position of a Xing header, if there is one. */
  readonly xingAt: number;
}

/**
 * Returns the duration of an MP3: from the frame count of its encoder, otherwise from its bit rate. @throws
 * InvalidFileType
 */
export async function mp3Duration(file: FileReader): Promise<number | undefined> {
  const tag = await file.read(0, 10);
  const start = tag.toString('latin1', 0, 3) === 'ID3' ? 10 + syncSafe(tag) : 0;
  const head = await file.read(start, 4096);
  const offset = head.findIndex((_byte, at) => frameAt(head, at) !== undefined);
  const frame = offset < 0 ? undefined : frameAt(head, offset);
  if (!frame) throw InvalidFileType.broken();
  const second = await file.read(start + offset + frame.length, 4);
  if (second.length === 4 && !frameAt(second, 0)) throw InvalidFileType.broken();
  const count = xingFrameCount(head.subarray(offset + frame.xingAt));
  if (count) return (count * frame.samples) / frame.sampleRate;
  return ((file.size - start - offset) * 8) / (frame.bitrate * 1000);
}

function syncSafe(tag: Buffer): number {
  return tag.subarray(6, 10).reduce((size, byte) => (size << 7) | (byte & 0x7f), 0);
}

function xingFrameCount(header: Buffer): number | undefined {
  const name = header.toString('latin1', 0, 4);
  if ((name !== 'Xing' && name !== 'Info') || header.length < 12 || !(header[7]! & 1)) return undefined;
  return header.readUInt32BE(8);
}

function frameAt(buffer: Buffer, at: number): Frame | undefined {
  if (at + 4 > buffer.length || buffer[at] !== 0xff || (buffer[at + 1]! & 0xe0) !== 0xe0) return undefined;
  const [version, layer] = [(buffer[at + 1]! >> 3) & 3, (buffer[at + 1]! >> 1) & 3];
  const rateIndex = (buffer[at + 2]! >> 2) & 3;
  const isMpeg1 = version === 3;
  const bitrate = BITRATES[isMpeg1 ? 0 : 1]![buffer[at + 2]! >> 4];
  if (version === 1 || layer !== 1 || rateIndex === 3 || !bitrate) return undefined;
  const sampleRate = SAMPLE_RATES[rateIndex]! / (isMpeg1 ? 1 : version === 2 ? 2 : 4);
  const samples = isMpeg1 ? 1152 : 576;
  const padding = (buffer[at + 2]! >> 1) & 1;
  const isMono = buffer[at + 3]! >> 6 === 3;
  const xingAt = 4 + (isMpeg1 ? (isMono ? 17 : 32) : isMono ? 9 : 17);
  return {
    length: Math.floor(((samples / 8) * bitrate * 1000) / sampleRate) + padding,
    bitrate,
    sampleRate,
    samples,
    xingAt,
  };
}
