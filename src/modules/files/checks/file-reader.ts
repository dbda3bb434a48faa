import { type FileHandle, open } from 'node:fs/promises';
import { InvalidFileType } from '../files.errors.js';

const CHUNK = 256 * 1024;
/**
 * Small reads are served from one window of the file, so that parsing headers does not read the disk each time. The
 * window is small after a jump and grows with sequential reads, so that random access reads little more than it needs.
 */
const FIRST_WINDOW = 4 * 1024;
const WINDOW = 64 * 1024;
/**
 * The steps that any file may cost, and the additional ones of a larger file: the parsers spend a step for each read
 * and record.
 */
const FIRST_STEPS = 20_000;
const BYTES_PER_STEP = 32;

/** Reads a file for its checks: on demand, never as a whole, in no more steps than its size allows. */
export class FileReader {
  private window: Buffer = Buffer.alloc(0);
  private windowAt = 0;
  private stepsLeft: number;

  private constructor(
    private readonly handle: FileHandle,
    readonly path: string,
    readonly size: number,
    bytesPerStep: number,
  ) {
    this.stepsLeft = FIRST_STEPS + Math.ceil(size / bytesPerStep);
  }

  /** A reader whose work is bounded in time as well may spend a step for fewer bytes. */
  static async open(path: string, bytesPerStep = BYTES_PER_STEP): Promise<FileReader> {
    const handle = await open(path, 'r');
    return new FileReader(handle, path, (await handle.stat()).size, bytesPerStep);
  }

  /** Counts work on the file. @throws InvalidFileType when its structure costs more than its size allows */
  spend(steps = 1): void {
    this.stepsLeft -= steps;
    if (this.stepsLeft < 0) throw new InvalidFileType('has too many parts');
  }

  /** Up to `length` bytes; fewer where the file ends. @throws InvalidFileType as `spend` does */
  async read(position: number, length: number): Promise<Buffer> {
    const count = Math.max(0, Math.min(length, this.size - position));
    this.spend(1 + Math.floor(count / WINDOW));
    if (count > WINDOW / 4) return this.load(position, count);
    if (position < this.windowAt || position + count > this.windowAt + this.window.length) {
      const end = this.windowAt + this.window.length;
      const isSequential = position >= this.windowAt && position <= end;
      const windowSize = isSequential ? Math.min(WINDOW, 2 * this.window.length) : FIRST_WINDOW;
      this.window = await this.load(position, Math.min(Math.max(windowSize, count), this.size - position));
      this.windowAt = position;
    }
    return this.window.subarray(position - this.windowAt, position - this.windowAt + count);
  }

  /** Yields all or a part of the file, in chunks that each begin with the last `overlap` bytes of the previous one. */
  async *chunks({ overlap = 0, from = 0, to = this.size } = {}): AsyncGenerator<Buffer> {
    for (let position = from; position < to; position += CHUNK) {
      const start = Math.max(from, position - overlap);
      yield await this.read(start, Math.min(to, position + CHUNK) - start);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async load(position: number, count: number): Promise<Buffer> {
    const buffer = Buffer.alloc(Math.max(0, count));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await this.handle.read(buffer, filled, buffer.length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }
}
