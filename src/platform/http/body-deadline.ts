import type { IncomingMessage, ServerResponse } from 'node:http';

/** In this time a body must be here, unless its route takes uploads. */
const BODY_DEADLINE_MS = 30_000;

export interface MinimumRate {
  readonly bytesPerSecond: number;
  readonly graceMs: number;
  readonly checkMs: number;
  /** However fast it comes, it is over after this. */
  readonly mostMs: number;
}

const deadlines = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/**
 * Cuts off a request whose body takes too long. The server's own `requestTimeout` would do it for uploads too, which
 * may take as long as they like as long as they come.
 */
export function limitBodyTime(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if ((length === undefined || length === '0') && encoding === undefined) return;
  watch(
    request,
    setTimeout(() => cutOff(request, response), BODY_DEADLINE_MS),
  );
}

/**
 * Instead of the deadline: so many bytes a second, once the grace is over, and an end. Time in which we do not read does
 * not count against the rate.
 */
export function requireMinimumRate(request: IncomingMessage, response: ServerResponse, rate: MinimumRate): void {
  const started = Date.now();
  let seen = request.socket.bytesRead;
  const check = (): void => {
    const now = request.socket.bytesRead;
    const isSlow = now - seen < (rate.bytesPerSecond * rate.checkMs) / 1000;
    const elapsed = Date.now() - started;
    const isTooSlow = isSlow && elapsed >= rate.graceMs && !request.isPaused();
    if (isTooSlow || elapsed >= rate.mostMs) cutOff(request, response);
    seen = now;
  };
  watch(request, setInterval(check, rate.checkMs));
}

function watch(request: IncomingMessage, timer: NodeJS.Timeout): void {
  const known = deadlines.get(request);
  clearTimeout(known);
  deadlines.set(request, timer.unref());
  if (known) return;
  const end = (): void => clearTimeout(deadlines.get(request));
  request.once('end', end).once('close', end);
}

function cutOff(request: IncomingMessage, response: ServerResponse): void {
  clearTimeout(deadlines.get(request));
  if (request.complete) return;
  if (!response.headersSent) response.writeHead(408, { Connection: 'close' }).end();
  request.socket.destroySoon();
}
