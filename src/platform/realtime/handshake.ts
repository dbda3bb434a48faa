import type { IncomingMessage } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AuthenticationRequired, RateLimitExceeded } from '../errors/app-error.js';
import type { Actor } from '../http/actor.js';
import { ClientAddresses } from '../http/client-address.js';
import { wholeAddress } from '../http/public-address.js';
import { sessionCookieOf } from '../http/session-cookie.js';
import { RequestValidator } from '../http/request-validator.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { addressSubject } from '../throttling/limit-subject.js';
import type { LimitProfile } from '../throttling/limits.js';
import { Limits } from '../throttling/limits.service.js';
import { ConnectionServices } from './connection-services.js';
import { LONGEST_TOKEN } from './auth-frame-handler.js';
import { OriginNotAllowed } from './realtime.errors.js';

export type Credential = { readonly token: string } | { readonly ticket: string } | { readonly sessionKey: string };

const OFFERED_TOKEN = /(?:^|,)\s*bearer\.([^\s,]+)/;
const BEARER = /^Bearer +([^\s]+)$/i;

/** What a client says of itself before the first frame: where it comes from, and who it is. */
@Injectable()
export class Handshake {
  private readonly origins: ReadonlySet<string>;
  private readonly refusals = new RepeatedWarning(
    new Logger('Sockets'),
    'sockets are refused: a user opens more of them than LIMIT_CONNECT allows',
  );

  constructor(
    private readonly config: Config,
    private readonly addresses: ClientAddresses,
    private readonly requests: RequestValidator,
    private readonly services: ConnectionServices,
    private readonly limits: Limits,
  ) {
    this.origins = new Set(config.allowedOrigins);
  }

  /**
   * Pages send their origin and cannot forge it; anything else than an allowed one, or our own, is refused. Programs
   * send none. @throws OriginNotAllowed
   */
  checkOrigin(request: IncomingMessage): void {
    const { origin, host: services } = request.headers;
    if (origin === undefined || this.origins.has(origin)) return;
    if (!this.requests.isOwnOrigin(origin, services, this.addresses.isSecure(request))) throw new OriginNotAllowed();
  }

  /** The address the client connects from. @see ClientAddresses */
  addressOf(request: IncomingMessage): string | undefined {
    return this.addresses.of(request);
  }

  /**
   * What the requests of one client have in common. Behind a proxy that nothing is known of they may come from any of its
   * addresses.
   */
  placeOf(request: IncomingMessage): string {
    return this.addresses.isBehindUnknownProxy(request) ? '' : addressSubject(this.addresses.of(request));
  }

  /**
   * Who comes, and counts it as one `connect`. Undefined when there is no credential: the first frame may bring one.
   * @throws AuthenticationRequired, AccountBanned, RateLimitExceeded
   */
  async identify(credential: Credential | undefined, limits?: LimitProfile): Promise<Actor | undefined> {
    if (!credential) return undefined;
    const actor = await this.authenticate(credential);
    await this.count(actor, limits);
    return actor;
  }

  /** Counts one `connect` of somebody who was identified otherwise. @throws RateLimitExceeded */
  async count(actor: Actor, limits?: LimitProfile): Promise<void> {
    try {
      await this.limits.check('connect', actor, limits);
    } catch (error) {
      if (error instanceof RateLimitExceeded) this.refusals.failed({ user_id: actor.userId });
      throw error;
    }
  }

  private authenticate(credential: Credential): Promise<Actor> {
    const { authenticator } = this.services;
    if (Object.values(credential).some((text: string) => text.length > LONGEST_TOKEN)) {
      throw new AuthenticationRequired();
    }
    if ('token' in credential) return authenticator.authenticate(credential.token);
    if ('ticket' in credential) return authenticator.redeemTicket(credential.ticket);
    return authenticator.authenticateKey(credential.sessionKey);
  }

  /**
   * The session key of a browser's cookie. Pages alone may use it, and their origin was judged before: what sends a
   * cookie and no origin is no page. @see checkOrigin
   */
  cookieOf(request: IncomingMessage): Credential | undefined {
    if (request.headers.origin === undefined) return undefined;
    const key = sessionCookieOf(request.headers.cookie, this.addresses.isSecure(request));
    return key === undefined ? undefined : { sessionKey: key };
  }

  /** Where this client reaches the server over HTTP, without a slash at the end. */
  publicAddressOf(request: IncomingMessage): string {
    return wholeAddress(
      this.config.publicUrl,
      this.addresses.isSecure(request) ? 'https' : 'http',
      request.headers.host,
    );
  }
}

/**
 * The credential of a request, in order of preference: header, subprotocol `bearer.<token>` (browsers cannot set
 * headers; it is never echoed), ticket, token in the address.
 */
export function credentialOf({ headers }: IncomingMessage, query: URLSearchParams): Credential | undefined {
  const bearer = BEARER.exec(headers.authorization ?? '')?.[1] ?? offeredToken(headers['sec-websocket-protocol']);
  if (bearer) return { token: bearer };
  const ticket = query.get('ticket');
  if (ticket) return { ticket };
  const token = query.get('token');
  return token ? { token } : undefined;
}

function offeredToken(subprotocols: string | undefined): string | undefined {
  return subprotocols === undefined ? undefined : OFFERED_TOKEN.exec(subprotocols)?.[1];
}
