import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';

const TIMEOUT_MS = 3000;
const TRIES = 2;

/**
 * Addresses of a name. It asks the name servers itself: the resolver of the system runs in the few threads that also
 * hash passwords, and a name server that does not answer would hold them. Names only the machine knows (`/etc/hosts`)
 * are asked for there, when no name server has them.
 */
@Injectable()
export class WebhookResolver {
  private readonly resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });

  /** All of them, IPv4 first; empty when there are none. */
  async resolve(host: string): Promise<string[]> {
    if (isIP(host)) return [host];
    const answers = await Promise.allSettled([this.resolver.resolve4(host), this.resolver.resolve6(host)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const isUnknown = answers.every((answer) => answer.status === 'rejected' && isNotFound(answer.reason));
    return isUnknown ? this.askSystem(host) : [];
  }

  private async askSystem(host: string): Promise<string[]> {
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
