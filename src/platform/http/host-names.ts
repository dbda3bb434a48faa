import ipaddr from 'ipaddr.js';

/**
 * Returns the host of a URL in its canonical form: lower case, punycode, without a trailing dot and without the port.
 * An IPv4 address that is written as IPv6 becomes IPv4; IPv6 is in brackets, as in the URL.
 */
export function hostNameOf(url: URL): string {
  const host = url.hostname.replace(/\.+$/, '');
  const bare = host.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(bare)) return host;
  const address = ipaddr.process(bare);
  return address.kind() === 'ipv6' ? `[${address.toString()}]` : address.toString();
}

/** URL parsers accept more as a host, for example an asterisk. */
const HOST_NAME = /^(?:\[[\da-f:]+\]|[a-z\d_-]+(?:\.[a-z\d_-]+)*)$/;

/**
 * Returns the problem of an entry of a host list, which must be a canonical host or `*.` and a name; undefined if
 * valid.
 */
export function problemOfHostPattern(entry: string): string | undefined {
  const isWildcard = entry.startsWith('*.');
  const name = isWildcard ? entry.slice(2) : entry;
  const url = `https://${name}/`;
  const isHost = HOST_NAME.test(name) && URL.canParse(url) && hostNameOf(new URL(url)) === name;
  const isBroad = isWildcard && (!/[^.]\.[^.]/.test(name) || ipaddr.isValid(name));
  return isHost && !isBroad
    ? undefined
    : 'is neither a host in lower case without a port, such as hooks.example.org, nor *. and a domain, such as *.example.org';
}

/** Whether a canonical host is in such a list; `*.example.org` is every name below it, but not `example.org` itself. */
export function isHostIn(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && !host.startsWith('.') : host === pattern,
  );
}
