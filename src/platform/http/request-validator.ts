import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { HostNotAllowed, RequestRefused } from './http-errors.js';
import { ipOf, isLoopback } from './client-address.js';

/** More header lines than any browser and chain of proxies sends. Node has already parsed all of them. */
const MAX_HEADER_LINES = 200;
const VERSIONS = new Set(['1.0', '1.1']);

/** A host of a URL, separated from its port. */
export interface HostName {
  /** In lower case, without a trailing dot; an IPv6 address without its brackets. */
  readonly name: string;
  readonly port: string | undefined;
}

/**
 * Parses a Host header: a host name or an IP address (IPv6 in brackets), and an optional port (RFC 9110, 7.2). Returns
 * undefined for any other text.
 */
export function readHost(text: string): HostName | undefined {
  const [, ipv6, plain, port] = /^(?:\[([\da-f:.]{2,45})\]|([a-z\d._-]{1,253}))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const name = (ipv6 ?? plain)?.toLowerCase().replace(/\.$/, '');
  if (!name || (ipv6 !== undefined && !isIPv6(ipv6)) || Number(port ?? 0) > 65_535) return undefined;
  return { name, port };
}

/**
 * Checks the HTTP version, the number of header lines and the host of every request before anything else of it is read.
 */
@Injectable()
export class RequestValidator implements OnApplicationBootstrap {
  private readonly logger = new Logger('Http');
  private readonly publicUrl: URL | undefined;
  private readonly allowed: ReadonlySet<string>;

  constructor(private readonly config: Config) {
    this.publicUrl = config.publicUrl === undefined ? undefined : new URL(config.publicUrl);
    this.allowed = new Set(config.allowedHosts);
  }

  onApplicationBootstrap(): void {
    if (this.config.nodeEnv !== 'production' || this.publicUrl || this.allowed.size > 0) return;
    this.logger.warn(
      'neither PUBLIC_URL nor ALLOWED_HOSTS is set: URLs in responses are built from the Host header of each request, ' +
        'and requests with any host name are served. Set PUBLIC_URL to the URL at which clients reach this server.',
    );
  }

  /**
   * @throws RequestRefused for another HTTP version than 1.0 and 1.1 and for too many header lines, ValidationError for
   * an invalid or repeated Host (RFC 9112, 3.2), HostNotAllowed
   */
  validate({ httpVersion, rawHeaders, headers: { host } }: IncomingMessage): void {
    if (!VERSIONS.has(httpVersion)) throw new RequestRefused(httpVersion === '0.9' ? 400 : 505);
    if (rawHeaders.length > 2 * MAX_HEADER_LINES) throw new RequestRefused(431);
    if (host === undefined) return; // HTTP/1.0 does not require it
    if (hasSeveralHosts(rawHeaders)) throw ValidationError.of('Host', 'must be present once');
    const requested = readHost(host);
    if (!requested) throw ValidationError.of('Host', 'must be a host name or an IP address, with an optional port');
    if (this.allowed.size > 0 && !this.isKnown(requested)) throw new HostNotAllowed();
  }

  /**
   * Whether pages of this origin are served by this server. A host name that any DNS server may resolve to this machine
   * proves nothing (DNS rebinding), so the host must be that of `PUBLIC_URL`, one of `ALLOWED_HOSTS`, an IP address or
   * `localhost`.
   */
  isOwnOrigin(origin: string, host: string | undefined, isSecure: boolean): boolean {
    if (origin === this.publicUrl?.origin) return true;
    const requested = host === undefined ? undefined : readHost(host);
    if (!requested || !this.isKnown(requested)) return false;
    return origin === `https://${host}` || (origin === `http://${host}` && !isSecure);
  }

  private isKnown({ name, port }: HostName): boolean {
    if (name === this.publicUrl?.hostname || this.allowed.has(name) || isResolvedWithoutDns(name)) return true;
    return port !== undefined && this.allowed.has(`${name}:${port}`);
  }
}

/** Whether the name is resolved without a DNS server. */
function isResolvedWithoutDns(name: string): boolean {
  return isIPv4(name) || isIPv6(name) || name === 'localhost' || name.endsWith('.localhost');
}

function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}

/** Headers that proxies and CDNs add. A request with one of them is not local, whatever its socket is. */
const PROXY_HEADERS =
  /^(?:forwarded|via|x-(?:forwarded|original|envoy|amzn|cluster)-.+|x-(?:forwarded|real-ip|client-ip)|cf-.+|cdn-loop|(?:true|fastly)-client-ip|x-azure-.+|x-proxyuser-ip)$/;

/**
 * Whether a request was made by a program on this machine. A page in a browser on this machine may call it by the
 * page's own host name (DNS rebinding), so the Host header must be a name of this machine.
 */
export function isLocalRequest({ socket, headers }: IncomingMessage): boolean {
  if (Object.keys(headers).some((name) => PROXY_HEADERS.test(name))) return false;
  const peer = ipOf(socket.remoteAddress);
  const host = headers.host === undefined ? undefined : readHost(headers.host)?.name;
  return peer !== undefined && isLoopback(peer) && host !== undefined && (host === 'localhost' || isLoopback(host));
}
