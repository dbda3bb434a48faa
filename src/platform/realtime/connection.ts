import { Logger } from '@nestjs/common';
import { newId } from '../database/ids.js';
import { toDeclaredError } from '../errors/error.filter.js';
import {
  AccountBanned,
  type AppError,
  InternalError,
  RateLimitExceeded,
  ServiceUnavailable,
} from '../errors/app-error.js';
import type { Actor } from '../http/actor.js';
import { CLOSE, type Farewell } from './close-codes.js';
import type { ConnectionHost } from './connection-host.js';
import { EncodedFrame, type FrameClass } from './encoded-frame.js';
import type { LiveConnection, Position } from './live-connection.js';
import type { ResumePoint } from './live-sessions.js';
import { OutboundQueue, type Owing, type Place, type QueueOwner } from './outbound-queue.js';
import { type Packet, Reply, type RequestId } from './packet.js';
import { TooManyConnections } from './realtime.errors.js';
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
export class Connection implements LiveConnection, Sleeper, QueueOwner {
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
  private queue: OutboundQueue | undefined;
  private strikes: Strikes | undefined;
  private nextBeat: number;
  private pinged = false;
  private silent = false;
  private warned = false;
  private readonly authDeadline: number;

  constructor(
    private readonly transport: Transport,
    private readonly host: ConnectionHost,
    /** What limits count the connection's address as. */
    readonly address: string,
  ) {
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

  get isClosed(): boolean {
    return this.phase === 'closed';
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

  want(streamId: string): void {
    if (!this.unwanted?.delete(streamId) || this.unwanted.size > 0) return;
    this.unwanted = undefined;
  }

  unwant(streamId: string): void {
    this.unwanted ??= new Set();
    if (this.unwanted.size < MOST_UNWANTED) this.unwanted.add(streamId);
  }

  deliver(frame: EncodedFrame, frameClass: FrameClass, place?: Place): void {
    if (this.phase === 'closed') return;
    if (this.queue === undefined && this.transport.bufferedBytes < this.host.settings.transportBytes) {
      this.transport.send(frame);
    } else {
      this.queued().push(frame, frameClass, place);
    }
  }

  deliverNow(frame: EncodedFrame, position?: Position): void {
    if (this.isClosed) return;
    if (this.queue) this.queue.pushReplayed(frame, position);
    else this.hand(frame, 'owed');
  }

  holdBack(): void {
    if (!this.isClosed) this.queued().holdBack();
  }

  release(covered: (position: Position) => boolean): void {
    this.queue?.release(covered);
  }

  /** Answers a request; without an id nobody waits for the answer. `body` is the JSON of `{ok, data}`. */
  reply(id: RequestId | undefined, body: string): void {
    if (id !== undefined && !this.isClosed) this.hand(new Reply(id, body), 'owed');
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

  /** The answer to a WebSocket ping may be sent: not into a buffer that nobody empties. */
  get mayPong(): boolean {
    return !this.isClosed && this.transport.bufferedBytes < this.host.settings.transportBytes;
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
  bid({ code, error, message }: Farewell): void {
    if (this.isClosed) return;
    this.transport.send(EncodedFrame.of('error', { error: { code: error, message, details: { close_code: code } } }));
    this.close(code, message);
  }

  close(code: number, reason: string): void {
    if (this.isClosed) return;
    this.detach();
    this.transport.close(code, reason);
  }

  /** The transport is gone, or about to go. */
  detach(): void {
    if (this.isClosed) return;
    this.phase = 'closed';
    this.queue = undefined;
    this.host.connections.remove(this);
    if (this.attached) this.host.sessions.closed(this);
  }

  checkDeadlines(): void {
    this.queue?.checkDeadlines();
  }

  drained(): void {
    this.queue = undefined;
    this.host.connections.slow.delete(this);
  }

  tooSlow(): void {
    this.bid(CLOSE.slow);
  }

  async catchUp(from: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.host.catchUp.catchUp(this, from);
    } catch (error) {
      logger.error('a slow reader could not be given what it missed', error);
      this.bid(CLOSE.failed); // it resumes, and is given it then
    }
  }

  private async signIn(actor: Actor, resume: ResumePoint | undefined): Promise<void> {
    const { connections, sessions } = this.host;
    if (!connections.admit(this, actor)) return this.bid(CLOSE.tooManyConnections);
    this.signedIn = actor;
    this.phase = 'opening';
    this.queued().cork();
    this.attached = true;
    try {
      const { resumed, cursor } = await sessions.opened(this, resume);
      if (this.isClosed) return;
      this.phase = 'live';
      this.transport.send(EncodedFrame.of('ready', { data: { ...identity(actor), resumed, cursor } }));
      connections.announce(this);
      connections.wheel.schedule(this, 1);
      this.queue?.uncork();
    } catch (error) {
      this.giveUp(toDeclaredError(error));
    }
  }

  private giveUp(error: AppError): void {
    if (error instanceof InternalError) logger.error('a connection could not be opened', error.cause);
    this.bid(farewellFor(error));
  }

  private hand(packet: Packet, owing: Owing): void {
    if (this.queue === undefined && this.transport.bufferedBytes < this.host.settings.transportBytes) {
      this.transport.send(packet);
    } else {
      this.queued().push(packet, owing);
    }
  }

  private queued(): OutboundQueue {
    if (!this.queue) {
      this.queue = new OutboundQueue(this.transport, this.host.settings, this);
      this.host.connections.slow.add(this);
    }
    return this.queue;
  }

  private beat(now: number): number {
    const { heartbeatMs, pongTimeoutMs } = this.host.settings;
    if (now >= this.nextBeat && this.pinged) {
      // A ping behind a full buffer is not read either; the queue's own deadline ends such a connection.
      if (this.silent && this.queue === undefined) this.bid(CLOSE.noPong);
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

/** How a connection ends that could not be opened. */
export function farewellFor(error: AppError): Farewell {
  if (error instanceof AccountBanned) return CLOSE.banned;
  if (error instanceof RateLimitExceeded) return CLOSE.rateAbuse;
  if (error instanceof TooManyConnections) return CLOSE.tooManyConnections;
  if (error instanceof ServiceUnavailable) return CLOSE.overload;
  if (error instanceof InternalError) return CLOSE.failed;
  return CLOSE.revoked;
}
