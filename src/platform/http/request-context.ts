import type { Request } from 'express';
import type { Actor } from './actor.js';

/** What the platform adds to a request. */
export interface ParleyRequest extends Request {
  /** In the answer, in its `X-Request-Id`, and in every log line about it. */
  requestId: string;
  /** Absent on public routes without a valid credential. */
  actor?: Actor;
}
