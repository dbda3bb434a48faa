import type http from 'node:http';
import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { withTimeout } from '../../../platform/concurrency/with-timeout.js';
import { Config } from '../../../platform/config/config.js';
import {
  hostOf,
  isLocalName,
  OutboundFailed,
  portOf,
  requestGuarded,
} from '../../../platform/outbound/guarded-request.js';
import { NameResolver } from '../../../platform/outbound/name-resolver.js';
import { isAllowedIp } from '../../../platform/outbound/ssrf-guard.js';

/** For one page with all its redirects. */
const TIMEOUT_MS = 5000;
const REDIRECTS_MAX = 3;
/** Of the page: what it says about itself is at its beginning. */
const BYTES_MAX = 256 * 1024;
const PORTS: ReadonlySet<number> = new Set([80, 443]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const PAGE_TYPE = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i;
const HEADERS = {
  accept: 'text/html, application/xhtml+xml',
  'accept-encoding': 'identity',
  'user-agent': 'Parley-Link-Preview/1',
};

/** A page that was fetched, and where it was. */
export interface FetchedPage {
  readonly html: string;
  readonly url: string;
}

/**
 * Fetches pages of strangers: only by http and https, only from public addresses, which are validated anew for each
 * redirect and to which the connection is bound, and only as much and for as long as the bounds say. It sends no cookie
 * and nothing about the user or the message.
 */
@Injectable()
export class FetchPage {
  constructor(
    private readonly config: Config,
    private readonly resolver: NameResolver,
  ) {}

  /** @throws Error for whatever reason there is no page */
  async fetch(target: string): Promise<FetchedPage> {
    const deadline = new AbortController();
    try {
      return await withTimeout(TIMEOUT_MS, this.follow(target, deadline.signal), () => new OutboundFailed('timeout'));
    } finally {
      deadline.abort();
    }
  }

  private async follow(target: string, signal: AbortSignal): Promise<FetchedPage> {
    let url = new URL(target);
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      const response = await this.get(url, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode === 200) return { html: await readHtml(response), url: url.href };
      response.destroy();
      const { location } = headers;
      if (!REDIRECTS.has(statusCode) || location === undefined || !URL.canParse(location, url.href)) break;
      url = new URL(location, url);
    }
    throw new OutboundFailed('no_page');
  }

  private async get(url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
    const allowPrivate = this.config.linkPreviewAllowPrivateNetwork;
    const host = hostOf(url);
    const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
    if (!isWeb || url.username !== '' || url.password !== '') throw new OutboundFailed('address_not_allowed');
    if (!allowPrivate && (!PORTS.has(portOf(url)) || (isIP(host) === 0 && isLocalName(host))))
      throw new OutboundFailed('address_not_allowed');
    const addresses = await this.resolver.resolve(host);
    // One forbidden IP address among them rejects all: a name that mixes them is an attack.
    if (addresses.length === 0 || !addresses.every((address) => isAllowedIp(address, { allowPrivate })))
      throw new OutboundFailed('address_not_allowed');
    return requestGuarded(url, addresses, { method: 'GET', headers: HEADERS, signal });
  }
}

/** @throws OutboundFailed for what is no page, or compressed although that was not asked for */
async function readHtml(response: http.IncomingMessage): Promise<string> {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = response.headers;
  if (!PAGE_TYPE.test(type) || encoding.trim().toLowerCase() !== 'identity') {
    response.destroy();
    throw new OutboundFailed('no_page');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= BYTES_MAX) break; // leaving the loop destroys the stream
  }
  const bytes = Buffer.concat(chunks).subarray(0, BYTES_MAX);
  return decodePage(bytes, /charset\s*=\s*"?([\w-]{1,40})/i.exec(type)?.[1]);
}

/** By the byte order mark, the header, or the beginning of the page; UTF-8 otherwise. */
export function decodePage(bytes: Buffer, declared: string | undefined): string {
  const start = bytes.toString('latin1', 0, 1024);
  const label = declared ?? /<meta[^>]{0,200}charset\s{0,9}=\s{0,9}["']?([\w-]{1,40})/i.exec(start)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
