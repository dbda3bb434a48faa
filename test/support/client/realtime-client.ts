import type { Frame, Wanted } from './inbox.js';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client of the canonical protocol over either transport. */
export interface RealtimeClient {
  /** Everything received so far. */
  readonly frames: Frame[];
  /** Resolves with the first frame of all, already received or awaited, that matches. */
  first(wanted: Wanted<Frame>): Promise<Frame>;
  /** Resolves with the first frame that matches and that `next` has not returned before. */
  next(wanted: Wanted<Frame>): Promise<Frame>;
  /** Resolves with the reply. */
  request(type: string, data?: object): Promise<Frame>;
  /** The end of the connection; Socket.IO has no codes, its code is that of the last error frame. */
  readonly closed: Promise<Closed>;
  /** Resolves if the server refused the connection. */
  readonly refused: Promise<unknown>;
  close(): void;
}
