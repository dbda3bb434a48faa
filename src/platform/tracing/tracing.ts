import type { NextFunction, Response } from 'express';
import type { ParleyRequest } from '../http/parley-request.js';

/** The attributes of a span: texts and numbers, no content and no secrets. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

export type SetSpanAttributes = (attributes: SpanAttributes) => void;

export const ignoreAttributes: SetSpanAttributes = () => undefined;

/** The begin and end of a span, by `performance.now()`. */
export interface SpanTimes {
  readonly begun: number;
  readonly ended: number;
}

/**
 * Records traces if a collector is configured. A span that begins inside the work of another span is its child, also
 * across `await`.
 */
export abstract class Tracing {
  abstract readonly isEnabled: boolean;

  /**
   * Runs `work` as a span; `setAttributes` adds attributes to it. `traceparent` is the client’s header of that name, if
   * their trace continues here.
   */
  abstract span<T>(
    name: string,
    attributes: SpanAttributes,
    work: (setAttributes: SetSpanAttributes) => T,
    traceparent?: string,
  ): T;

  /** Records a span that has ended, as a child of the current span or as a trace of its own. */
  abstract record(name: string, attributes: SpanAttributes, times: SpanTimes): void;
}

/** Records no traces and loads nothing. */
export class NoTracing extends Tracing {
  readonly isEnabled = false;

  span<T>(_name: string, _attributes: SpanAttributes, work: (setAttributes: SetSpanAttributes) => T): T {
    return work(ignoreAttributes);
  }

  record(): void {}
}

/** Records each request as a span that ends with its response; spans of services are its children. */
export function tracedRequests(tracing: Tracing) {
  return (request: ParleyRequest, response: Response, next: NextFunction): void => {
    const { method, requestId, clientRequestId } = request;
    const { traceparent } = request.headers;
    const attributes = {
      'http.request.method': method,
      'parley.request_id': requestId,
      'parley.client_request_id': clientRequestId,
    };
    const untilResponse = (setAttributes: SetSpanAttributes): Promise<void> =>
      new Promise((resolve) => {
        response.once('close', () => {
          const route = (request.route as { path?: string } | undefined)?.path;
          setAttributes({ 'http.response.status_code': response.statusCode, 'http.route': route });
          resolve();
        });
        next();
      });
    void tracing.span(
      `${method} request`,
      attributes,
      untilResponse,
      typeof traceparent === 'string' ? traceparent : undefined,
    );
  };
}
