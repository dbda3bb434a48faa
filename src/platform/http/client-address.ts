import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { Injectable, Logger } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { Config } from '../config/config.js';

/** The longest text that is read as an IP address: IPv6 with a zone, in brackets and with a port. */
const MAX_LENGTH = 100;
const IPV4_WITH_PORT = /^([\d.]{7,15}):\d{1,5}$/;
const IPV6_IN_BRACKETS = /^\[([^\]]+)\](?::\d{1,5})?$/;
const MAPPED = '::ffff:';

const PRIVATE_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat']);
const HEADERS_OF_PROXIES = ['x-forwarded-for', 'forwarded', 'x-real-ip'];

type Received = Pick<IncomingMessage, 'socket' | 'headers'>;
/** Whether the proxy that is `hop` proxies away from this server is trusted. */
type TrustsProxy = (address: string, hop: number) => boolean;

/**
 * Returns the IP address in a text in its canonical form (RFC 5952): without port, brackets and zone, and IPv4 mapped
 * to IPv6 as IPv4. Some proxies write `192.0.2.7:4711` or `[2001:db8::1]:4711` in X-Forwarded-For. Undefined for any
 * other text.
 */
export function ipOf(text: string | undefined): string | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  if (isIPv4(text)) return text;
  if (text.startsWith(MAPPED) && isIPv4(text.slice(MAPPED.length))) return text.slice(MAPPED.length);
  const bare = text.trim().replace(/^"(.*)"$/, '$1');
  const host = (IPV4_WITH_PORT.exec(bare) ?? IPV6_IN_BRACKETS.exec(bare))?.[1] ?? bare;
  const address = host.split('%', 1)[0]!;
  return isIPv4(address) || isIPv6(address) ? ipaddr.process(address).toString() : undefined;
}

/** The network of an IP address of `ipOf`: the IPv4 address itself, or the /64 of IPv6, which one subscriber has. */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  const prefix = ipaddr.IPv6.parse(ip).parts.slice(0, 4);
  return `${prefix.map((part) => part.toString(16)).join(':')}::/64`;
}

/** Whether this is a loopback IP address. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || (ip.startsWith('127.') && isIPv4(ip));
}

/** Determines the IP address of a client. Only the headers of our own proxies (`TRUST_PROXY`) are trusted. */
@Injectable()
export class ClientAddressResolver {
  private readonly logger = new Logger('Http');
  private readonly trusts: TrustsProxy;
  private hasWarned = false;

  constructor({ trustProxy }: Config) {
    this.trusts = typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : trustOf(trustProxy);
  }

  /**
   * Returns the client's IP address in the form of `ipOf`; undefined once its connection is closed. An entry of
   * X-Forwarded-For that is no IP address is not trusted, nor are the entries before it: the result is then the last
   * trusted one.
   */
  of(request: Received): string | undefined {
    const peer = ipOf(request.socket.remoteAddress);
    if (peer === undefined) return undefined;
    if (!this.hasWarned && this.isBehindUnknownProxy(request)) this.warnOfUnknownProxy(peer);
    const forwarded = request.headers['x-forwarded-for'];
    if (typeof forwarded !== 'string' || !this.trusts(peer, 0)) return peer;
    const entries = forwarded.split(',');
    let address = peer;
    for (let hop = 0; entries.length > 0 && this.trusts(address, hop); hop++) {
      const next = ipOf(entries.pop()!.trim());
      if (next === undefined) break;
      address = next;
    }
    return address;
  }

  /** Whether the client uses TLS, to this server or to one of our proxies. */
  isSecure({ socket, headers }: Received): boolean {
    if ((socket as { encrypted?: boolean }).encrypted === true) return true;
    const forwardedProto = headers['x-forwarded-proto'];
    if (typeof forwardedProto !== 'string') return false;
    const peer = ipOf(socket.remoteAddress);
    return (
      peer !== undefined && this.trusts(peer, 0) && forwardedProto.split(',', 1)[0]!.trim().toLowerCase() === 'https'
    );
  }

  /** Whether the request came through a proxy that TRUST_PROXY does not name, judging by its headers and IP address. */
  isBehindUnknownProxy({ socket, headers }: Received): boolean {
    if (!HEADERS_OF_PROXIES.some((name) => headers[name] !== undefined)) return false;
    const peer = ipOf(socket.remoteAddress);
    return peer !== undefined && !this.trusts(peer, 0) && PRIVATE_RANGES.has(ipaddr.parse(peer).range());
  }

  private warnOfUnknownProxy(peer: string): void {
    this.hasWarned = true;
    this.logger.warn(
      'requests come through a proxy that TRUST_PROXY does not name, so all clients behind it count as one IP address ' +
        'for limits, sockets and sessions. Set TRUST_PROXY to the number of proxies or to their IP addresses.',
      { proxy: peer },
    );
  }
}

/** Trusts the IP addresses and networks of a list. */
function trustOf(proxies: readonly string[]): TrustsProxy {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    const ip = ipOf(address)!;
    const isMapped = ip.includes('.') && address.includes(':');
    const family = ip.includes(':') ? 'ipv6' : 'ipv4';
    const maxBits = family === 'ipv6' ? 128 : 32;
    const prefix = bits === undefined ? maxBits : Number(bits) - (isMapped ? 96 : 0);
    trusted.addSubnet(ip, Math.max(0, prefix), family);
  }
  return (address) => trusted.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}
