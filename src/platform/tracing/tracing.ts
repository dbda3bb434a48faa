/** What is said of a span; texts and numbers, no content and no secrets. */
export type SpanFacts = Readonly<Record<string, string | number | undefined>>;

export type SaySpan = (facts: SpanFacts) => void;

export const sayNothing: SaySpan = () => undefined;

/** When a span began and ended, as `performance.now()` had it. */
export interface SpanTimes {
  readonly begun: number;
  readonly ended: number;
}

/**
 * Traces, where there is somebody to send them to. Spans that are begun inside the work of another are its children,
 * also across everything that is awaited.
 */
export abstract class Tracing {
  abstract readonly isOn: boolean;

  /**
   * Runs `work` as a span; `say` adds to what is said of it. `traceparent` is the caller’s header of that name, if his
   * own trace goes on here.
   */
  abstract span<T>(name: string, facts: SpanFacts, work: (say: SaySpan) => T, traceparent?: string): T;

  /** Enters a span that is over; a child of the present one, or a trace of its own. */
  abstract enter(name: string, facts: SpanFacts, times: SpanTimes): void;
}

/** No traces: nothing is loaded, nothing is kept. */
export class NoTracing extends Tracing {
  readonly isOn = false;

  span<T>(_name: string, _facts: SpanFacts, work: (say: SaySpan) => T): T {
    return work(sayNothing);
  }

  enter(): void {}
}
