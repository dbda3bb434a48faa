import { Injectable } from '@nestjs/common';
import type { ParleyRequest } from '../http/request-context.js';
import type { AppError } from './app-error.js';

/** An error as some addresses tell it. */
export interface PresentedError {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How errors look at some addresses. */
export interface ErrorFormat {
  /** `path` as asked for, without its query. */
  readonly takes: (path: string, method: string) => boolean;
  readonly present: (error: AppError, request: ParleyRequest) => PresentedError;
  /** For the generated documents; without it they describe our own form. */
  readonly documented?: DocumentedFormat;
}

/** What the OpenAPI document says of the bodies of a form. */
export interface DocumentedFormat {
  /** A word for the names of shared answers. */
  readonly name: string;
  /** The JSON Schema of a body that has one of these codes. */
  readonly schema: (codes: readonly string[]) => object;
}

/** The addresses whose errors look otherwise than our own do. They hold for routes nobody has, too. */
@Injectable()
export class ErrorFormats {
  private readonly formats: ErrorFormat[] = [];

  register(format: ErrorFormat): void {
    this.formats.push(format);
  }

  /** The form of the address of this request; undefined where ours holds. The first one registered wins. */
  of({ originalUrl, method }: ParleyRequest): ErrorFormat | undefined {
    if (this.formats.length === 0) return undefined;
    const end = originalUrl.indexOf('?');
    return this.at(end < 0 ? originalUrl : originalUrl.slice(0, end), method);
  }

  /** The same by path and method. */
  at(path: string, method: string): ErrorFormat | undefined {
    return this.formats.find(({ takes }) => takes(path, method));
  }
}
