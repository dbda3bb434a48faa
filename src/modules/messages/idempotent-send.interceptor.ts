import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { IdempotencyStore } from '../../platform/http/idempotency-store.js';
import type { ParleyRequest } from '../../platform/http/parley-request.js';
import type { SentMessage } from './send-message.js';

/**
 * The HTTP side of idempotent sends. The header `Idempotency-Key` is used as `client_message_id` if the body has none.
 * A replayed response has the header `Idempotency-Replayed`.
 */
@Injectable()
export class IdempotentSendInterceptor implements NestInterceptor<SentMessage<unknown>, unknown> {
  /** @throws ValidationError */
  intercept(context: ExecutionContext, next: CallHandler<SentMessage<unknown>>): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<ParleyRequest>();
    const key = IdempotencyStore.keyOf(request);
    const body = request.body as Record<string, unknown> | undefined;
    if (key !== undefined && body && body.client_message_id === undefined) body.client_message_id = key;
    return next.handle().pipe(
      map(({ message, isReplay }) => {
        if (isReplay) http.getResponse<Response>().setHeader('Idempotency-Replayed', 'true');
        return message;
      }),
    );
  }
}
