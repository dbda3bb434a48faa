import type { IncomingMessage } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AuthenticationRequired, RateLimitExceeded, ValidationError } from '../../errors/app-error.js';
import type { Actor } from '../../identity/actor.js';
import { SERVER_KEY_PREFIX } from '../../identity/server-key.js';
import { ClientAddressResolver } from '../../http/client-address.js';
import { resolvePublicUrl } from '../../http/public-url.js';
import { Authenticator } from '../../identity/authenticator.js';
import { sessionCookieOf } from '../../identity/session-cookie.js';
import { RequestValidator } from '../../http/request-validator.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { subjectOfIp } from '../../throttling/limit-subject.js';
import type { LimitProfile } from '../../throttling/limits.js';
import { Limits } from '../../throttling/limits.service.js';
import { MAX_TOKEN_LENGTH } from '../commands/auth-frame-handler.js';
import { OriginNotAllowed } from '../realtime.errors.js';
import { CONNECT_LIMIT } from '../../throttling/limits.js';

export type Credential =
  { readonly token: string; readonly actAs?: string } | { readonly ticket: string } | { readonly sessionKey: string };

const OFFERED_TOKEN = /(?:^|,)\s*bearer\.([^\s,]+)/;
const BEARER = /^Bearer +([^\s]+)$/i;

/** Checks the origin, the source and the credential of a client before its first frame. */
@Injectable()
export class Handshake {
  private readonly origins: ReadonlySet<string>;
  private readonly refusals = new RepeatedWarning(
    new Logger('Sockets'),
    'sockets are refused: a user opens more than LIMIT_CONNECT allows',
  );

  constructor(
    private readonly config: Config,
    private readonly addressResolver: ClientAddressResolver,
    private readonly requests: RequestValidator,
    private readonly authenticator: Authenticator,
    private readonly limits: Limits,
  ) {
    this.origins = new Set(config.allowedOrigins);
  }

  /**
   * Browsers send the origin of a page, which it cannot forge. Only allowed origins and the server's own are accepted.
   * Other programs send none.
   * @throws OriginNotAllowed
   */
  checkOrigin(request: IncomingMessage): void {
    const { origin, host } = request.headers;
    if (origin === undefined || this.origins.has(origin)) return;
    if (!this.requests.isOwnOrigin(origin, host, this.addressResolver.isSecure(request))) throw new OriginNotAllowed();
  }

  /** The IP address of the client. @see ClientAddressResolver */
  clientIpOf(request: IncomingMessage): string | undefined {
    return this.addressResolver.of(request);
  }

  /**
   * What all requests of one Engine.IO session have in common: the rate limit subject of the client's IP address. It is
   * empty behind an unknown proxy, which may send them from any of its addresses.
   */
  sourceOf(request: IncomingMessage): string {
    return this.addressResolver.isBehindUnknownProxy(request) ? '' : subjectOfIp(this.addressResolver.of(request));
  }

  /**
   * Authenticates a client and counts one `connect`. Undefined without a credential: the first frame may contain one.
   * @throws AuthenticationRequired, AccountBanned, RateLimitExceeded
   */
  async identify(credential: Credential | undefined, limits?: LimitProfile): Promise<Actor | undefined> {
    if (!credential) return undefined;
    const actor = await this.authenticate(credential);
    await this.consumeConnectLimit(actor, limits);
    return actor;
  }

  /** Counts one `connect` of an actor who was authenticated otherwise. @throws RateLimitExceeded */
  async consumeConnectLimit(actor: Actor, limits?: LimitProfile): Promise<void> {
    try {
      await this.limits.check(CONNECT_LIMIT, actor, limits);
    } catch (error) {
      if (error instanceof RateLimitExceeded) this.refusals.failed({ user_id: actor.userId });
      throw error;
    }
  }

  private authenticate(credential: Credential): Promise<Actor> {
    const { authenticator } = this;
    if (Object.values(credential).some((text?: string) => text !== undefined && text.length > MAX_TOKEN_LENGTH)) {
      throw new AuthenticationRequired();
    }
    if ('token' in credential) return authenticator.authenticate(credential.token, { actAs: credential.actAs });
    if ('ticket' in credential) return authenticator.redeemTicket(credential.ticket);
    return authenticator.authenticateSessionKey(credential.sessionKey);
  }

  /**
   * The session key of a browser's cookie. Only pages may use it, and their origin was checked before: a request with a
   * cookie and no origin is not from a page.
   * @see checkOrigin
   */
  cookieCredentialOf(request: IncomingMessage): Credential | undefined {
    if (request.headers.origin === undefined) return undefined;
    const key = sessionCookieOf(request.headers.cookie, this.addressResolver.isSecure(request));
    return key === undefined ? undefined : { sessionKey: key };
  }

  /** The URL at which this client reaches the server over HTTP, without a trailing slash. */
  publicUrlOf(request: IncomingMessage): string {
    return resolvePublicUrl(
      this.config.publicUrl,
      this.addressResolver.isSecure(request) ? 'https' : 'http',
      request.headers.host,
    );
  }
}

/**
 * The credential of a request, in order of preference: header, subprotocol `bearer.<token>` (browsers cannot set
 * headers; it is never echoed), ticket, token in the URL. URLs are logged, so a server key in one is refused.
 * @throws ValidationError
 */
export function credentialOf({ headers }: IncomingMessage, query: URLSearchParams): Credential | undefined {
  const bearer = BEARER.exec(headers.authorization ?? '')?.[1] ?? offeredToken(headers['sec-websocket-protocol']);
  const actAs = headers['x-act-as'];
  if (bearer) return { token: bearer, actAs: typeof actAs === 'string' ? actAs : undefined };
  const ticket = query.get('ticket');
  if (ticket) return { ticket };
  const token = query.get('token');
  if (token?.startsWith(SERVER_KEY_PREFIX)) throw ValidationError.of('token', 'must not be a server key in a URL');
  return token ? { token } : undefined;
}

function offeredToken(subprotocols: string | undefined): string | undefined {
  return subprotocols === undefined ? undefined : OFFERED_TOKEN.exec(subprotocols)?.[1];
}
