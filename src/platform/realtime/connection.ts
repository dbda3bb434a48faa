import { Logger } from '@nestjs/common';
import { newId } from '../database/ids.js';
import { toAppErrorOf } from '../errors/error.filter.js';
import { type AppError, InternalError } from '../errors/app-error.js';
import type { Actor, SystemRole } from '../http/actor.js';
import { CLOSE_REASONS, type CloseReason, closeReasonFor, closeReasonByCode } from './close-reasons.js';
import type { ConnectionServices } from './connection-services.js';
import type { ConnectionEnding } from './connection-observer.js';
import { ConnectionOutput } from './connection-output.js';
import { EncodedFrame } from './encoded-frame.js';
import type { LiveConnection } from './live-connection.js';
import type { ResumeRequest } from './connection-attacher.js';
import { Reply, type RequestId } from './packet.js';
import type { SocketCodec } from './socket-codec.js';
import { ProtocolAbuseCounter } from './protocol-abuse-counter.js';
import type { TimerEntry } from './timer-wheel.js';
import type { Transport } from './transport.js';

type Phase = 'unknown' | 'authenticating' | 'opening' | 'live' | 'closed';

const logger = new Logger('Connection');
/** A client may turn away from this many streams; one that names more has lost its way. */
const MOST_UNWANTED = 10_000;

/**
 * One client on either transport, from `hello` to the close. Nothing but a few fields belongs to an idle one: its
 * deadlines are in the shared wheel, its queue exists only while something is queued.
 */
export class Connection extends ConnectionOutput implements LiveConnection, TimerEntry {
  readonly id = newId();
  slot = -1;
  mutedStreams: Set<string> | undefined;
  /** Requests that wait for their answers. */
  inFlight = 0;
  /** Kept while earlier requests of this connection are not started yet: later ones wait behind it. */
  starting: Promise<void> | undefined;
  /**
   * Whether the observers know of this connection and have to hear of its end; `attached`: whether `ConnectionAttacher`
   * does.
   */
  announced = false;
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
    services: ConnectionServices,
    /** What limits count the connection's address as. */
    readonly address: string,
    readonly codec?: SocketCodec,
  ) {
    super(transport, services);
    const { settings } = services;
    const now = performance.now();
    this.nextHeartbeat = now + settings.heartbeatMs;
    this.authDeadline = now + settings.authDeadlineMs;
  }

  get actor(): Actor {
    return this.signedIn!;
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
    return performance.now() - (this.authDeadline - this.services.settings.authDeadlineMs);
  }

  get kind(): Transport['kind'] {
    return this.transport.kind;
  }

  /** Says hello, and signs in at once where the credential came with the upgrade. */
  open(actor?: Actor, resume?: ResumeRequest): void {
    const { settings, connections } = this.services;
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

  /** Finds out who this is. The caller has checked that nobody said so before. @throws AppError */
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

  /** A new token of the same user prolongs the connection. */
  renew(actor: Actor): void {
    this.services.connections.moveSession(this, actor);
    this.signedIn = actor;
    this.warned = false;
    this.services.connections.wheel.schedule(this, 1);
  }

  changeRole(role: SystemRole): void {
    if (this.signedIn) this.signedIn = { ...this.signedIn, role };
  }

  subscribe(streamId: string): void {
    if (!this.mutedStreams?.delete(streamId) || this.mutedStreams.size > 0) return;
    this.mutedStreams = undefined;
  }

  unsubscribe(streamId: string): void {
    this.mutedStreams ??= new Set();
    if (this.mutedStreams.size < MOST_UNWANTED) this.mutedStreams.add(streamId);
  }

  /**
   * Answers a request; `body` is the JSON of `{ok, data}`, and `data` that of its data in UTF-8 where it is large. One
   * without an id is answered without one where the wire has a form for that: Socket.IO has none without an
   * acknowledgement, and other protocols have their own rules.
   */
  reply(id: RequestId | undefined, body: string, data?: Buffer): void {
    const isAnswerable = id !== undefined || (this.kind === 'websocket' && !this.codec);
    if (isAnswerable && !this.isClosed) this.enqueue(new Reply(id, body, data), 'reliable');
  }

  /** Answers a request with an error; without an id the error is a frame of its own. */
  fail(id: RequestId | undefined, error: AppError): void {
    if (this.isClosed) return;
    const { code, message, details } = error;
    if (id === undefined) this.enqueue(EncodedFrame.of('error', { error: { code, message, details } }), 'reliable');
    else this.reply(id, JSON.stringify({ ok: false, error: { code, message, details } }));
  }

  /** Counts a frame that was no request at all; too many in a short time end the connection. */
  countInvalidFrame(): void {
    const { settings } = this.services;
    this.abuse ??= new ProtocolAbuseCounter(settings);
    if (this.abuse.countInvalidFrame()) this.closeWith(CLOSE_REASONS.tooManyErrors);
  }

  /** Counts a request that was one too many. */
  countRateLimited(): void {
    this.abuse ??= new ProtocolAbuseCounter(this.services.settings);
    if (this.abuse.countRateLimited()) this.closeWith(CLOSE_REASONS.rateAbuse);
  }

  /** Any sign of life: a pong, or a frame. */
  noteActivity(): void {
    this.missedPongs = false;
  }

  onTimeout(): number {
    if (this.isClosed) return 0;
    const now = performance.now();
    let next = this.transport.kind === 'websocket' ? this.heartbeat(now) : this.services.settings.expiryWarningMs;
    if (this.signedIn) next = Math.min(next, this.watchExpiry(this.signedIn.expiresAt * 1000 - Date.now()));
    else if (now >= this.authDeadline) this.closeWith(CLOSE_REASONS.noAuth);
    else next = Math.min(next, this.authDeadline - now);
    return this.isClosed ? 0 : next;
  }

  /** Says why and closes. Nothing is sent or taken any more from this moment on. */
  override closeWith({ code, error, message, details }: CloseReason): void {
    if (this.isClosed) return;
    const told = { code: error, message, details: { ...details, close_code: code } };
    this.transport.send(EncodedFrame.of('error', { error: told }));
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
    this.services.connections.remove(this, ending, code);
    if (this.attached) this.services.attacher.detach(this);
  }

  private async attach(actor: Actor, resume: ResumeRequest | undefined): Promise<void> {
    const { connections, attacher: sessions, authenticator } = this.services;
    if (!connections.admit(this, actor)) return this.closeWith(CLOSE_REASONS.tooManyConnections);
    this.signedIn = actor;
    this.phase = 'opening';
    this.cork();
    this.attached = true;
    try {
      // What was said of the session may be from before it ended, on another node. The connection hears of every end
      // from now on; every end until now is asked for.
      const [{ resumed, cursor }, ended, endedKeys] = await Promise.all([
        sessions.attach(this, resume),
        authenticator.findEnded([actor.sessionId]),
        authenticator.findEndedKeys(actor.keyId === undefined ? [] : [actor.keyId]),
      ]);
      connections.endKeys(endedKeys);
      for (const { sessionId, reason } of ended) connections.endSessions([sessionId], reason);
      if (this.isClosed) return;
      this.phase = 'live';
      this.transport.send(EncodedFrame.of('ready', { data: { ...identity(actor), resumed, cursor } }));
      connections.announce(this);
      connections.wheel.schedule(this, 1);
      this.uncork();
    } catch (error) {
      this.abortOpening(toAppErrorOf(error));
    }
  }

  private abortOpening(error: AppError): void {
    if (error instanceof InternalError) logger.error('a connection could not be opened', error.cause);
    this.closeWith(closeReasonFor(error));
  }

  private heartbeat(now: number): number {
    const { heartbeatMs, pongTimeoutMs } = this.services.settings;
    if (now >= this.nextHeartbeat && this.pinged) {
      // A ping behind a full buffer is not read either; the queue's own deadline ends such a connection.
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
    const { expiryWarningMs } = this.services.settings;
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
