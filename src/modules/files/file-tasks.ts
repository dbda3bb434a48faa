import { AppError } from '../../platform/errors/app-error.js';
import type { CheckedFile, FileClaim } from './checks/check-file.js';
import { FileTooLarge, InvalidFileType, MalwareDetected } from './files.errors.js';
import type { RenderedImage, RenderTask } from './render-image.js';

/** What a process for files is asked: one file at a time. */
export type FileTask =
  | ({ readonly kind: 'check' } & FileClaim)
  | ({ readonly kind: 'render' } & RenderTask)
  | { readonly kind: 'unpack'; readonly path: string; readonly isDocument: boolean };

/** What it answers to each. */
export interface FileResults {
  readonly check: CheckedFile;
  readonly render: RenderedImage;
  readonly unpack: null;
}

/** An error as it goes from one process to the other. */
export interface Refusal {
  readonly code: string;
  readonly details: { readonly reason?: string; readonly limit?: number };
}

/** `memory`: it took more than it may, and the process has ended; `failure`: the task broke, for the log. */
export type FileAnswer =
  | { readonly result: unknown }
  | { readonly refusal: Refusal }
  | { readonly memory: true }
  | { readonly failure: string };

/** Undefined for what is no refusal of a file. */
export function refusalOf(error: unknown): Refusal | undefined {
  return error instanceof AppError ? { code: error.code, details: error.details } : undefined;
}

export function errorOf({ code, details }: Refusal): AppError {
  switch (code) {
    case new FileTooLarge().code:
      return new FileTooLarge(details);
    case new MalwareDetected().code:
      return new MalwareDetected();
    default:
      return new InvalidFileType(details.reason);
  }
}
