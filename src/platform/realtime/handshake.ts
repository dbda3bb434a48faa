import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../config/config.js';
import { AuthenticationRequired } from '../errors/app-error.js';
import type { Actor } from '../http/actor.js';
import { wholeAddress } from '../http/public-address.js';
import { sessionCookieOf } from '../http/session-cookie.js';
import type { LimitProfile } from '../throttling/limits.js';
import { Limits } from '../throttling/limits.service.js';
import { ConnectionHost } from './connection-host.js';
import { LONGEST_TOKEN } from './first-frame.js';
import { OriginNotAllowed } from './realtime.errors.js';

export type Credential = { readonly token: string } | { readonly ticket: string } | { readonly sessionKey: string };
/** What says of an address in front of us whether it is a proxy of ours; Express compiled it from TRUST_PROXY. */
type TrustsProxy = (address: string, hop: number) => boolean;

const OFFERED_TOKEN = /(?:^|,)\s*bearer\.([^\s,]+)/;
const BEARER = /^Bearer +([^\s]+)$/i;

/** What a client says of itself before the first frame: where it comes from, and who it is. */
@Injectable()
export class Handshake {
  private readonly origins: ReadonlySet<string>;

  constructor(
    private readonly config: Config,
    private readonly adapter: HttpAdapterHost,
    private readonly host: ConnectionHost,
    private readonly limits: Limits,
  ) {
    this.origins = new Set(config.allowedOrigins);
  }

  /**
   * Pages send their origin and cannot forge it; anything else than an allowed one, or our own, is refused. Programs
   * send none. @throws OriginNotAllowed
   */
  checkOrigin({ headers }: IncomingMessage): void {
    const { origin, host } = headers;
    if (origin === undefined || this.origins.has(origin)) return;
    if (host && origin === `https://${host}`) return;
    if (host && origin === `http://${host}` && !this.isBehindTls(headers)) return;
    throw new OriginNotAllowed();
  }

  /** The address limits count, seen through our own proxies only. */
  addressOf(request: IncomingMessage): string | undefined {
    const own = request.socket.remoteAddress;
    const forwarded = request.headers['x-forwarded-for'];
    if (this.config.trustProxy === 0 || typeof forwarded !== 'string' || !own) return own;
    const trusts = this.trustsProxy();
    const hops = [
      own,
      ...forwarded
        .split(',')
        .reverse()
        .map((hop) => hop.trim()),
    ];
    return hops.find((hop, index) => index === hops.length - 1 || !trusts(hop, index));
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
    await this.limits.check('connect', actor, limits);
  }

  private authenticate(credential: Credential): Promise<Actor> {
    const { authenticator } = this.host;
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
    const key = sessionCookieOf(request.headers.cookie, this.isSecure(request));
    return key === undefined ? undefined : { sessionKey: key };
  }

  /** Where this client reaches the server over HTTP, without a slash at the end. */
  publicAddressOf(request: IncomingMessage): string {
    return wholeAddress(this.config.publicUrl, this.isSecure(request) ? 'https' : 'http', request.headers.host);
  }

  private isSecure({ headers, socket }: IncomingMessage): boolean {
    return this.isBehindTls(headers) || (socket as { encrypted?: boolean }).encrypted === true;
  }

  private isBehindTls(headers: IncomingMessage['headers']): boolean {
    return this.config.trustProxy !== 0 && headers['x-forwarded-proto'] === 'https';
  }

  private trustsProxy(): TrustsProxy {
    const express = this.adapter.httpAdapter.getInstance<{ get(setting: string): TrustsProxy }>();
    return express.get('trust proxy fn');
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
