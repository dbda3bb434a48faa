import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';

export interface ArchiveEntry {
  readonly path: string;
  /** Called when the entry is about to be written. */
  readonly open: () => Readable | Promise<Readable>;
  /** False for content that is already compressed. */
  readonly isCompressed?: boolean;
}

/**
 * Streams these entries as a zip. One entry is open at a time, and nothing is read faster than the archive is consumed.
 * The stream fails with the error of an entry; destroying it closes the open entry.
 */
export function streamArchive(entries: AsyncIterable<ArchiveEntry>): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  let current: Readable | undefined;
  const fail = (error: Error): void => void output.destroy(error);
  zip.on('error', fail);
  output.once('close', () => current?.destroy());

  const add = ({ path, open, isCompressed = true }: ArchiveEntry): Promise<void> =>
    new Promise((resolve, reject) => {
      const opened = async (): Promise<Readable> => {
        current = await open();
        current.once('end', resolve).once('close', resolve).once('error', reject);
        if (output.destroyed) current.destroy();
        return current;
      };
      zip.addReadStreamLazy(path, { compress: isCompressed }, (use) => {
        opened().then((stream) => use(null, stream), reject);
      });
    });

  const fill = async (): Promise<void> => {
    for await (const entry of entries) {
      if (output.destroyed) return;
      await add(entry);
    }
    zip.end();
  };
  fill().catch(fail);
  return output;
}

/** The size of a write, so that other work can run in between. */
const PIECE = 65_536;

/** Serializes pages of objects as lines of JSON. */
export function toJsonLines(pages: AsyncIterable<object[]>): Readable {
  return Readable.from(linesOf(pages), { objectMode: false, highWaterMark: PIECE });
}

async function* linesOf(pages: AsyncIterable<object[]>): AsyncGenerator<string> {
  let text = '';
  for await (const page of pages) {
    for (const line of page) {
      text += `${JSON.stringify(line)}\n`;
      if (text.length < PIECE) continue;
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}
