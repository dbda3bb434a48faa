import { Injectable } from '@nestjs/common';
import type { ParleyRequest } from '../http/request-context.js';
import type { AppError } from './app-error.js';

/** Called with every error response to a request; must not throw. */
export type AnsweredErrorObserver = (error: AppError, request: ParleyRequest) => void;

/** Notifies observers of the errors that clients receive, from any source: a body, a guard, a limit, a use case. */
@Injectable()
export class AnsweredErrors {
  private readonly observers: AnsweredErrorObserver[] = [];

  observe(observer: AnsweredErrorObserver): void {
    this.observers.push(observer);
  }

  notify(error: AppError, request: ParleyRequest): void {
    for (const observe of this.observers) observe(error, request);
  }
}
