import { EncodedFrame } from '../protocol/encoded-frame.js';

/**
 * Reconnecting clients that the other nodes can accept in a second besides their load: half of what one node accepts.
 */
const RECONNECTS_PER_SECOND = 100;
/** A shutdown has 18 s for its clients, and the last of them needs time to move. */
const MAX_SPREAD_MS = 12_000;

/** Milliseconds over which the reconnects of so many clients are spread: 200 ms for 20, 12 s for 1,200 and more. */
export function reconnectSpreadMs(clients: number): number {
  return Math.min(MAX_SPREAD_MS, (clients * 1000) / RECONNECTS_PER_SECOND);
}

/** Makes the frame that instructs a client to open another connection after so many milliseconds. */
export function goingAwayFrame(reconnectAfterMs: number): EncodedFrame {
  return EncodedFrame.of('going_away', { data: { reconnect_after_ms: Math.floor(reconnectAfterMs) } });
}
