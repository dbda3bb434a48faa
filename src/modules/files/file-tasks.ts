import { AppError } from '../../platform/errors/app-error.js';
import type { CheckedFile, DeclaredFile } from './checks/check-file.js';
import { FileTooLarge, InvalidFileType, MalwareDetected } from './files.errors.js';
import type { RenderedImage, RenderTask } from './render-image.js';
import type { Poster, PosterTask } from './render-poster.js';

/** A task for a process that inspects files. */
export type FileTask =
  | ({ readonly kind: 'check' } & DeclaredFile)
  | ({ readonly kind: 'render' } & RenderTask)
  | { readonly kind: 'unpack'; readonly path: string; readonly isDocument: boolean }
  | ({ readonly kind: 'poster' } & PosterTask)
  | ({ readonly kind: 'waveform' } & WaveformTask);

export interface WaveformTask {
  readonly path: string;
  readonly type: string;
  /** The path of ffmpeg, for sound without another decoder. */
  readonly ffmpeg: string | undefined;
}

/** The result of each task. */
export interface FileResults {
  readonly check: CheckedFile;
  readonly render: RenderedImage;
  readonly unpack: null;
  readonly poster: Poster;
  readonly waveform: number[] | null;
}

/** The serialized form of an error between processes. */
export interface Refusal {
  readonly code: string;
  readonly details: { readonly reason?: string; readonly limit?: number };
}

/** `memory`: it exceeded its memory, and the process has ended; `failure`: the task broke, for the log. */
export type FileResponse =
  | { readonly result: unknown }
  | { readonly refusal: Refusal }
  | { readonly memory: true }
  | { readonly failure: string };

/** Undefined if the error is not a refusal of the file. */
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
