import type { NextFunction, Response } from 'express';
import type { ParleyRequest } from '../http/request-context.js';
import type { SetSpanAttributes, Tracing } from './tracing.js';

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
