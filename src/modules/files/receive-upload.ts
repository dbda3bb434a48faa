import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Transform, type Readable } from 'node:stream';
import type { NextFunction, Request, Response } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import { type AppError, ServiceUnavailable, ValidationError } from '../../platform/errors/app-error.js';
import { FileTooLarge } from './files.errors.js';

/** What came in, at a path of ours: nothing is known of it but what the client says. */
export interface ReceivedFile {
  readonly path: string;
  readonly name: string;
  readonly declaredType: string;
  readonly contentHash: string;
  /** Aborted when the request ends before its answer: nothing more needs to be done for it. */
  readonly ended: AbortSignal;
}

interface Reception {
  readonly request: Request;
  readonly response: Response;
  readonly path: string;
  /** Of the largest kind of file there is. */
  readonly mostBytes: number;
  readonly ended: AbortSignal;
}

const FORM = { files: 1, fields: 10, parts: 12, fieldNameSize: 100, fieldSize: 8 * 1024, headerPairs: 32 };
const FLAT = { fieldNestingDepth: 0, fieldArrayIndexLimit: 0 };
/** What the form around a file may take. */
const ALLOWANCE = 128 * 1024;

/** The least bytes the file of a form must have, by the length of the request; 0 when that is not said. */
export function announcedBytes({ headers }: Request): number {
  return Math.max(0, Number(headers['content-length'] ?? 0) - ALLOWANCE);
}

/**
 * Takes the file of a form in, straight to disk, counting from the first byte; fields of the form become the body.
 * A form that is too large is refused in the middle, not at its end.
 * @throws FileTooLarge, ValidationError
 */
export async function receiveUpload({ request, response, path, mostBytes, ended }: Reception): Promise<ReceivedFile> {
  if (!/^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '')) {
    throw ValidationError.of('file', 'must be sent as multipart/form-data');
  }
  let received: Landed | undefined;
  await new Promise<void>((resolve, reject) => {
    const storage = new Landing(path, mostBytes, reject, (file) => (received = file));
    const form = multer({ storage, limits: { ...FORM, ...FLAT, fileSize: mostBytes }, defParamCharset: 'utf8' });
    const done: NextFunction = (error?: unknown) => (error ? reject(formProblem(error, mostBytes)) : resolve());
    void form.single('file')(request, response, done);
  });
  if (!received) throw ValidationError.of('file', 'is required');
  return { ...received, ended };
}

type Landed = Omit<ReceivedFile, 'ended'>;

/** Where multer puts the bytes: one path, hashed on the way. */
class Landing implements StorageEngine {
  constructor(
    private readonly path: string,
    private readonly mostBytes: number,
    private readonly refuse: (error: AppError) => void,
    private readonly arrived: (file: Landed) => void,
  ) {}

  _handleFile(_request: Request, file: Express.Multer.File, done: (error?: Error) => void): void {
    // multer would tell of it only after the client has sent all it wants to send.
    file.stream.once('limit', () => this.refuse(new FileTooLarge({ limit: this.mostBytes })));
    this.land(file.stream).then(
      (contentHash) => {
        this.arrived({ path: this.path, name: file.originalname, declaredType: file.mimetype, contentHash });
        done();
      },
      (error: Error) => done(error),
    );
  }

  _removeFile(_request: Request, _file: Express.Multer.File, done: (error: Error | null) => void): void {
    rm(this.path, { force: true }).then(() => done(null), done);
  }

  private async land(stream: Readable): Promise<string> {
    const hash = createHash('sha256');
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        hash.update(chunk);
        next(null, chunk);
      },
    });
    await pipeline(stream, hashing, createWriteStream(this.path, { flags: 'wx', mode: 0o600 }));
    return hash.digest('hex');
  }
}

/** What is wrong with a form, by the code of multer. */
const FORM_PROBLEMS: Readonly<Record<string, [field: string, problem: string]>> = {
  LIMIT_FILE_COUNT: ['file', 'must be one: send each file in a request of its own'],
  LIMIT_UNEXPECTED_FILE: ['file', 'must be the name of the field with the file'],
  LIMIT_FIELD_COUNT: ['', `has more than ${FORM.fields} fields`],
  LIMIT_PART_COUNT: ['', `has more than ${FORM.parts} parts`],
  LIMIT_FIELD_VALUE: ['', `has a field of more than ${FORM.fieldSize} bytes`],
  LIMIT_FIELD_KEY: ['', `has a field name of more than ${FORM.fieldNameSize} bytes`],
};

function formProblem(error: unknown, mostBytes: number): AppError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'LIMIT_FILE_SIZE') return new FileTooLarge({ limit: mostBytes });
  // The disk is full, or there are too many open files.
  if (syscall !== undefined) return new ServiceUnavailable(undefined, { cause: error });
  const known = error instanceof MulterError ? FORM_PROBLEMS[error.code] : undefined;
  return ValidationError.of(...(known ?? ['', 'is not a form that can be read']));
}
