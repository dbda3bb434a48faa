/** A process that looks into files, one at a time, and does nothing else: see `FileProcesses`. */
import { constants, setPriority } from 'node:os';
import sharp from 'sharp';
import { checkFile } from './checks/check-file.js';
import { requireSafeZip } from './checks/zip-contents.js';
import { type FileAnswer, type FileTask, refusalOf } from './file-tasks.js';
import { renderImage } from './render-image.js';

const WATCH_MS = 10;
const memoryBytes = Number(process.argv[2]);

// Of all the decoders in the library, only those of the types that are taken.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}`),
});
// What is decoded is never decoded again, and one thread is enough for one image at a time.
sharp.cache(false);
sharp.concurrency(1);

function answer(what: FileAnswer, then?: () => void): void {
  process.send?.(what, undefined, undefined, then);
}

/** At once: an ordinary end would wait for the decoder's threads. */
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
  }
}

// Decoding goes on in threads that allocate outside of V8, where no option of Node's limits them.
const watch = setInterval(() => {
  if (process.memoryUsage.rss() <= memoryBytes) return;
  clearInterval(watch);
  answer({ memory: true }, end);
}, WATCH_MS);

process.on('message', (task: FileTask) => {
  perform(task).then(
    (result) => answer({ result: result ?? null }),
    (error: unknown) => {
      const refusal = refusalOf(error);
      answer(refusal ? { refusal } : { failure: String(error) });
    },
  );
});
process.on('disconnect', end);
// Whatever is loaded into every process may have let go of the channel, which is all that keeps this one.
process.channel?.ref();
// People who chat come first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
