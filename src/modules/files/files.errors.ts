import { defineError } from '../../platform/errors/app-error.js';
import { integer, listOfTexts, optional, RETRY_AFTER_DETAILS, text } from '../../platform/errors/error-details.js';

export class FileNotFound extends defineError('FILE_NOT_FOUND', 404, {
  message: 'No such file.',
  meaning: 'The file does not exist, or the user may not see it.',
  action: 'Treat it as gone.',
}) {}

export class FileTooLarge extends defineError('FILE_TOO_LARGE', 413, {
  message: 'The file is too large.',
  meaning:
    'The file is larger than the limit of its kind (`details.limit` bytes), or expands to too many pixels, frames or entries of an archive.',
  action: 'Make it smaller before the upload.',
  details: {
    fields: {
      limit: optional(integer('The maximum size of its kind, in bytes')),
      reason: optional(text('What the file has too much of')),
    },
    of: (details: { limit?: number; reason?: string } = {}) => details,
  },
}) {}

export class InvalidFileType extends defineError('INVALID_FILE_TYPE', 415, {
  message: 'This file is not accepted.',
  meaning:
    'The type of the file is not accepted, its name, declared type and content do not agree, or its content is not allowed: `details.reason`.',
  action: 'Convert it to one of `details.accepted` (extensions); docs/file-types.md has the types.',
  details: {
    fields: {
      reason: text('What is wrong with the file; may change'),
      accepted: optional(listOfTexts('The accepted extensions')),
    },
    of: (reason: string = 'has a type that is not accepted', more: { accepted?: readonly string[] } = {}) => ({
      reason,
      ...more,
    }),
  },
}) {
  /** The structure does not match the signature. */
  static broken(): InvalidFileType {
    return new InvalidFileType('is broken');
  }

  /** The extension is not that of any accepted type. */
  static none(accepted: readonly string[]): InvalidFileType {
    return new InvalidFileType(undefined, { accepted });
  }
}

export class MalwareDetected extends defineError('MALWARE_DETECTED', 422, {
  message: 'The file contains malware.',
  meaning: 'A scanner detected malware in the file.',
  action: 'Do not try again.',
}) {}

export class FileNotReady extends defineError('FILE_NOT_READY', 409, {
  message: 'The file cannot be downloaded.',
  meaning:
    'The checks of the file have not ended (`details.status` is `scanning`), or the file did not pass them (`rejected`).',
  action: 'While `scanning`, wait for `file.scanned`, or repeat the request after a second.',
  details: {
    fields: {
      status: optional(text('`scanning`, `rejected`, or `pending` for an upload that has not ended')),
      retry_after: optional(integer('Seconds until the next attempt, while `scanning`')),
    },
    of: (status?: string) => ({ status, ...(status === 'scanning' && { retry_after: 1 }) }),
  },
}) {}

export class FileNotAttachable extends defineError('FILE_NOT_ATTACHABLE', 409, {
  message: 'This file cannot be attached.',
  meaning:
    'The file is already in a message, was rejected, is still being uploaded, or was uploaded for another conversation.',
  action: 'Upload the file again.',
}) {}

export class FileAttached extends defineError('FILE_ATTACHED', 409, {
  message: 'A message contains this file, or it is an avatar or a picture.',
  meaning: 'A message contains this file, or it is an avatar or the picture of a conversation.',
  action: 'Delete the message, or remove the avatar or picture: the file is deleted with it.',
}) {}

export class FileQuotaExceeded extends defineError('FILE_QUOTA_EXCEEDED', 409, {
  message: 'Your quota for files is used up.',
  meaning: 'The files of the user have reached the quota: `details.max_bytes`, `details.max_files`.',
  action: 'Delete messages with files, or files.',
  details: {
    fields: { max_bytes: optional(integer('The quota in bytes')), max_files: optional(integer('The quota in files')) },
    of: (details: { max_bytes?: number; max_files?: number } = {}) => details,
  },
}) {
  static of({ bytes, files }: { bytes: number; files: number }): FileQuotaExceeded {
    return new FileQuotaExceeded({ max_bytes: bytes, max_files: files });
  }
}

/** An upload that ends frees its slot at once; most take no longer than this. */
const RETRY_AFTER_SECONDS = 5;
const TOO_MANY_UPLOADS = {
  account: 'You have too many uploads in progress.',
  ip: 'Too many uploads are in progress from your IP address.',
  server: 'Too many uploads are in progress on the server.',
} as const;

export class TooManyUploads extends defineError('TOO_MANY_UPLOADS', 429, {
  message: (scope: keyof typeof TOO_MANY_UPLOADS, _limit?: number) => TOO_MANY_UPLOADS[scope],
  meaning:
    'The maximum number of concurrent uploads is reached: of the account (`details.limit`), of the IP address, or of the server.',
  action: 'Wait until an upload ends, or for `details.retry_after` seconds (also `Retry-After`), and try again.',
  details: {
    fields: { limit: optional(integer('The limit of the account, if that is exceeded')), ...RETRY_AFTER_DETAILS },
    of: (_scope: keyof typeof TOO_MANY_UPLOADS, limit?: number) => ({ limit, retry_after: RETRY_AFTER_SECONDS }),
  },
}) {}

export class RangeNotSatisfiable extends defineError('RANGE_NOT_SATISFIABLE', 416, {
  message: 'The file has no such part.',
  meaning: 'The requested range is outside the file; `Content-Range` contains its size.',
  action: 'Ask for a part that is there.',
}) {
  readonly headers: Record<string, string>;

  constructor(size = 0) {
    super();
    this.headers = { 'Content-Range': `bytes */${size}` };
  }
}
