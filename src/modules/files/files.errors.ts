import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('The file does not exist, or the user may not see it.', 'Treat it as gone.')
export class FileNotFound extends AppError {
  readonly code = 'FILE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such file.');
  }
}

@ErrorDoc(
  'The file is larger than the limit of its kind (`details.limit` bytes), or expands to too many pixels, frames or entries of an archive.',
  'Make it smaller before the upload.',
)
export class FileTooLarge extends AppError {
  readonly code = 'FILE_TOO_LARGE';
  readonly status = 413;

  constructor(details: { limit?: number; reason?: string } = {}) {
    super('The file is too large.', details);
  }
}

@ErrorDoc(
  'The type of the file is not accepted, its name, declared type and content do not agree, or its content is not allowed: `details.reason`.',
  'Convert it to one of `details.accepted` (extensions); docs/file-types.md has the types.',
)
export class InvalidFileType extends AppError {
  readonly code = 'INVALID_FILE_TYPE';
  readonly status = 415;

  /** The structure does not match the signature. */
  static broken(): InvalidFileType {
    return new InvalidFileType('is broken');
  }

  constructor(reason = 'has a type that is not accepted', more: { accepted?: readonly string[] } = {}) {
    super('This file is not accepted.', { reason, ...more });
  }

  /** The extension is not that of any accepted type. */
  static none(accepted: readonly string[]): InvalidFileType {
    return new InvalidFileType(undefined, { accepted });
  }
}

@ErrorDoc('A scanner detected malware in the file.', 'Do not try again.')
export class MalwareDetected extends AppError {
  readonly code = 'MALWARE_DETECTED';
  readonly status = 422;

  constructor() {
    super('The file contains malware.');
  }
}

@ErrorDoc(
  'The checks of the file have not ended (`details.status` is `scanning`), or the file did not pass them (`rejected`).',
  'While `scanning`, wait for `file.scanned`, or repeat the request after a second.',
)
export class FileNotReady extends AppError {
  readonly code = 'FILE_NOT_READY';
  readonly status = 409;

  constructor(status?: string) {
    super('The file cannot be downloaded.', { status, ...(status === 'scanning' && { retry_after: 1 }) });
  }
}

@ErrorDoc(
  'The file is already in a message, was rejected, is still being uploaded, or was uploaded for another conversation.',
  'Upload the file again.',
)
export class FileNotAttachable extends AppError {
  readonly code = 'FILE_NOT_ATTACHABLE';
  readonly status = 409;

  constructor() {
    super('This file cannot be attached.');
  }
}

@ErrorDoc('A message contains this file. Deleting the message also deletes the file.', 'Delete the message instead.')
export class FileAttached extends AppError {
  readonly code = 'FILE_ATTACHED';
  readonly status = 409;

  constructor() {
    super('A message contains this file. Delete the message instead.');
  }
}

@ErrorDoc(
  'The files of the user have reached the quota: `details.max_bytes`, `details.max_files`.',
  'Delete messages with files, or files.',
)
export class FileQuotaExceeded extends AppError {
  readonly code = 'FILE_QUOTA_EXCEEDED';
  readonly status = 409;

  static of({ bytes, files }: { bytes: number; files: number }): FileQuotaExceeded {
    return new FileQuotaExceeded({ max_bytes: bytes, max_files: files });
  }

  constructor(details: { max_bytes?: number; max_files?: number } = {}) {
    super('Your quota for files is used up.', details);
  }
}

/** An upload that ends frees its slot at once; most take no longer than this. */
const RETRY_AFTER_SECONDS = 5;
const TOO_MANY_UPLOADS = {
  account: 'You have too many uploads in progress.',
  address: 'Too many uploads are in progress from your IP address.',
  server: 'Too many uploads are in progress on the server.',
} as const;

@ErrorDoc(
  'The maximum number of concurrent uploads is reached: of the account (`details.limit`), of the IP address, or of the server.',
  'Wait until an upload ends, or for `details.retry_after` seconds (also `Retry-After`), and try again.',
)
export class TooManyUploads extends AppError {
  readonly code = 'TOO_MANY_UPLOADS';
  readonly status = 429;

  /** `limit`: the limit of the account, if that is exceeded. */
  constructor(whose: 'account' | 'address' | 'server', limit?: number) {
    super(TOO_MANY_UPLOADS[whose], { limit, retry_after: RETRY_AFTER_SECONDS });
  }
}

@ErrorDoc(
  'The requested range is outside the file; `Content-Range` contains its size.',
  'Ask for a part that is there.',
)
export class RangeNotSatisfiable extends AppError {
  readonly code = 'RANGE_NOT_SATISFIABLE';
  readonly status = 416;
  readonly headers: Record<string, string>;

  constructor(size = 0) {
    super('The file has no such part.');
    this.headers = { 'Content-Range': `bytes */${size}` };
  }
}
