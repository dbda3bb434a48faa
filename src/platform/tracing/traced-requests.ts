import type { NextFunction, Response } from 'express';
import type { ParleyRequest } from '../http/request-context.js';
import type { SaySpan, Tracing } from './tracing.js';

/** Each request as a span that ends with its answer; what a service says of the span belongs to it. */
export function tracedRequests(tracing: Tracing) {
  return (request: ParleyRequest, response: Response, next: NextFunction): void => {
    const { method, requestId, clientRequestId } = request;
    const { traceparent } = request.headers;
    const facts = {
      'http.request.method': method,
      'parley.request_id': requestId,
      'parley.client_request_id': clientRequestId,
    };
    const answered = (say: SaySpan): Promise<void> =>
      new Promise((resolve) => {
        response.once('close', () => {
          const route = (request.route as { path?: string } | undefined)?.path;
          say({ 'http.response.status_code': response.statusCode, 'http.route': route });
          resolve();
        });
        next();
      });
    void tracing.span(`${method} request`, facts, answered, typeof traceparent === 'string' ? traceparent : undefined);
  };
}
