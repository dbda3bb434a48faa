import { InvalidFileType } from './files.errors.js';
import type { FileReader } from './checks/file-reader.js';
import { oggPackets, webmOpus } from './checks/opus-packets.js';
import { Peaks } from './peaks.js';

/** Of compressed sound decoded at once: four kilobytes of silence can be minutes. */
const PIECE = 4096;
/** Stereo; a decoder needs a table for more. */
const MAX_CHANNELS = 2;

/** The types of compressed sound that can be decoded. */
export const DECODABLE_TYPES: readonly string[] = ['audio/mpeg', 'audio/ogg', 'audio/webm'];

/** The used part of the decoders. */
interface Decoded {
  readonly channelData: Float32Array[];
  readonly sampleRate: number;
}
interface StreamDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Promise<Decoded>;
  free(): void;
}

/**
 * Decodes MP3, Ogg with Opus or Vorbis, or WebM with Opus piece by piece, and returns the loudest sample of each of 64 equal
 * parts, from 0 to 100; undefined for other sound and for sound of more than an hour.
 * @throws InvalidFileType when it cannot be decoded
 */
export async function decodeWaveform(file: FileReader, type: string): Promise<number[] | undefined> {
  try {
    switch (type) {
      case 'audio/mpeg': {
        const { MPEGDecoder } = await import('mpg123-decoder');
        return await ofStream(file, new MPEGDecoder());
      }
      case 'audio/ogg':
        return await ofOgg(file);
      case 'audio/webm': {
        const track = await webmOpus(file);
        return track && (await ofOpus(track.packets, track.channels));
      }
      default:
        return undefined;
    }
  } catch {
    // The decoders throw errors of their own and of WebAssembly.
    throw InvalidFileType.broken();
  }
}

async function ofOgg(file: FileReader): Promise<number[] | undefined> {
  const packets = oggPackets(file);
  const head = (await packets.next()).value as Buffer | undefined;
  if (!head || head.length < 16) throw InvalidFileType.broken();
  if (head.toString('latin1', 0, 8) === 'OpusHead') {
    await packets.next();
    return ofOpus(packets, head[9]!);
  }
  if (head.toString('latin1', 1, 7) !== 'vorbis' || head[11]! > MAX_CHANNELS) return undefined;
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  return ofStream(file, new OggVorbisDecoder());
}

async function ofStream(file: FileReader, decoder: StreamDecoder): Promise<number[] | undefined> {
  const peaks = new Peaks();
  await decoder.ready;
  try {
    for (let at = 0; at < file.size; at += PIECE) {
      const { channelData, sampleRate } = await decoder.decode(Buffer.from(await file.read(at, PIECE)));
      if (!peaks.add(channelData, sampleRate)) return undefined;
    }
    const last = await decoder.flush?.();
    if (last && !peaks.add(last.channelData, last.sampleRate)) return undefined;
    return peaks.waveform();
  } finally {
    decoder.free();
  }
}

async function ofOpus(packets: AsyncIterable<Buffer>, channels: number): Promise<number[] | undefined> {
  if (channels < 1 || channels > MAX_CHANNELS) return undefined;
  const { OpusDecoder } = await import('opus-decoder');
  const options = { channels, streamCount: 1, coupledStreamCount: channels - 1, channelMappingTable: [0, 1] };
  const decoder = new OpusDecoder({ ...options, channelMappingTable: options.channelMappingTable.slice(0, channels) });
  const peaks = new Peaks();
  await decoder.ready;
  try {
    for await (const packet of packets) {
      const { channelData, sampleRate } = decoder.decodeFrame(packet);
      if (!peaks.add(channelData, sampleRate)) return undefined;
    }
    return peaks.waveform();
  } finally {
    decoder.free();
  }
}
