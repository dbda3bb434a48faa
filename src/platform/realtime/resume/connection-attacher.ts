import type { LiveConnection } from '../connection/live-connection.js';

/** The position of a client that wants to receive what it missed. Untrusted: any text, any numbers. */
export interface ResumeRequest {
  readonly cursor?: string;
  /** Last `seq` that the client has applied, for each conversation it stores. */
  readonly conversations?: Record<string, number>;
}

/** The result of the resume, as sent in the `ready` frame. */
export interface AttachResult {
  readonly resumed: boolean;
  readonly cursor: string;
}

/**
 * Attaches authenticated connections of this node to the streams of their users. The fan-out implements it.
 *
 * `attach` may pass frames to `deliverNow` before or after it resolves: the connection sends `ready` first and then
 * those frames, in the order of the calls. The last of them is the `live` frame, which ends the replay.
 * A rejection closes the connection: an `AppError` is sent to the client, `ServiceUnavailable` as 1013.
 */
export abstract class ConnectionAttacher {
  abstract attach(connection: LiveConnection, resume?: ResumeRequest): Promise<AttachResult>;
  /** Called exactly once for every connection that `attach` was called for, even while `attach` is pending. */
  abstract detach(connection: LiveConnection): void;
}
