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
}

interface Reception {
  readonly request: Request;
  readonly response: Response;
  readonly path: string;
  /** Of the largest kind of file there is. */
  readonly mostBytes: number;
}

const FORM = { files: 1, fields: 10, parts: 12, fieldNameSize: 100, fieldSize: 8 * 1024, headerPairs: 32 };
const FLAT = { fieldNestingDepth: 0, fieldArrayIndexLimit: 0 };
const ALLOWANCE = 128 * 1024;

/**
 * Takes the file of a form in, straight to disk, counting from the first byte; fields of the form become the body.
 * A form that is too large is refused in the middle, not at its end.
 * @throws FileTooLarge, ValidationError
 */
export async function receiveUpload({ request, response, path, mostBytes }: Reception): Promise<ReceivedFile> {
  if (!/^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '')) {
    throw ValidationError.of('file', 'must be sent as multipart/form-data');
  }
  if (Number(request.headers['content-length'] ?? 0) > mostBytes + ALLOWANCE)
    throw new FileTooLarge({ limit: mostBytes });
  let received: ReceivedFile | undefined;
  await new Promise<void>((resolve, reject) => {
    const storage = new Landing(path, mostBytes, reject, (file) => (received = file));
    const form = multer({ storage, limits: { ...FORM, ...FLAT, fileSize: mostBytes }, defParamCharset: 'utf8' });
    const done: NextFunction = (error?: unknown) => (error ? reject(formProblem(error, mostBytes)) : resolve());
    void form.single('file')(request, response, done);
  });
  if (!received) throw ValidationError.of('file', 'is required');
  return received;
}

/** Where multer puts the bytes: one path, hashed on the way. */
class Landing implements StorageEngine {
  constructor(
    private readonly path: string,
    private readonly mostBytes: number,
    private readonly refuse: (error: AppError) => void,
    private readonly arrived: (file: ReceivedFile) => void,
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

function formProblem(error: unknown, mostBytes: number): AppError {
  const { code } = error as { code?: string };
  if (code === 'LIMIT_FILE_SIZE') return new FileTooLarge({ limit: mostBytes });
  // The disk is full, or there are too many open files.
  if ((error as NodeJS.ErrnoException).syscall !== undefined)
    return new ServiceUnavailable(undefined, { cause: error });
  const field = error instanceof MulterError && error.code === 'LIMIT_UNEXPECTED_FILE' ? 'file' : '';
  return ValidationError.of(field, field ? 'must be the one file of the form' : 'is not a form that can be read');
}
