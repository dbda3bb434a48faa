import { EncodedFrame } from './encoded-frame.js';

/** Clients that the other nodes take back in a second beside their work: half of what one admits. */
const RECONNECTS_PER_SECOND = 100;
/** A shutdown has 18 s for its clients; the last of them needs time to move, too. */
const LONGEST_SPREAD_MS = 12_000;

/** Over how many milliseconds the return of so many clients is spread: 20 need no time, 1,200 and more need 12 s. */
export function reconnectSpreadMs(clients: number): number {
  return Math.min(LONGEST_SPREAD_MS, (clients * 1000) / RECONNECTS_PER_SECOND);
}

/** Tells a client to have another connection after so many milliseconds. */
export function goingAwayFrame(reconnectAfterMs: number): EncodedFrame {
  return EncodedFrame.of('going_away', { data: { reconnect_after_ms: Math.floor(reconnectAfterMs) } });
}
