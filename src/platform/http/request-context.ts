import type { Request } from 'express';
import type { Actor } from './actor.js';

/** What the platform adds to a request. */
export interface ParleyRequest extends Request {
  /** Made by this server: in the answer, in its `X-Request-Id`, in the audit log, and in every log line about it. */
  requestId: string;
  /** What the client calls the request (its own `X-Request-Id`), in the log lines beside `requestId`. */
  clientRequestId?: string;
  /** Whether a limit has counted it. What is refused before that is counted as a call of the address. */
  isCounted?: boolean;
  /** Absent on public routes without a valid credential. */
  actor?: Actor;
}
