import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('There is no such file, or it is none the caller may see.', 'Treat it as gone.')
export class FileNotFound extends AppError {
  readonly code = 'FILE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such file.');
  }
}

@ErrorDoc(
  'Larger than files of its kind may be (`details.limit` bytes); also what expands to too much: pixels, frames, or entries of an archive.',
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
  'Of no type that is taken, or name, declared type and content do not agree, or there is in it what may not be: `details.reason`.',
  'Convert it to one of `details.accepted` (extensions); docs/file-types.md has the types.',
)
export class InvalidFileType extends AppError {
  readonly code = 'INVALID_FILE_TYPE';
  readonly status = 415;

  /** It is not what it begins as. */
  static broken(): InvalidFileType {
    return new InvalidFileType('is broken');
  }

  constructor(reason = 'is of no type that is taken', more: { accepted?: readonly string[] } = {}) {
    super('This file is not accepted.', { reason, ...more });
  }

  /** Its name does not end as that of any type that is taken. */
  static none(accepted: readonly string[]): InvalidFileType {
    return new InvalidFileType(undefined, { accepted });
  }
}

@ErrorDoc('A scanner knows it as malware.', 'Do not try again.')
export class MalwareDetected extends AppError {
  readonly code = 'MALWARE_DETECTED';
  readonly status = 422;

  constructor() {
    super('The file holds malware.');
  }
}

@ErrorDoc(
  'The checks of the file are not done (`details.status` is `scanning`), or it did not pass them (`rejected`).',
  'While `scanning`, wait for `file.scanned` or ask again after a second.',
)
export class FileNotReady extends AppError {
  readonly code = 'FILE_NOT_READY';
  readonly status = 409;

  constructor(status?: string) {
    super('The file cannot be downloaded.', { status, ...(status === 'scanning' && { retry_after: 1 }) });
  }
}

@ErrorDoc(
  'The file is in a message already, rejected, still arriving, or uploaded for another conversation.',
  'Upload it anew.',
)
export class FileNotAttachable extends AppError {
  readonly code = 'FILE_NOT_ATTACHABLE';
  readonly status = 409;

  constructor() {
    super('This file cannot be attached.');
  }
}

@ErrorDoc('A message shows this file; deleting that message lets go of it.', 'Delete the message instead.')
export class FileAttached extends AppError {
  readonly code = 'FILE_ATTACHED';
  readonly status = 409;

  constructor() {
    super('A message shows this file. Delete the message instead.');
  }
}

@ErrorDoc(
  'The files of the user take up all they may: `details.max_bytes`, `details.max_files`.',
  'Delete messages with files, or files.',
)
export class FileQuotaExceeded extends AppError {
  readonly code = 'FILE_QUOTA_EXCEEDED';
  readonly status = 409;

  static of({ bytes, files }: { bytes: number; files: number }): FileQuotaExceeded {
    return new FileQuotaExceeded({ max_bytes: bytes, max_files: files });
  }

  constructor(details: { max_bytes?: number; max_files?: number } = {}) {
    super('There is no room left for your files.', details);
  }
}

/** An upload that ends frees its place at once; most of them take no longer. */
const PLACE_FREE_SECONDS = 5;
const TOO_MANY_UPLOADS = {
  account: 'You have too many uploads in progress.',
  address: 'Too many uploads are in progress from your address.',
  server: 'The server takes in no more uploads at a time.',
} as const;

@ErrorDoc(
  'The caller has as many uploads in progress as one account may have at a time (`details.limit`), their address as many as one may have, or the server as many as it takes in from all.',
  'Wait until one of them is over, or `details.retry_after` seconds (also `Retry-After`), and try again.',
)
export class TooManyUploads extends AppError {
  readonly code = 'TOO_MANY_UPLOADS';
  readonly status = 429;

  /** `limit`: of the account, where that has too many. */
  constructor(whose: 'account' | 'address' | 'server', limit?: number) {
    super(TOO_MANY_UPLOADS[whose], { limit, retry_after: PLACE_FREE_SECONDS });
  }
}

@ErrorDoc('The asked part lies outside of the file; `Content-Range` has its size.', 'Ask for a part that is there.')
export class RangeNotSatisfiable extends AppError {
  readonly code = 'RANGE_NOT_SATISFIABLE';
  readonly status = 416;
  readonly headers: Record<string, string>;

  constructor(size = 0) {
    super('The file has no such part.');
    this.headers = { 'Content-Range': `bytes */${size}` };
  }
}
