import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Reserved blocks, in addition to everything `ipaddr.js` does not call `unicast`. They are compared as bytes, never as
 * text.
 */
const FORBIDDEN = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
].map((block) => ipaddr.parseCIDR(block));

/** The ranges of private networks, without link-local, where the metadata services of clouds are. */
const PRIVATE_RANGES = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Returns whether this server may connect to this IP address for a webhook or a link preview.
 *
 * Only public unicast addresses are allowed, and none of this machine's own. With `allowPrivate` loopback and private
 * networks are allowed, too. An IPv6 address that contains an IPv4 one (`::ffff:127.0.0.1`) is treated as the latter.
 */
export function isAllowedIp(text: string, { allowPrivate }: { allowPrivate: boolean }): boolean {
  const address = parse(text);
  if (!address) return false;
  if (allowPrivate && PRIVATE_RANGES.has(address.range())) return true;
  if (address.range() !== 'unicast') return false;
  if (FORBIDDEN.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))) return false;
  return allowPrivate || !isOwnIp(address);
}

/** Whether this IP address is reachable only because private networks are allowed. */
export function isPrivateIp(text: string): boolean {
  return !isAllowedIp(text, { allowPrivate: false });
}

/** Whether two texts are the same IP address. */
export function isSameIp(one: string, other: string): boolean {
  return parse(one)?.toNormalizedString() === parse(other)?.toNormalizedString();
}

/** Parses `::ffff:a.b.c.d` as a.b.c.d; undefined for what is not an IP address, zones included. */
function parse(text: string): IpAddress | undefined {
  if (text.includes('%') || !ipaddr.isValid(text)) return undefined;
  return ipaddr.process(text);
}

function isOwnIp(address: IpAddress): boolean {
  return Object.values(networkInterfaces()).some((list) =>
    list?.some((own) => isSameIp(own.address.replace(/%.*$/, ''), address.toString())),
  );
}
