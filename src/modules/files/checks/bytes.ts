import { type FileHandle, open } from 'node:fs/promises';

/** A file under inspection: read where it is looked at, never as a whole. */
export class Bytes {
  private constructor(
    private readonly handle: FileHandle,
    readonly path: string,
    readonly size: number,
  ) {}

  static async open(path: string): Promise<Bytes> {
    const handle = await open(path, 'r');
    return new Bytes(handle, path, (await handle.stat()).size);
  }

  /** Up to `length` bytes; fewer where the file ends. */
  async read(position: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.size - position));
    const buffer = Buffer.alloc(wanted);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.handle.read(buffer, filled, wanted - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  /** All of it, in chunks that each begin with the last `overlap` bytes of the one before. */
  async *chunks(overlap = 0): AsyncGenerator<Buffer> {
    for (let position = 0; position < this.size; position += CHUNK) {
      const start = Math.max(0, position - overlap);
      yield await this.read(start, position - start + CHUNK);
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

const CHUNK = 256 * 1024;
