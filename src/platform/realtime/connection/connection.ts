/*
 * connection/: one client from the accepted socket to its close, on any transport and in any protocol.
 *
 * Life cycle: a transport creates a `Connection`, which sends `hello`. It is authenticated by the credential of the
 * upgrade or by a frame `auth`, is attached to the streams of its user (resume/), and sends `ready`, what was
 * missed, and `live`. `Connections` indexes it by user, session, session key and IP address until it is closed: by
 * the client, by the network, by a missed pong, a full queue, an ended session (`SessionReconciler`), or a shutdown
 * (`RealtimeDrain`).
 *
 * Invariants: a closed connection sends and accepts nothing. No call from the fan-out waits: a frame is written,
 * queued, or dropped by the rules of `OutboundQueue`. An idle connection costs one object and one entry of the timer
 * wheel.
 */
import { Logger } from '@nestjs/common';
import { newId } from '../../database/ids.js';
import { toAppError } from '../../errors/error.filter.js';
import { type AppError, InternalError } from '../../errors/app-error.js';
import { type Actor, mayActAs, ownServerKeyOf, type SystemRole } from '../../identity/actor.js';
import { CLOSE_REASONS, type CloseReason, closeReasonFor, closeReasonByCode } from './close-reasons.js';
import type { ConnectionEnding } from './connection-changes.js';
import { type ConnectionContext, ConnectionOutput } from './connection-output.js';
import { EncodedFrame } from '../protocol/encoded-frame.js';
import { AllBut, type LiveConnection, MAX_UNSUBSCRIBED_STREAMS, type StreamFilter } from './live-connection.js';
import type { ResumeRequest } from '../resume/connection-attacher.js';
import { Reply, type ReplyOutcome, type RequestId } from '../protocol/packet.js';
import type { SocketCodec } from '../transport/socket-codec.js';
import { ProtocolAbuseCounter } from './protocol-abuse-counter.js';
import type { TimerEntry } from './timer-wheel.js';
import type { Transport } from '../transport/transport.js';

type Phase = 'unknown' | 'authenticating' | 'opening' | 'live' | 'closed';

const logger = new Logger('Connection');

/**
 * One client on either transport, from `hello` to the close.
 *
 * Invariants: the phase `closed` is final, and nothing is sent or accepted in it. After authentication `ready` is sent
 * first; all other frames wait behind it. A request with an id gets exactly one reply, unless the connection closes
 * first. A session or session key that ends before, during or after the opening closes the connection. An idle
 * connection consists of a few fields: its deadlines are in the shared wheel, and its queue exists only while frames
 * are queued.
 */
export class Connection extends ConnectionOutput implements LiveConnection, TimerEntry {
  readonly id = newId();
  slot = -1;
  subscribedStreams: Set<string> | undefined;
  private unsubscribed: Set<string> | undefined;
  private filter: StreamFilter | undefined;
  /** Requests without a reply so far. */
  inFlight = 0;
  /** Pending while earlier requests of this connection are not started: later ones wait for it. */
  starting: Promise<void> | undefined;
  /** Whether the observers were notified of this connection. */
  announced = false;
  /** Whether the `ConnectionAttacher` must be notified of its end. */
  private attached = false;
  private phase: Phase = 'unknown';
  private signedIn: Actor | undefined;
  private abuse: ProtocolAbuseCounter | undefined;
  private nextHeartbeat: number;
  private pinged = false;
  private missedPongs = false;
  private warned = false;
  private readonly authDeadline: number;

  constructor(
    transport: Transport,
    context: ConnectionContext,
    /** The rate limit key of the client's IP address. */
    readonly ipKey: string,
    readonly codec?: SocketCodec,
  ) {
    super(transport, context);
    const { settings } = context;
    const now = performance.now();
    this.nextHeartbeat = now + settings.heartbeatMs;
    this.authDeadline = now + settings.authDeadlineMs;
  }

  get actor(): Actor {
    return this.signedIn!;
  }

  get unsubscribedStreams(): StreamFilter | undefined {
    return this.filter;
  }

  get isSignedIn(): boolean {
    return this.signedIn !== undefined;
  }

  get isAuthenticating(): boolean {
    return this.phase === 'authenticating';
  }

  override get isClosed(): boolean {
    return this.phase === 'closed';
  }

  get ageMs(): number {
    return performance.now() - (this.authDeadline - this.context.settings.authDeadlineMs);
  }

  get kind(): Transport['kind'] {
    return this.transport.kind;
  }

  /** Sends `hello`, and signs in at once if the credential came with the upgrade. */
  open(actor?: Actor, resume?: ResumeRequest): void {
    const { settings, connections } = this.context;
    connections.add(this);
    connections.wheel.schedule(this, Math.min(settings.authDeadlineMs, settings.heartbeatMs));
    this.enqueue(
      EncodedFrame.of('hello', {
        data: {
          connection_id: this.id,
          heartbeat_ms: settings.heartbeatMs,
          timeout_ms: settings.pongTimeoutMs,
          server_time: new Date().toISOString(),
        },
      }),
      'reliable',
    );
    if (actor) void this.attach(actor, resume);
  }

  /** Signs in with this credential. The caller has checked that the connection is not signed in. @throws AppError */
  async authenticate(credential: Promise<Actor>, resume?: ResumeRequest): Promise<void> {
    this.phase = 'authenticating';
    try {
      const actor = await credential;
      if (this.isClosed) return;
      void this.attach(actor, resume);
    } finally {
      if (this.isAuthenticating) this.phase = 'unknown';
    }
  }

  /** Extends the connection with a new token of the same user. */
  renew(actor: Actor): void {
    this.context.connections.moveSession(this, actor);
    this.signedIn = actor;
    this.warned = false;
    this.context.connections.wheel.schedule(this, 1);
  }

  changeRole(role: SystemRole): void {
    if (!this.signedIn) return;
    const { serverKey } = this.signedIn;
    if (serverKey && !mayActAs(serverKey, role)) return this.closeWith(CLOSE_REASONS.revoked);
    this.signedIn = { ...this.signedIn, role };
  }

  subscribe(streamId: string): void {
    if (this.subscribedStreams) return void this.subscribedStreams.add(streamId);
    if (!this.unsubscribed?.delete(streamId) || this.unsubscribed.size > 0) return;
    this.unsubscribed = this.filter = undefined;
  }

  unsubscribe(streamId: string): void {
    if (this.subscribedStreams) return void this.subscribedStreams.delete(streamId);
    this.filter = this.unsubscribed ??= new Set();
    if (this.unsubscribed.size < MAX_UNSUBSCRIBED_STREAMS) this.unsubscribed.add(streamId);
  }

  /**
   * Replies to a request. `body` is the JSON of `{ok, data}`; `data` is the JSON of its data in UTF-8 if it is large.
   * Only the codec of another protocol needs the `outcome` itself.
   * A request without an id gets a reply without one on plain WebSocket. Socket.IO cannot reply without an
   * acknowledgement, and other protocols have their own rules.
   */
  reply(id: RequestId | undefined, body: string, outcome?: ReplyOutcome, data?: Buffer): void {
    const isAnswerable = id !== undefined || (this.kind === 'websocket' && !this.codec);
    if (isAnswerable && !this.isClosed) this.enqueue(new Reply(id, body, outcome, data), 'reliable');
  }

  /** Replies to a request with an error. Without an id the error is a separate frame. */
  fail(id: RequestId | undefined, error: AppError): void {
    if (this.isClosed) return;
    if (id === undefined) return this.enqueue(EncodedFrame.ofError(error), 'reliable');
    const { code, message, details } = error;
    this.reply(id, JSON.stringify({ ok: false, error: { code, message, details } }), this.codec && { error });
  }

  /** Counts a frame that was not a valid request. Too many in a short time close the connection. */
  countInvalidFrame(): void {
    const { settings } = this.context;
    this.abuse ??= new ProtocolAbuseCounter(settings);
    if (this.abuse.countInvalidFrame()) this.closeWith(CLOSE_REASONS.tooManyErrors);
  }

  /** Counts a request that exceeded a limit. Too many in a short time close the connection. */
  countRateLimitedFrame(): void {
    this.abuse ??= new ProtocolAbuseCounter(this.context.settings);
    if (this.abuse.countRateLimitedFrame()) this.closeWith(CLOSE_REASONS.rateAbuse);
  }

  /** Records a sign of life: a pong or a frame. */
  noteActivity(): void {
    this.missedPongs = false;
  }

  onTimeout(): number {
    if (this.isClosed) return 0;
    const now = performance.now();
    let next = this.transport.kind === 'websocket' ? this.heartbeat(now) : this.context.settings.expiryWarningMs;
    if (this.signedIn) next = Math.min(next, this.watchExpiry(this.signedIn.expiresAt * 1000 - Date.now()));
    else if (now >= this.authDeadline) this.closeWith(CLOSE_REASONS.noAuth);
    else next = Math.min(next, this.authDeadline - now);
    return this.isClosed ? 0 : next;
  }

  /** Sends the reason and closes. Nothing is sent or accepted afterwards. */
  override closeWith({ code, error, message, details }: CloseReason): void {
    if (this.isClosed) return;
    const sent = { code: error, message, details: { ...details, close_code: code } };
    this.transport.send(EncodedFrame.of('error', { error: sent }));
    this.detach(code >= CLOSE_REASONS.revoked.code ? 'ended' : 'lost', code);
    this.transport.close(code, message);
  }

  close(code: number, reason: string): void {
    this.closeWith(closeReasonByCode(code, reason));
  }

  /** The transport is gone, or about to be closed with `code`. */
  detach(ending: ConnectionEnding, code?: number): void {
    if (this.isClosed) return;
    this.phase = 'closed';
    this.releaseQueue();
    this.context.connections.remove(this, ending, code);
    if (this.attached) this.context.attacher.detach(this);
  }

  private async attach(actor: Actor, resume: ResumeRequest | undefined): Promise<void> {
    const { connections, attacher, authenticator } = this.context;
    if (!connections.addSignedIn(this, actor)) return this.closeWith(CLOSE_REASONS.tooManyConnections);
    this.signedIn = actor;
    if (ownServerKeyOf(actor)) this.filter = new AllBut((this.subscribedStreams = new Set()));
    this.phase = 'opening';
    this.cork();
    this.attached = true;
    try {
      // The session may have ended on another node after it was authenticated. From now on the connection is notified
      // of its end. Whether it has ended before is queried.
      const [{ resumed, cursor }, ended, endedKeys] = await Promise.all([
        attacher.attach(this, resume),
        authenticator.findEnded([actor.sessionId]),
        authenticator.findEndedKeys(actor.keyId === undefined ? [] : [actor.keyId]),
      ]);
      connections.disconnectSessionKeys(endedKeys);
      for (const { sessionId, reason } of ended) connections.disconnectSessions([sessionId], reason);
      if (this.isClosed) return;
      this.phase = 'live';
      this.transport.send(EncodedFrame.of('ready', { data: { ...identity(actor), resumed, cursor } }));
      connections.announce(this);
      connections.wheel.schedule(this, 1);
      this.uncork();
    } catch (error) {
      this.abortOpening(toAppError(error));
    }
  }

  private abortOpening(error: AppError): void {
    if (error instanceof InternalError) logger.error('a connection could not be opened', error.cause);
    this.closeWith(closeReasonFor(error));
  }

  private heartbeat(now: number): number {
    const { heartbeatMs, pongTimeoutMs } = this.context.settings;
    if (now >= this.nextHeartbeat && this.pinged) {
      // A ping behind a full buffer is not read either. The deadline of the queue closes such a connection.
      if (this.missedPongs && !this.isBehind) this.closeWith(CLOSE_REASONS.noPong);
      this.pinged = false;
      this.nextHeartbeat = now + heartbeatMs - pongTimeoutMs;
    } else if (now >= this.nextHeartbeat) {
      this.pinged = this.missedPongs = true;
      this.nextHeartbeat = now + pongTimeoutMs;
      this.transport.ping();
    }
    return this.nextHeartbeat - now;
  }

  private watchExpiry(leftMs: number): number {
    const { expiryWarningMs } = this.context.settings;
    if (leftMs <= 0) this.closeWith(CLOSE_REASONS.tokenExpired);
    if (leftMs > expiryWarningMs) return leftMs - expiryWarningMs;
    if (!this.warned && !this.isClosed) {
      this.warned = true;
      const expires = new Date(this.actor.expiresAt * 1000).toISOString();
      this.enqueue(EncodedFrame.of('auth.expiring', { data: { expires_at: expires } }), 'reliable');
    }
    return leftMs;
  }
}

function identity({ userId, sessionId, username, displayName, role }: Actor): object {
  return { user: { id: userId, username, display_name: displayName, role }, session_id: sessionId };
}
