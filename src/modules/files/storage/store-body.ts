import { Readable } from 'node:stream';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';

/**
 * The bytes of an object, read from the store. A store that falls silent ends it with ServiceUnavailable; time in which
 * the consumer does not read does not count.
 */
export class StoreBody extends Readable {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(
    body: ReadableStream<Uint8Array>,
    private readonly silenceMs: number,
  ) {
    super();
    this.reader = body.getReader();
  }

  override _read(): void {
    const late = setTimeout(() => this.breakOff(new Error('the store fell silent')), this.silenceMs);
    this.reader
      .read()
      .finally(() => clearTimeout(late))
      .then(
        ({ done, value }) => this.push(done ? null : value),
        (error: unknown) => this.breakOff(error),
      );
  }

  /** Also releases the connection. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.reader.cancel().catch(() => undefined);
    callback(error);
  }

  private breakOff(cause: unknown): void {
    this.destroy(new ServiceUnavailable(undefined, { cause }));
  }
}
