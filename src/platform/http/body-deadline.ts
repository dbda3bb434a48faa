import type { IncomingMessage, ServerResponse } from 'node:http';

/** The time in which a body must be received, unless its route accepts uploads. */
const BODY_DEADLINE_MS = 30_000;

export interface MinimumRate {
  readonly bytesPerSecond: number;
  readonly graceMs: number;
  readonly checkMs: number;
  /** The maximum duration, whatever the rate. */
  readonly maxMs: number;
}

const deadlines = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/**
 * Aborts a request whose body takes too long. The server's own `requestTimeout` would also abort uploads, whose
 * duration is limited by `requireMinimumRate` instead.
 */
export function limitBodyTime(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if ((length === undefined || length === '0') && encoding === undefined) return;
  watch(
    request,
    setTimeout(() => abort(request, response), BODY_DEADLINE_MS),
  );
}

/**
 * Replaces the deadline by a minimum rate, which applies after the grace period, and a maximum duration. Time in which
 * the server does not read does not count against the rate.
 */
export function requireMinimumRate(request: IncomingMessage, response: ServerResponse, rate: MinimumRate): void {
  const started = Date.now();
  let before = request.socket.bytesRead;
  const check = (): void => {
    const now = request.socket.bytesRead;
    const isSlow = now - before < (rate.bytesPerSecond * rate.checkMs) / 1000;
    const elapsed = Date.now() - started;
    const isTooSlow = isSlow && elapsed >= rate.graceMs && !request.isPaused();
    if (isTooSlow || elapsed >= rate.maxMs) abort(request, response);
    before = now;
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

function abort(request: IncomingMessage, response: ServerResponse): void {
  clearTimeout(deadlines.get(request));
  if (request.complete) return;
  if (!response.headersSent) response.writeHead(408, { Connection: 'close' }).end();
  request.socket.destroySoon();
}
