import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';

const TIMEOUT_MS = 3000;
const TRIES = 2;

/**
 * Resolves names to IP addresses. It queries the name servers itself: the system resolver uses the few threads that
 * also hash passwords, and a name server that does not respond would block them. The system resolver is used only for
 * names that no name server has, such as those of `/etc/hosts`.
 */
@Injectable()
export class NameResolver {
  private readonly resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });

  /** Returns all IP addresses, IPv4 first; empty when there are none. */
  async resolve(host: string): Promise<string[]> {
    if (isIP(host)) return [host];
    const results = await Promise.allSettled([this.resolver.resolve4(host), this.resolver.resolve6(host)]);
    const addresses = results.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const isUnknown = results.every((answer) => answer.status === 'rejected' && isNotFound(answer.reason));
    return isUnknown ? this.resolveBySystem(host) : [];
  }

  private async resolveBySystem(host: string): Promise<string[]> {
    try {
      return (await lookup(host, { all: true })).map(({ address }) => address);
    } catch {
      return [];
    }
  }
}

function isNotFound(error: unknown): boolean {
  return ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '');
}
