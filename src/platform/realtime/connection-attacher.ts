import type { LiveConnection } from './live-connection.js';

/** What a client brings along to be told everything it missed. Untrusted: any text, any numbers. */
export interface ResumeRequest {
  readonly cursor?: string;
  /** Last seq the client has applied, for each conversation it keeps. */
  readonly conversations?: Record<string, number>;
}

/** What the `ready` frame says of the resume. */
export interface AttachedConnection {
  readonly resumed: boolean;
  readonly cursor: string;
}

/**
 * Attaches authenticated connections of this node to the streams of their users. The fan-out provides it.
 *
 * `opened` may hand frames to `deliverNow` before or after it resolves: the connection sends `ready` first and those
 * frames after it, in the order they came. The `live` frame is the fan-out's, too, as the last of the replay.
 * A rejection closes the connection: an `AppError` is told to the client, `ServiceUnavailable` as 1013.
 */
export abstract class ConnectionAttacher {
  abstract attach(connection: LiveConnection, resume?: ResumeRequest): Promise<AttachedConnection>;
  /** Called exactly once for every connection `opened` was called for, even while `opened` is still at work. */
  abstract detach(connection: LiveConnection): void;
}
