/** pino's number of the level `error`. */
export const LOGGED_ERROR = 50;
const FATAL = 60;

/** A line the log wrote at level error or above, before anything is left out of it. */
export interface LoggedError {
  readonly level: 'error' | 'fatal';
  readonly message: string;
  /** The part of the program that said so. */
  readonly context: string;
  readonly requestId: string | undefined;
  readonly error: Error | undefined;
}

type Observer = (logged: LoggedError) => void;

/**
 * What the log calls an error, for whoever counts or reports errors: one place that all of them pass, from requests,
 * frames, jobs and promises nobody waited for. One a process, as the log is.
 */
class LoggedErrors {
  private readonly observers = new Set<Observer>();

  /** From now on `observer`, which must not throw, hears of errors; the answer ends that. */
  observe(observer: Observer): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** The arguments of a call of the log. */
  tell([first, second]: readonly unknown[], level: number): void {
    if (this.observers.size === 0) return;
    const fields = (typeof first === 'object' && first !== null ? first : {}) as Record<string, unknown>;
    const error = first instanceof Error ? first : fields.err instanceof Error ? fields.err : undefined;
    const text = [first, second].find((argument) => typeof argument === 'string');
    const logged: LoggedError = {
      level: level >= FATAL ? 'fatal' : 'error',
      message: text ?? error?.message ?? '',
      context: typeof fields.context === 'string' ? fields.context : 'process',
      requestId: typeof fields.request_id === 'string' ? fields.request_id : undefined,
      error,
    };
    for (const observe of this.observers) observe(logged);
  }
}

export const loggedErrors = new LoggedErrors();
