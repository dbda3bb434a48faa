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
export interface ErrorForm {
  /** `path` as asked for, without its query. */
  readonly takes: (path: string, method: string) => boolean;
  readonly present: (error: AppError, request: ParleyRequest) => PresentedError;
}

/** The addresses whose errors look otherwise than our own do. They hold for routes nobody has, too. */
@Injectable()
export class ErrorForms {
  private readonly forms: ErrorForm[] = [];

  register(form: ErrorForm): void {
    this.forms.push(form);
  }

  /** The form of the address of this request; undefined where ours holds. The first one registered wins. */
  of({ originalUrl, method }: ParleyRequest): ErrorForm | undefined {
    if (this.forms.length === 0) return undefined;
    const end = originalUrl.indexOf('?');
    const path = end < 0 ? originalUrl : originalUrl.slice(0, end);
    return this.forms.find(({ takes }) => takes(path, method));
  }
}
