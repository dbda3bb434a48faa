/** How the text of a streaming message ended. */
export const STREAMING_ENDS = ['finished', 'cancelled', 'abandoned', 'revoked'] as const;
export type StreamingEnd = (typeof STREAMING_ENDS)[number];

/** `open` while the text is being written. */
export type StreamingState = 'open' | StreamingEnd;

/** UTF-16 units of one delta: as JSON in UTF-8 it fits into one message of every bus. */
export const DELTA_MAX = 2000;
