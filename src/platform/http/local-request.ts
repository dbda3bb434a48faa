import type { IncomingMessage } from 'node:http';
import { ipOf, isLoopback } from './client-address.js';
import { readHost } from './request-validator.js';

/** Headers that proxies and CDNs add. A request with one of them is not local, whatever its socket is. */
const HEADERS_OF_PROXIES =
  /^(?:forwarded|via|x-(?:forwarded|original|envoy|amzn|cluster)-.+|x-(?:forwarded|real-ip|client-ip)|cf-.+|cdn-loop|(?:true|fastly)-client-ip|x-azure-.+|x-proxyuser-ip)$/;

/**
 * Whether a request was made by a program on this machine. A page in a browser on this machine may call it by the
 * page's own host name (DNS rebinding), so the Host header must be a name of this machine.
 */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  if (Object.keys(headers).some((name) => HEADERS_OF_PROXIES.test(name))) return false;
  const peer = ipOf(socket.remoteAddress);
  const host = headers.host === undefined ? undefined : readHost(headers.host)?.name;
  return peer !== undefined && isLoopback(peer) && host !== undefined && (host === 'localhost' || isLoopback(host));
}
