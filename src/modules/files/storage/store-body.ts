import { Readable } from 'node:stream';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';

/**
 * The bytes of an object on their way from the store, for as long as they come. A store that falls silent ends it with
 * ServiceUnavailable; time in which nobody reads does not count.
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

  /** Lets go of the connection as well. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.reader.cancel().catch(() => undefined);
    callback(error);
  }

  private breakOff(cause: unknown): void {
    this.destroy(new ServiceUnavailable(undefined, { cause }));
  }
}
