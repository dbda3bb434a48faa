import type { IncomingMessage } from 'node:http';
import { ipOf, isLoopback } from './client-address.js';
import { readHost } from './request-validator.js';

/** Headers that proxies and content networks add. What has one of them comes from elsewhere, whatever the socket says. */
const HEADERS_OF_PROXIES =
  /^(?:forwarded|via|x-(?:forwarded|original|envoy|amzn|cluster)-.+|x-(?:forwarded|real-ip|client-ip)|cf-.+|cdn-loop|(?:true|fastly)-client-ip|x-azure-.+|x-proxyuser-ip)$/;

/**
 * Whether a request was made by a program on this machine. A page in a browser of this machine can be made to call it
 * by a name of its own (DNS rebinding), so the name it is called by must be one of this machine.
 */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  if (Object.keys(headers).some((name) => HEADERS_OF_PROXIES.test(name))) return false;
  const peer = ipOf(socket.remoteAddress);
  const host = headers.host === undefined ? undefined : readHost(headers.host)?.name;
  return peer !== undefined && isLoopback(peer) && host !== undefined && (host === 'localhost' || isLoopback(host));
}
