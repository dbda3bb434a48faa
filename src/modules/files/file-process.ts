/** A process that inspects files, one at a time, and does nothing else: see `FileProcesses`. */
import { constants, setPriority } from 'node:os';
import sharp from 'sharp';
import { checkFile } from './checks/check-file.js';
import { FileReader } from './checks/file-reader.js';
import { readWaveform } from './checks/waveform.js';
import { requireSafeZip } from './checks/zip-contents.js';
import { DECODABLE_TYPES } from './decode-waveform.js';
import { decodeSound } from './decode-sound.js';
import { type FileResponse, type FileTask, refusalOf, type WaveformTask } from './file-tasks.js';
import { renderImage } from './render-image.js';
import { decodeWithFfmpeg, renderPoster } from './render-poster.js';

const WATCH_MS = 10;
const memoryBytes = Number(process.argv[2]);

// Of all decoders of the library, only those of allowed types.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}`),
});
// No image is decoded twice, and one thread is enough for one image at a time.
sharp.cache(false);
sharp.concurrency(1);

function reply(what: FileResponse, then?: () => void): void {
  process.send?.(what, undefined, undefined, then);
}

/** Ends immediately: an ordinary exit would wait for the threads of the decoder. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

function perform(task: FileTask): Promise<unknown> {
  switch (task.kind) {
    case 'check':
      return checkFile(task);
    case 'render':
      return renderImage(task);
    case 'unpack':
      return requireSafeZip(task.path, task.isDocument);
    case 'waveform':
      return waveformOf(task);
    case 'poster':
      return renderPoster(task);
  }
}

async function waveformOf({ path, type, ffmpeg }: WaveformTask): Promise<number[] | undefined> {
  if (DECODABLE_TYPES.includes(type)) return decodeSound(path, type);
  if (type !== 'audio/wav') return ffmpeg === undefined ? undefined : decodeWithFfmpeg(path, { type, ffmpeg });
  const reader = await FileReader.open(path);
  try {
    return await readWaveform(reader);
  } finally {
    await reader.close();
  }
}

// Decoding runs in threads that allocate outside V8, where no option of Node limits them.
const watch = setInterval(() => {
  if (process.memoryUsage.rss() <= memoryBytes) return;
  clearInterval(watch);
  reply({ memory: true }, end);
}, WATCH_MS);

process.on('message', (task: FileTask) => {
  perform(task).then(
    (result) => reply({ result: result ?? null }),
    (error: unknown) => {
      const refusal = refusalOf(error);
      reply(refusal ? { refusal } : { failure: String(error) });
    },
  );
});
process.on('disconnect', end);
// A module loaded into every process may have unreferenced the channel, which alone keeps this process alive.
process.channel?.ref();
// The chat has priority.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
