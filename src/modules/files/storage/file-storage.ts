import type { Readable } from 'node:stream';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';

/** The bytes are not where this process looks for them: nothing is known of the file. */
export class BytesMissing extends ServiceUnavailable {}

/** Both ends are part of it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What the store is to say of an object it serves itself. */
export interface ServedAs {
  readonly type: string;
  readonly disposition: string;
}

/**
 * Where the bytes of files are. An object is there as a whole or not at all, whatever breaks on the way; keys are ours,
 * never made of what somebody calls a file. Everything may throw ServiceUnavailable.
 */
export abstract class FileStorage {
  /** Takes the file at `path`, which is gone afterwards, in as `key`; what was there before is replaced. */
  abstract put(key: string, path: string, type: string): Promise<void>;

  /** The bytes, or a part of them. */
  abstract open(key: string, range?: ByteRange): Promise<Readable>;

  /** Lets `work` read the object as a file of this machine. @throws BytesMissing */
  abstract withLocalCopy<T>(key: string, work: (path: string) => Promise<T>): Promise<T>;

  /** What is not there is gone already. */
  abstract remove(keys: readonly string[]): Promise<void>;

  /** Ends what began to come in before then and never came to its end; answers how many. A dry run only counts them. */
  abstract removeBroken(before: Date, options: { isDryRun: boolean }): Promise<number>;

  /** Where clients may fetch the object from the store itself, for a minute; undefined: only through us. */
  abstract addressOf(key: string, as: ServedAs): Promise<string | undefined>;
}
