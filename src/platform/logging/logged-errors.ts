/** pino's number of the level `error`. */
export const LOGGED_ERROR = 50;
const FATAL = 60;

/** A log record of level error or above, before redaction. */
export interface LoggedError {
  readonly level: 'error' | 'fatal';
  readonly message: string;
  /** The name of the logger. */
  readonly context: string;
  readonly requestId: string | undefined;
  readonly error: Error | undefined;
}

type Observer = (logged: LoggedError) => void;

/**
 * Notifies observers, which count or report errors, of every record of level error or above: from requests, frames,
 * jobs and unhandled promises. There is one in each process, as there is one log.
 */
class LoggedErrors {
  private readonly observers = new Set<Observer>();

  /** Calls `observer`, which must not throw, with every logged error. The returned function removes it. */
  observe(observer: Observer): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  /** Takes the arguments of a call of pino. */
  notify([first, second]: readonly unknown[], level: number): void {
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
