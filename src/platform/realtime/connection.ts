import { Logger } from '@nestjs/common';
import { newId } from '../database/ids.js';
import { toDeclaredError } from '../errors/error.filter.js';
import { type AppError, InternalError } from '../errors/app-error.js';
import type { Actor, SystemRole } from '../http/actor.js';
import { CLOSE, type Farewell, farewellFor, farewellOf } from './close-codes.js';
import type { ConnectionHost } from './connection-host.js';
import type { ConnectionEnding } from './connection-observer.js';
import { ConnectionOutput } from './connection-output.js';
import { EncodedFrame } from './encoded-frame.js';
import type { LiveConnection } from './live-connection.js';
import type { ResumePoint } from './live-sessions.js';
import { Reply, type RequestId } from './packet.js';
import type { SocketCodec } from './socket-codec.js';
import { Strikes } from './strikes.js';
import type { Sleeper } from './timer-wheel.js';
import type { Transport } from './transport.js';

type Phase = 'unknown' | 'authenticating' | 'opening' | 'live' | 'closed';

const logger = new Logger('Connection');
/** A client may turn away from this many streams; one that names more has lost its way. */
const MOST_UNWANTED = 10_000;

/**
 * One client on either transport, from `hello` to the close. Nothing but a few fields belongs to an idle one: its
 * deadlines are in the shared wheel, its queue exists only while something is queued.
 */
export class Connection extends ConnectionOutput implements LiveConnection, Sleeper {
  readonly id = newId();
  slot = -1;
  unwanted: Set<string> | undefined;
  /** Requests that wait for their answers. */
  inFlight = 0;
  /** Kept while earlier requests of this connection are not started yet: later ones wait behind it. */
  starting: Promise<void> | undefined;
  /** Whether the observers know of this connection and have to hear of its end; `attached`: whether `LiveSessions` does. */
  announced = false;
  private attached = false;
  private phase: Phase = 'unknown';
  private signedIn: Actor | undefined;
  private strikes: Strikes | undefined;
  private nextBeat: number;
  private pinged = false;
  private silent = false;
  private warned = false;
  private readonly authDeadline: number;

  constructor(
    transport: Transport,
    host: ConnectionHost,
    /** What limits count the connection's address as. */
    readonly address: string,
    readonly codec?: SocketCodec,
  ) {
    super(transport, host);
    const { settings } = host;
    const now = performance.now();
    this.nextBeat = now + settings.heartbeatMs;
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
    return performance.now() - (this.authDeadline - this.host.settings.authDeadlineMs);
  }

  get kind(): Transport['kind'] {
    return this.transport.kind;
  }

  /** Says hello, and signs in at once where the credential came with the upgrade. */
  open(actor?: Actor, resume?: ResumePoint): void {
    const { settings, connections } = this.host;
    connections.add(this);
    connections.wheel.schedule(this, Math.min(settings.authDeadlineMs, settings.heartbeatMs));
    this.hand(
      EncodedFrame.of('hello', {
        data: {
          connection_id: this.id,
          heartbeat_ms: settings.heartbeatMs,
          timeout_ms: settings.pongTimeoutMs,
          server_time: new Date().toISOString(),
        },
      }),
      'owed',
    );
    if (actor) void this.signIn(actor, resume);
  }

  /** Finds out who this is. The caller has checked that nobody said so before. @throws AppError */
  async authenticate(credential: Promise<Actor>, resume?: ResumePoint): Promise<void> {
    this.phase = 'authenticating';
    try {
      const actor = await credential;
      if (this.isClosed) return;
      void this.signIn(actor, resume);
    } finally {
      if (this.isAuthenticating) this.phase = 'unknown';
    }
  }

  /** A new token of the same user prolongs the connection. */
  renew(actor: Actor): void {
    this.host.connections.moveSession(this, actor);
    this.signedIn = actor;
    this.warned = false;
    this.host.connections.wheel.schedule(this, 1);
  }

  changeRole(role: SystemRole): void {
    if (this.signedIn) this.signedIn = { ...this.signedIn, role };
  }

  want(streamId: string): void {
    if (!this.unwanted?.delete(streamId) || this.unwanted.size > 0) return;
    this.unwanted = undefined;
  }

  unwant(streamId: string): void {
    this.unwanted ??= new Set();
    if (this.unwanted.size < MOST_UNWANTED) this.unwanted.add(streamId);
  }

  /**
   * Answers a request; `body` is the JSON of `{ok, data}`, and `data` that of its data in UTF-8 where it is large. One without an id is answered without one where the wire has
   * a form for that: Socket.IO has none without an acknowledgement, and other protocols have their own rules.
   */
  reply(id: RequestId | undefined, body: string, data?: Buffer): void {
    const isAnswerable = id !== undefined || (this.kind === 'websocket' && !this.codec);
    if (isAnswerable && !this.isClosed) this.hand(new Reply(id, body, data), 'owed');
  }

  /** Answers a request with an error; without an id the error is a frame of its own. */
  fail(id: RequestId | undefined, error: AppError): void {
    if (this.isClosed) return;
    const { code, message, details } = error;
    if (id === undefined) this.hand(EncodedFrame.of('error', { error: { code, message, details } }), 'owed');
    else this.reply(id, JSON.stringify({ ok: false, error: { code, message, details } }));
  }

  /** Counts a frame that was no request at all; too many in a short time end the connection. */
  strike(): void {
    const { settings } = this.host;
    this.strikes ??= new Strikes(settings);
    if (this.strikes.invalid()) this.bid(CLOSE.tooManyErrors);
  }

  /** Counts a request that was one too many. */
  countRefusal(): void {
    this.strikes ??= new Strikes(this.host.settings);
    if (this.strikes.refused()) this.bid(CLOSE.rateAbuse);
  }

  /** Any sign of life: a pong, or a frame. */
  heard(): void {
    this.silent = false;
  }

  wake(): number {
    if (this.isClosed) return 0;
    const now = performance.now();
    let next = this.transport.kind === 'websocket' ? this.beat(now) : this.host.settings.expiryWarningMs;
    if (this.signedIn) next = Math.min(next, this.watchExpiry(this.signedIn.expiresAt * 1000 - Date.now()));
    else if (now >= this.authDeadline) this.bid(CLOSE.noAuth);
    else next = Math.min(next, this.authDeadline - now);
    return this.isClosed ? 0 : next;
  }

  /** Says why and closes. Nothing is sent or taken any more from this moment on. */
  override bid({ code, error, message, details }: Farewell): void {
    if (this.isClosed) return;
    const told = { code: error, message, details: { ...details, close_code: code } };
    this.transport.send(EncodedFrame.of('error', { error: told }));
    this.detach(code >= CLOSE.revoked.code ? 'ended' : 'lost', code);
    this.transport.close(code, message);
  }

  close(code: number, reason: string): void {
    this.bid(farewellOf(code, reason));
  }

  /** The transport is gone, or about to be closed with `code`. */
  detach(ending: ConnectionEnding, code?: number): void {
    if (this.isClosed) return;
    this.phase = 'closed';
    this.dropQueue();
    this.host.connections.remove(this, ending, code);
    if (this.attached) this.host.sessions.closed(this);
  }

  private async signIn(actor: Actor, resume: ResumePoint | undefined): Promise<void> {
    const { connections, sessions, authenticator } = this.host;
    if (!connections.admit(this, actor)) return this.bid(CLOSE.tooManyConnections);
    this.signedIn = actor;
    this.phase = 'opening';
    this.cork();
    this.attached = true;
    try {
      // What was said of the session may be from before it ended, on another node. The connection hears of every end
      // from now on; every end until now is asked for.
      const [{ resumed, cursor }, ended, endedKeys] = await Promise.all([
        sessions.opened(this, resume),
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
      this.giveUp(toDeclaredError(error));
    }
  }

  private giveUp(error: AppError): void {
    if (error instanceof InternalError) logger.error('a connection could not be opened', error.cause);
    this.bid(farewellFor(error));
  }

  private beat(now: number): number {
    const { heartbeatMs, pongTimeoutMs } = this.host.settings;
    if (now >= this.nextBeat && this.pinged) {
      // A ping behind a full buffer is not read either; the queue's own deadline ends such a connection.
      if (this.silent && !this.isBehind) this.bid(CLOSE.noPong);
      this.pinged = false;
      this.nextBeat = now + heartbeatMs - pongTimeoutMs;
    } else if (now >= this.nextBeat) {
      this.pinged = this.silent = true;
      this.nextBeat = now + pongTimeoutMs;
      this.transport.ping();
    }
    return this.nextBeat - now;
  }

  private watchExpiry(leftMs: number): number {
    const { expiryWarningMs } = this.host.settings;
    if (leftMs <= 0) this.bid(CLOSE.tokenExpired);
    if (leftMs > expiryWarningMs) return leftMs - expiryWarningMs;
    if (!this.warned && !this.isClosed) {
      this.warned = true;
      const expires = new Date(this.actor.expiresAt * 1000).toISOString();
      this.hand(EncodedFrame.of('auth.expiring', { data: { expires_at: expires } }), 'owed');
    }
    return leftMs;
  }
}

function identity({ userId, sessionId, username, displayName, role }: Actor): object {
  return { user: { id: userId, username, display_name: displayName, role }, session_id: sessionId };
}
