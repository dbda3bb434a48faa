import { Injectable } from '@nestjs/common';
import type { ParleyRequest } from '../http/parley-request.js';
import type { AppError, ErrorDeclaration } from './app-error.js';

/** An error in the format of some paths. */
export interface PresentedError {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The error format of some paths. */
export interface ErrorFormat {
  /** Whether the format applies; `path` is the requested path without its query. */
  readonly matches: (path: string, method: string) => boolean;
  readonly present: (error: AppError, request: ParleyRequest) => PresentedError;
  /** For the generated documents; without it they describe our own format. */
  readonly documentation?: DocumentedFormat;
}

/** The error bodies of a format in the OpenAPI document. */
export interface DocumentedFormat {
  /** Part of the names of shared responses and schemas; empty for our own format. */
  readonly name: string;
  /** Returns the JSON Schema of the body of an error; `code` is that of the format. */
  readonly schema: (error: ErrorDeclaration, code: string) => object;
}

/**
 * The error formats of paths that do not use our own, such as those of the dialects. They also apply to unknown routes.
 */
@Injectable()
export class ErrorFormats {
  private readonly formats: ErrorFormat[] = [];

  register(format: ErrorFormat): void {
    this.formats.push(format);
  }

  /** Returns the format of this request's path, or undefined for our own format. The first one registered wins. */
  of({ originalUrl, method }: ParleyRequest): ErrorFormat | undefined {
    if (this.formats.length === 0) return undefined;
    const end = originalUrl.indexOf('?');
    return this.at(end < 0 ? originalUrl : originalUrl.slice(0, end), method);
  }

  /** Returns the format of a path and method, or undefined for our own format. */
  at(path: string, method: string): ErrorFormat | undefined {
    return this.formats.find(({ matches }) => matches(path, method));
  }
}
