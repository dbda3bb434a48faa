import type { Readable } from 'node:stream';
import { ServiceUnavailable } from '../../../platform/errors/app-error.js';

/** The bytes are not where this process expects them: nothing is known of the file. */
export class BytesMissing extends ServiceUnavailable {}

/** Both ends are inclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The headers with which the store serves an object itself. */
export interface ResponseOverrides {
  readonly type: string;
  readonly disposition: string;
}

/**
 * Stores the bytes of files. An object is complete or absent, even after a crash; keys are generated, never derived
 * from a file name. Every method may throw ServiceUnavailable.
 */
export abstract class FileStorage {
  /** Moves the file at `path` to `key` and replaces what is there. */
  abstract put(key: string, path: string, type: string): Promise<void>;

  /** Opens the bytes or a range of them. */
  abstract open(key: string, range?: ByteRange): Promise<Readable>;

  /** Gives `work` the object as a local file. @throws BytesMissing */
  abstract withLocalCopy<T>(key: string, work: (path: string) => Promise<T>): Promise<T>;

  /** Ignores keys that do not exist. */
  abstract remove(keys: readonly string[]): Promise<void>;

  /**
   * Removes uploads into the store that began before this time and were not completed; returns how many. A dry run only
   * counts them.
   */
  abstract removeUnfinishedUploads(before: Date, options: { isDryRun: boolean }): Promise<number>;

  /**
   * Returns a URL for clients to download the object directly from the store, valid for a minute; undefined if
   * downloads are served by this process.
   */
  abstract urlOf(key: string, as: ResponseOverrides): Promise<string | undefined>;
}

/** The uploaded bytes; those of an image are never served. */
export const uploadKey = (id: string): string => `${id}.upload`;

/** The re-encoded image. */
export const imageKey = (id: string): string => `${id}.image`;

/** The sizes of thumbnails, smallest first. */
export const THUMBNAIL_SIZES = ['small', 'medium', 'large'] as const;
export type ThumbnailSize = (typeof THUMBNAIL_SIZES)[number];

/** The sizes in which an image is displayed, smallest first; `full` only if browsers cannot display the image itself. */
export const IMAGE_SIZES = [...THUMBNAIL_SIZES, 'full'] as const;
export type ImageSize = (typeof IMAGE_SIZES)[number];

/** The type of an image of this size. */
export const typeOfSize = (size: ImageSize): string => (size === 'full' ? 'image/jpeg' : 'image/webp');

export const thumbnailKey = (id: string, size: ImageSize): string =>
  size === 'small' ? `${id}.thumbnail` : `${id}.${size}`;

/** Returns all keys that a file may have, so that callers need not know which exist. */
export const allKeysOf = (id: string): string[] => [
  uploadKey(id),
  imageKey(id),
  ...IMAGE_SIZES.map((size) => thumbnailKey(id, size)),
];

/** A piece of a resumable upload. */
export const pieceKey = (id: string): string => `${id}.piece`;

const KEY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:upload|image|thumbnail|medium|large|full|piece)$/;

/** Whether an object is one of a file: the store may contain others. */
export function isFileKey(text: string): boolean {
  return KEY.test(text);
}
