import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { HostNotAllowed, RequestRefused } from './http-errors.js';

/** More header lines than any browser and chain of proxies sends; Node has parsed all of them by then. */
const MOST_HEADER_LINES = 200;
const VERSIONS = new Set(['1.0', '1.1']);

/** A host as URLs have it, split from its port. */
export interface HostName {
  /** In lower case, without the dot a full name may end in; an IPv6 address without its brackets. */
  readonly name: string;
  readonly port: string | undefined;
}

/**
 * The parts of a Host header: a host name or an IP address (IPv6 in brackets), and a port or none (RFC 9110, 7.2).
 * Undefined for any other text.
 */
export function readHost(text: string): HostName | undefined {
  const [, ipv6, plain, port] = /^(?:\[([\da-f:.]{2,45})\]|([a-z\d._-]{1,253}))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const name = (ipv6 ?? plain)?.toLowerCase().replace(/\.$/, '');
  if (!name || (ipv6 !== undefined && !isIPv6(ipv6)) || Number(port ?? 0) > 65_535) return undefined;
  return { name, port };
}

/**
 * Checks what holds for every request before anything else of it is looked at: HTTP version, number of header lines,
 * and the host it is for.
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
      'neither PUBLIC_URL nor ALLOWED_HOSTS is set: addresses in answers are made of the Host header of each request, ' +
        'and any host name that leads here is served. Set PUBLIC_URL to where clients reach this server.',
    );
  }

  /**
   * @throws RequestRefused for another HTTP version than 1.0 and 1.1 and for too many header lines, ValidationError for
   * a Host that is none or that stands twice (RFC 9112, 3.2), HostNotAllowed
   */
  require({ httpVersion, rawHeaders, headers: { host } }: IncomingMessage): void {
    if (!VERSIONS.has(httpVersion)) throw new RequestRefused(httpVersion === '0.9' ? 400 : 505);
    if (rawHeaders.length > 2 * MOST_HEADER_LINES) throw new RequestRefused(431);
    if (host === undefined) return; // HTTP/1.0 needs none
    if (hasSeveralHosts(rawHeaders)) throw ValidationError.of('Host', 'must be there once');
    const asked = readHost(host);
    if (!asked) throw ValidationError.of('Host', 'must be a host name or an address, with a port or none');
    if (this.allowed.size > 0 && !this.isKnown(asked)) throw new HostNotAllowed();
  }

  /**
   * Whether a page of this origin is one of this server's own. A name that any DNS server may point at this machine
   * proves nothing (DNS rebinding), so the host must be that of `PUBLIC_URL`, one of `ALLOWED_HOSTS`, or no name at all.
   */
  isOwnOrigin(origin: string, host: string | undefined, isSecure: boolean): boolean {
    if (origin === this.publicUrl?.origin) return true;
    const asked = host === undefined ? undefined : readHost(host);
    if (!asked || !this.isKnown(asked)) return false;
    return origin === `https://${host}` || (origin === `http://${host}` && !isSecure);
  }

  private isKnown({ name, port }: HostName): boolean {
    if (name === this.publicUrl?.hostname || this.allowed.has(name) || isFixed(name)) return true;
    return port !== undefined && this.allowed.has(`${name}:${port}`);
  }
}

/** Whether no DNS server decides where this name leads. */
function isFixed(name: string): boolean {
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
