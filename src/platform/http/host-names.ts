import ipaddr from 'ipaddr.js';

/**
 * The host of an address in its one form: lower case, punycode, without a dot at the end and without the port. An IPv4
 * address that is written as IPv6 is the IPv4 one; IPv6 is in brackets, as in the address.
 */
export function hostNameOf(url: URL): string {
  const host = url.hostname.replace(/\.+$/, '');
  const bare = host.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(bare)) return host;
  const address = ipaddr.process(bare);
  return address.kind() === 'ipv6' ? `[${address.toString()}]` : address.toString();
}

/** Parsers of addresses take more as a host, an asterisk among it. */
const HOST_NAME = /^(?:\[[\da-f:]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)$/;

/** What is wrong with an entry of a list of hosts: a host in its one form, or `*.` and a name. Undefined for nothing. */
export function problemOfHostPattern(entry: string): string | undefined {
  const isWildcard = entry.startsWith('*.');
  const name = isWildcard ? entry.slice(2) : entry;
  const address = `https://${name}/`;
  const isHost = HOST_NAME.test(name) && URL.canParse(address) && hostNameOf(new URL(address)) === name;
  const isBroad = isWildcard && (!/[^.]\.[^.]/.test(name) || ipaddr.isValid(name));
  return isHost && !isBroad
    ? undefined
    : 'is neither a host in lower case without a port, such as hooks.example.org, nor *. and a domain, such as *.example.org';
}

/** Whether a host, in its one form, is in such a list; `*.example.org` is every name below it, and not itself. */
export function isHostIn(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && !host.startsWith('.') : host === pattern,
  );
}
