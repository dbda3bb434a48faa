import sharp, { type Sharp } from 'sharp';
import { Peaks } from './peaks.js';
import { InvalidFileType } from './files.errors.js';
import { runFfmpeg } from './ffmpeg.js';
import { type RenderTask, type Thumbnail, THUMBNAIL_SIDES, writeThumbnails } from './render-image.js';

const SAMPLE_RATE = 16_000;
/** A PNG of 2,000 by 2,000 pixels of noise has half of it. */
const MAX_OUTPUT = 32 * 1024 * 1024;

export interface PosterTask {
  readonly path: string;
  readonly type: string;
  /** In seconds, if known. */
  readonly duration: number | undefined;
  readonly ffmpeg: string;
  readonly ffmpegMs?: number | undefined;
  readonly thumbnails: RenderTask['thumbnails'];
}

export interface Poster {
  readonly blurhash: string;
  readonly thumbnails: readonly Thumbnail[];
}

/**
 * Writes thumbnails of one frame of a video: of the key frame before a tenth of its duration, otherwise of the first. Only
 * what is decoded and encoded here is written, never the output of ffmpeg. @throws InvalidFileType if there is no frame
 */
export async function renderPoster(task: PosterTask): Promise<Poster> {
  const { duration = 0, thumbnails } = task;
  const frame = (await frameOf(task, duration / 10)) ?? (duration > 0 ? await frameOf(task, 0) : undefined);
  if (!frame) throw new InvalidFileType('has no frame that can be decoded');
  const open = (): Sharp => sharp(frame, { limitInputPixels: THUMBNAIL_SIDES.large ** 2, failOn: 'error' });
  try {
    const { width, height } = await open().metadata();
    return await writeThumbnails(open(), Math.max(width, height), thumbnails);
  } catch {
    throw new InvalidFileType('has no frame that can be decoded');
  }
}

async function frameOf({ path, type, ffmpeg, ffmpegMs }: PosterTask, second: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  const side = THUMBNAIL_SIDES.large;
  const scale = `scale=w='min(${side},iw)':h='min(${side},ih)':force_original_aspect_ratio=decrease`;
  const isWhole = await runFfmpeg({
    ...{ ffmpeg, path, type, timeMs: ffmpegMs },
    before: second > 0 ? ['-noaccurate_seek', '-ss', second.toFixed(3)] : [],
    after: ['-map', '0:v:0', '-frames:v', '1', '-vf', scale, '-c:v', 'png', '-f', 'image2pipe'],
    receive: (bytes) => {
      chunks.push(bytes);
      return (size += bytes.length) <= MAX_OUTPUT;
    },
  });
  return isWhole && size > 0 ? Buffer.concat(chunks) : undefined;
}

/** The waveform of sound for which only ffmpeg has a decoder; undefined if it has none or the sound is too long. */
export async function decodeWithFfmpeg(
  path: string,
  { type, ffmpeg }: { type: string; ffmpeg: string },
): Promise<number[] | undefined> {
  const peaks = new Peaks();
  let rest = Buffer.alloc(0);
  const isWhole = await runFfmpeg({
    ...{ ffmpeg, path, type },
    after: ['-map', '0:a:0', '-ac', '1', '-ar', String(SAMPLE_RATE), '-c:a', 'pcm_f32le', '-f', 'f32le'],
    receive: (bytes) => {
      const whole = Buffer.concat([rest, bytes]);
      const samples = Float32Array.from({ length: Math.floor(whole.length / 4) }, (_, at) => whole.readFloatLE(4 * at));
      rest = Buffer.from(whole.subarray(4 * samples.length));
      return peaks.add([samples], SAMPLE_RATE);
    },
  });
  return isWhole ? peaks.waveform() : undefined;
}
