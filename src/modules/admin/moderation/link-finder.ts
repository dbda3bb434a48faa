import { domainToASCII } from 'node:url';
import type { Span } from './word-matcher.js';

/** A host in a text. */
export interface Link extends Span {
  /** In the form of DNS: lower case, punycode. */
  readonly host: string;
  /** Whether apps make it a clickable link; false for `index.html` and `e.g.` */
  readonly isClickable: boolean;
}

/** Without spaces, quotes and brackets, except those of an IPv6 address. */
const CHUNK = /(?:\[[0-9a-f:.]+\]|[^\s<>"'()[\]{}|])+/gi;
/**
 * Letters, digits, marks, hyphens, invisible characters, and the four full stops of host names. One class, so that
 * matching is linear.
 */
const DOTTED = /[\p{L}\p{N}\p{M}\p{DI}_.。．｡-]+/gu;
const STOPS = /[.。．｡]/;
const LABEL_MAX = 63;
const AUTHORITY = /^[/\\]*([^/\\?#]*)/;
const INVISIBLE = /\p{DI}/gu;
const SCHEME_LETTERS = /[a-z0-9+.-]*$/i;
/** Top-level domains that apps link without `www.` or a scheme; in addition to all two-letter ones. */
const CLICKABLE_TLDS = new Set(
  'com net org info biz app dev xyz online site shop store club link click live tech top page blog news chat ninja'.split(
    ' ',
  ),
);
const EDGE = new Set('.-');
const PUNCTUATION = new Set('.,;:!?…');
const DOMAIN = /^[a-z0-9.-]+$/;
const COUNTRY = /^[a-z]{2}$/;

/** Returns the normalised domain of a rule; undefined if it is not a domain. `*` matches every domain. */
export function normaliseDomain(text: string): string | undefined {
  if (text === '*') return '*';
  const host = hostOf(text);
  return host !== undefined && host.includes('.') && host.length <= 253 && DOMAIN.test(host) ? host : undefined;
}

/** Finds every host in a text, with or without a scheme. Linear in its length. */
export function linksIn(text: string): Link[] {
  const links: Link[] = [];
  for (const { 0: whole, index } of text.matchAll(CHUNK)) {
    const chunk = whole.slice(0, endOf(whole));
    if (!/[.:。．｡]/.test(chunk)) continue;
    links.push(...withScheme(chunk, index), ...withoutScheme(chunk, index));
  }
  return links;
}

/** `scheme://…`: the host as a browser understands it, whatever precedes an @ or is percent-encoded. */
function withScheme(chunk: string, offset: number): Link[] {
  const parts = chunk.split('://');
  const links: Link[] = [];
  let end = parts[0]!.length;
  for (const part of parts.slice(1)) {
    const start = end - SCHEME_LETTERS.exec(chunk.slice(Math.max(0, end - 16), end))![0].length;
    end += 3 + part.length;
    const host = hostOfAuthority(part);
    if (host) links.push({ host, isClickable: true, start: offset + start, end: offset + end });
  }
  return links;
}

function withoutScheme(chunk: string, offset: number): Link[] {
  const links: Link[] = [];
  for (const { 0: run, index } of chunk.matchAll(DOTTED)) {
    const host = hostOf(run);
    if (!host?.includes('.')) continue;
    const ending = host.slice(host.lastIndexOf('.') + 1);
    const isClickable = host.startsWith('www.') || CLICKABLE_TLDS.has(ending) || COUNTRY.test(ending);
    links.push({ host, isClickable, start: offset + index, end: offset + chunk.length });
  }
  return links;
}

function hostOf(text: string): string | undefined {
  const visible = text.replace(INVISIBLE, '');
  let [start, end] = [0, visible.length];
  while (start < end && EDGE.has(visible[start]!)) start++;
  while (end > start && EDGE.has(visible[end - 1]!)) end--;
  if (start === end) return undefined;
  return afterOverlong(domainToASCII(afterOverlong(visible.slice(start, end)))) || undefined;
}

/** Returns the host that a browser extracts from `part`, the text after `://`; undefined if it cannot resolve it. */
function hostOfAuthority(part: string): string | undefined {
  const authority = AUTHORITY.exec(part.replace(INVISIBLE, ''))![1]!;
  const written = authority.slice(authority.lastIndexOf('@') + 1);
  const decoded = written.includes('%') ? percentDecoded(written) : written;
  if (decoded === undefined || afterOverlong(decoded) !== decoded) return undefined;
  const url = `http://${written}`;
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : '';
  return host !== '' && afterOverlong(host) === host ? host : undefined;
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // not UTF-8: not a host
  }
}

/**
 * Returns the labels after the last one that exceeds the limit of DNS: a sentence followed by a host. This also bounds
 * the cost of punycode, which grows with the square of the label length.
 */
function afterOverlong(host: string): string {
  if (host.length <= LABEL_MAX) return host;
  const labels = host.split(STOPS);
  const overlong = labels.findLastIndex((label) => label.length > LABEL_MAX && codePointsOf(label) > LABEL_MAX);
  return overlong < 0 ? host : labels.slice(overlong + 1).join('.');
}

function codePointsOf(label: string): number {
  return [...label.normalize('NFKC')].length;
}

/** Returns the end of the link that a chunk begins with: punctuation after it belongs to the sentence. */
function endOf(chunk: string): number {
  let end = chunk.length;
  while (end > 0 && PUNCTUATION.has(chunk[end - 1]!)) end--;
  return end;
}
