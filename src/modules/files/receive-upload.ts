import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Transform, type Readable } from 'node:stream';
import type { NextFunction, Request, Response } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import { type AppError, ServiceUnavailable, ValidationError } from '../../platform/errors/app-error.js';

/** A received file at a path chosen by the server. Everything else about it is only claimed by the client. */
export interface ReceivedFile {
  readonly path: string;
  readonly name: string;
  readonly declaredType: string;
  readonly contentHash: string;
  /** Aborted when the request ends before its response, so that work on it can stop. */
  readonly ended: AbortSignal;
}

interface UploadOptions {
  readonly request: Request;
  readonly response: Response;
  readonly path: string;
  /** The size limit of the file, and the error above it. */
  readonly maxBytes: number;
  readonly createTooLargeError: () => AppError;
  readonly ended: AbortSignal;
}

const FORM_LIMITS = { files: 1, fields: 10, parts: 12, fieldNameSize: 100, fieldSize: 8 * 1024, headerPairs: 32 };
const FLAT_FIELDS = { fieldNestingDepth: 0, fieldArrayIndexLimit: 0 };
/** The size allowance for the form around the file. */
const FORM_OVERHEAD_BYTES = 128 * 1024;

/** The minimum size of the file of a form, computed from the length of the request; undefined without that. */
export function announcedBytes({ headers }: Request): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Math.max(0, Number(length) - FORM_OVERHEAD_BYTES);
}

/**
 * Receives the file of a form and writes it to disk while counting its bytes; the other fields become the body. A form
 * that is too large is refused while it arrives.
 * @throws the error of `createTooLargeError`, ValidationError, ServiceUnavailable when `ended` fires first
 */
export async function receiveUpload(options: UploadOptions): Promise<ReceivedFile> {
  const { request, response, path, maxBytes, createTooLargeError, ended } = options;
  if (!/^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '')) {
    throw ValidationError.of('file', 'must be sent as multipart/form-data');
  }
  let received: WrittenFile | undefined;
  let isRefused = false;
  await new Promise<void>((resolve, reject) => {
    // multer reacts to an abort only from here on; after an earlier one it would wait forever.
    const refuse = (error: AppError): void => {
      isRefused = true;
      reject(error);
    };
    const giveUp = (): void => refuse(new ServiceUnavailable());
    if (ended.aborted) return giveUp();
    ended.addEventListener('abort', giveUp, { once: true });
    const storage = new DiskUpload(path, {
      isRefused: () => isRefused,
      refuseTooLarge: () => refuse(createTooLargeError()),
      onWritten: (file) => (received = file),
    });
    const form = multer({
      storage,
      limits: { ...FORM_LIMITS, ...FLAT_FIELDS, fileSize: maxBytes },
      defParamCharset: 'utf8',
    });
    const done: NextFunction = (error?: unknown) =>
      error ? reject(formProblem(error, createTooLargeError)) : resolve();
    void form.single('file')(request, response, done);
  });
  if (!received) throw ValidationError.of('file', 'is required');
  return { ...received, ended };
}

type WrittenFile = Omit<ReceivedFile, 'ended'>;

interface UploadState {
  readonly isRefused: () => boolean;
  readonly refuseTooLarge: () => void;
  readonly onWritten: (file: WrittenFile) => void;
}

/** The storage engine of multer: writes to one path and hashes on the way. The file of a refused form is removed. */
class DiskUpload implements StorageEngine {
  constructor(
    private readonly path: string,
    private readonly state: UploadState,
  ) {}

  _handleFile(_request: Request, file: Express.Multer.File, done: (error?: Error) => void): void {
    // multer itself reports this only after the client has sent everything.
    file.stream.once('limit', this.state.refuseTooLarge);
    this.write(file.stream).then(
      (contentHash) => {
        this.state.onWritten({ path: this.path, name: file.originalname, declaredType: file.mimetype, contentHash });
        done();
      },
      (error: Error) => done(error),
    );
  }

  _removeFile(_request: Request, _file: Express.Multer.File, done: (error: Error | null) => void): void {
    rm(this.path, { force: true }).then(() => done(null), done);
  }

  private async write(stream: Readable): Promise<string> {
    const hash = createHash('sha256');
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        next(null, chunk);
      },
    });
    const file = createWriteStream(this.path, { flags: 'wx', mode: 0o600 });
    const closed = new Promise<void>((resolve) => file.once('close', resolve));
    try {
      await pipeline(stream, hashing, file);
    } finally {
      await closed; // a file that is still being opened would reappear after its removal
      if (this.state.isRefused()) await rm(this.path, { force: true });
    }
    return hash.digest('hex');
  }
}

/** What is wrong with a form, by the error code of multer. */
const FORM_PROBLEMS: Readonly<Record<string, [field: string, problem: string]>> = {
  LIMIT_FILE_COUNT: ['file', 'must be one: send each file in a request of its own'],
  LIMIT_UNEXPECTED_FILE: ['file', 'must be the name of the field with the file'],
  LIMIT_FIELD_COUNT: ['', `has more than ${FORM_LIMITS.fields} fields`],
  LIMIT_PART_COUNT: ['', `has more than ${FORM_LIMITS.parts} parts`],
  LIMIT_FIELD_VALUE: ['', `has a field of more than ${FORM_LIMITS.fieldSize} bytes`],
  LIMIT_FIELD_KEY: ['', `has a field name of more than ${FORM_LIMITS.fieldNameSize} bytes`],
};

function formProblem(error: unknown, createTooLargeError: () => AppError): AppError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'LIMIT_FILE_SIZE') return createTooLargeError();
  // The disk is full, or there are too many open files.
  if (syscall !== undefined) return new ServiceUnavailable(undefined, { cause: error });
  const known = error instanceof MulterError ? FORM_PROBLEMS[error.code] : undefined;
  return ValidationError.of(...(known ?? ['', 'is not a readable form']));
}
