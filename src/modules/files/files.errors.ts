import { AppError } from '../../platform/errors/app-error.js';

/** There is no such file, or it is none the actor may see. */
export class FileNotFound extends AppError {
  readonly code = 'FILE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such file.');
  }
}

/** Larger than files of its kind may be; also what expands to too much: pixels, frames, or entries of an archive. */
export class FileTooLarge extends AppError {
  readonly code = 'FILE_TOO_LARGE';
  readonly status = 413;

  constructor(details: { limit?: number; reason?: string } = {}) {
    super('The file is too large.', details);
  }
}

/** Of no type that is taken, or name, declared type and content do not agree, or there is in it what may not be. */
export class InvalidFileType extends AppError {
  readonly code = 'INVALID_FILE_TYPE';
  readonly status = 415;

  constructor(reason = 'is of no type that is taken') {
    super('This file is not accepted.', { reason });
  }
}

/** A scanner knows it. */
export class MalwareDetected extends AppError {
  readonly code = 'MALWARE_DETECTED';
  readonly status = 422;

  constructor() {
    super('The file holds malware.');
  }
}

/** Its checks are not done, or it did not pass them. */
export class FileNotReady extends AppError {
  readonly code = 'FILE_NOT_READY';
  readonly status = 409;

  constructor(status?: string) {
    super('The file cannot be downloaded.', { status });
  }
}

/** In a message already, rejected, still arriving, or uploaded for another conversation. */
export class FileNotAttachable extends AppError {
  readonly code = 'FILE_NOT_ATTACHABLE';
  readonly status = 409;

  constructor() {
    super('This file cannot be attached.');
  }
}

/** A message shows it; deleting that message lets go of it. */
export class FileAttached extends AppError {
  readonly code = 'FILE_ATTACHED';
  readonly status = 409;

  constructor() {
    super('A message shows this file. Delete the message instead.');
  }
}

/** The files of the user take up all they may. */
export class FileQuotaExceeded extends AppError {
  readonly code = 'FILE_QUOTA_EXCEEDED';
  readonly status = 409;

  constructor(details: { max_bytes?: number; max_files?: number } = {}) {
    super('There is no room left for your files.', details);
  }
}

/** The asked part lies outside of the file. */
export class RangeNotSatisfiable extends AppError {
  readonly code = 'RANGE_NOT_SATISFIABLE';
  readonly status = 416;
  readonly headers: Record<string, string>;

  constructor(size = 0) {
    super('The file has no such part.');
    this.headers = { 'Content-Range': `bytes */${size}` };
  }
}
