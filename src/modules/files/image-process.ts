/** A process that decodes images, one at a time, and does nothing else: see `ImageRenderer`. */
import { constants, setPriority } from 'node:os';
import type { RenderAnswer } from './image-renderer.js';
import { renderImage, type RenderTask } from './render-image.js';

const WATCH_MS = 10;
const memoryBytes = Number(process.argv[2]);

function answer(what: RenderAnswer, then?: () => void): void {
  process.send?.(what, undefined, undefined, then);
}

/** At once: an ordinary end would wait for the decoder's threads. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

// Decoding goes on in threads that allocate outside of V8, where no option of Node's limits them.
const watch = setInterval(() => {
  if (process.memoryUsage.rss() <= memoryBytes) return;
  clearInterval(watch);
  answer({ failure: 'memory' }, end);
}, WATCH_MS);

process.on('message', (task: RenderTask) => {
  renderImage(task).then(
    (image) => answer({ image }),
    () => answer({ failure: 'undecodable' }),
  );
});
process.on('disconnect', end);
// Whatever is loaded into every process may have let go of the channel, which is all that keeps this one.
process.channel?.ref();
// People who chat come first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
