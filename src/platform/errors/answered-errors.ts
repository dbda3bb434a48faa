import { Injectable } from '@nestjs/common';
import type { ParleyRequest } from '../http/request-context.js';
import type { AppError } from './app-error.js';

/** Hears of every error a request was answered with; must not throw. */
export type AnsweredErrorObserver = (error: AppError, request: ParleyRequest) => void;

/** Errors in the form clients receive, wherever they arose: a body, a guard, a limit, a use case. */
@Injectable()
export class AnsweredErrors {
  private readonly observers: AnsweredErrorObserver[] = [];

  observe(observer: AnsweredErrorObserver): void {
    this.observers.push(observer);
  }

  tell(error: AppError, request: ParleyRequest): void {
    for (const observe of this.observers) observe(error, request);
  }
}
