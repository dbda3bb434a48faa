import { Injectable } from '@nestjs/common';
import type { StatementObserver } from './sql.js';

/** The executions of one statement in this process and their duration. */
export interface StatementTime {
  count: number;
  totalMs: number;
  slowestMs: number;
}

/** Measures the statements of this process. It costs two clock readings and one lookup for each statement. */
@Injectable()
export class StatementStats implements StatementObserver {
  readonly byName = new Map<string, StatementTime>();
  /** By class of SQLSTATE. */
  readonly failures = new Map<string, number>();
  private readonly observers: ((ms: number) => void)[] = [];
  private readonly failureObservers: ((failure: unknown) => void)[] = [];

  ran(name: string, ms: number, failure?: unknown): void {
    let time = this.byName.get(name);
    if (!time) this.byName.set(name, (time = { count: 0, totalMs: 0, slowestMs: 0 }));
    time.count++;
    time.totalMs += ms;
    if (ms > time.slowestMs) time.slowestMs = ms;
    for (const observe of this.observers) observe(ms);
    if (failure !== undefined) this.failed(failure);
  }

  /** Calls `observer`, which must not throw, with the milliseconds of every statement. */
  observe(observer: (ms: number) => void): void {
    this.observers.push(observer);
  }

  /** Calls `observer`, which must not throw, with the driver's error of every statement that failed. */
  observeFailures(observer: (failure: unknown) => void): void {
    this.failureObservers.push(observer);
  }

  private failed(failure: unknown): void {
    const { code } = failure as { code?: unknown };
    const name = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code.slice(0, 2) : 'connection';
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
    for (const observe of this.failureObservers) observe(failure);
  }
}
