import { externalIdIn } from '../../participants/participants.policy.js';
import { instantOf } from '../../../platform/validation/time-field.js';

/** What `has:` may name. */
const CONTENTS = [
  'file',
  'image',
  'video',
  'audio',
  'document',
  'archive',
  'link',
  'poll',
  'location',
  'contact',
] as const;
export type SearchedContent = (typeof CONTENTS)[number];

/** A name of a sender or a conversation. */
export interface SearchedName {
  readonly text: string;
  /** The id after `external:`. */
  readonly externalId: string | undefined;
}

/** What an operator names, and whether it excludes it. */
interface Named<Value> {
  readonly value: Value;
  readonly isExcluded: boolean;
}

/** A search query without its operators, and what they say. */
export interface SearchQuery {
  /** Words, phrases and excluded words. */
  readonly text: string;
  /** Senders: `me`, an id, `external:` and an external id, or a user name. */
  readonly from: readonly Named<SearchedName>[];
  /** Conversations: an id, `external:` and an external id, a slug, or a title. */
  readonly in: readonly SearchedName[];
  readonly has: readonly Named<SearchedContent>[];
  /** Whether the message must mention the searcher (true) or must not (false). */
  readonly mentionsMe: boolean | undefined;
  /** Messages sent before this time in milliseconds. */
  readonly beforeMs: number | undefined;
  /** Messages sent at this time or later, in milliseconds. */
  readonly sinceMs: number | undefined;
}

/** A phrase, in which nothing is an operator, or an operator at the beginning of a word. */
const PIECE = /"[^"]*(?:"|$)|(?<!\S)(-?)(from|in|has|mentions|before|after):(?:"([^"]+)"|([^\s"]\S*))/giu;

/**
 * Separates the operators of a query from its words: `from:`, `in:`, `has:`, `mentions:me`, `before:` and `after:`.
 * Several `from:`, and several `in:`, mean any of them; the others must all hold. What only looks like an operator
 * (`has:luck`) is words.
 */
export function readSearchQuery(query: string): SearchQuery {
  const from: Named<SearchedName>[] = [];
  const places: SearchedName[] = [];
  const has: Named<SearchedContent>[] = [];
  let mentionsMe: boolean | undefined;
  let beforeMs: number | undefined;
  let sinceMs: number | undefined;
  const read = (operator: string, value: string, isExcluded: boolean): boolean => {
    switch (operator) {
      case 'from':
        from.push({ value: nameOf(value), isExcluded });
        return true;
      case 'has':
        if (!isContent(value)) return false;
        has.push({ value, isExcluded });
        return true;
      case 'mentions':
        if (value.toLowerCase() !== 'me') return false;
        mentionsMe = !isExcluded;
        return true;
    }
    if (isExcluded) return false;
    if (operator === 'in') return places.push(nameOf(value)) > 0;
    const ms = instantOf(value)?.getTime();
    if (ms === undefined) return false;
    if (operator === 'before') beforeMs = Math.min(ms, beforeMs ?? ms);
    else sinceMs = Math.max(ms, sinceMs ?? ms);
    return true;
  };
  const text = query.replace(
    PIECE,
    (whole, minus: string | undefined, operator: string | undefined, quoted?: string, plain?: string) =>
      operator !== undefined && read(operator.toLowerCase(), (quoted ?? plain)!.trim(), minus === '-') ? ' ' : whole,
  );
  return { text, from, in: places, has, mentionsMe, beforeMs, sinceMs };
}

function isContent(value: string): value is SearchedContent {
  return (CONTENTS as readonly string[]).includes(value);
}

function nameOf(text: string): SearchedName {
  return { text, externalId: externalIdIn(text) };
}
