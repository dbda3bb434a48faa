/** Times and sizes of the protocol. A provider, so that tests can make the times short and the sizes small. */
export class RealtimeSettings {
  heartbeatMs = 25_000;
  pongTimeoutMs = 10_000;
  authDeadlineMs = 5_000;
  expiryWarningMs = 60_000;
  /** How often deadlines are checked; each may be late by this much. */
  tickMs = 1_000;
  sessionCheckMs = 5_000;
  /** Requests of one connection that may be without a reply. */
  maxInFlight = 32;
  /** Invalid frames in `abuseWindowMs` that a connection survives. */
  maxInvalidFrames = 10;
  /** Requests refused by a limit or for being too many in flight, in `abuseWindowMs`, that a connection survives. */
  maxRateLimited = 100;
  abuseWindowMs = 10_000;
  socketsPerUser = 10;
  upgradesPerSecond = 200;
  frameBytes = 65_536;
  /** Bytes passed to the transport that the client has not read. Beyond this, frames wait in the connection's queue. */
  transportBytes = 65_536;
  /** Queued bytes above which ephemeral frames are dropped. */
  softQueueBytes = 262_144;
  /** Queued bytes, queued frames and waiting time above which durable frames are dropped and read again later. */
  hardQueueBytes = 1_048_576;
  hardQueueFrames = 1_000;
  hardQueueMs = 10_000;
  /** Time after `hardQueueMs` at which a connection that still does not read is closed. */
  slowCloseMs = 20_000;
  /** Replies and replays cannot be dropped: a connection with this many unread bytes of them is closed. */
  reliableBytes = 8_388_608;
  /** Requests in flight at shutdown have this long to finish. */
  drainMs = 10_000;
  /** Time between the last close frames and the end of the sockets. */
  closeHandshakeMs = 200;
  /** How long after `going_away` a client may take to open its next connection before this one is closed. */
  moveMs = 5_000;
}
