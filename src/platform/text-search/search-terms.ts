import { runSync, type Steps } from '../concurrency/steps.js';
import { type Word, wordsInSteps, wordsOf } from './words.js';

/** Adjacent words. */
type Phrase = readonly string[];

interface Term {
  /** Variants of the term: one of them must match. */
  readonly phrases: readonly Phrase[];
  readonly isExcluded: boolean;
  /** The last word of each variant is a prefix. */
  readonly isPrefix: boolean;
}

/** The words of a query that count: further words add cost, and sixteen are specific enough. */
const MAX_WORDS = 16;
const MAX_RANGES = 32;
const PIECE = /(-(?=["\p{L}\p{N}]))?(?:"([^"]*)("|$)|(\S+))/gu;

/** A range of a text in code units, the end excluded. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The terms of a search query. A text must contain all words, in any order. A run without blanks (`a.b-c`), or text in
 * quotation marks, is a phrase of adjacent words; `-word` excludes texts with that word; the last word may be a prefix.
 * Only the first sixteen words count. Any text is a valid query; a query without a word finds nothing.
 */
export class SearchTerms {
  private constructor(private readonly terms: readonly Term[]) {}

  static parse(query: string): SearchTerms {
    const terms: Term[] = [];
    const seen = new Set<string>();
    let wordsLeft = MAX_WORDS;
    for (const [whole, minus, quoted, closing, plain] of query.matchAll(PIECE)) {
      const words = wordsOf(quoted ?? plain ?? '');
      const sequence = sequenceOf(words).slice(0, wordsLeft);
      if (sequence.length === 0) continue;
      const compound = quoted === undefined ? compoundOf(words) : undefined;
      const isLast = query.trimEnd().endsWith(whole) && closing !== '"';
      const term = {
        phrases: compound === undefined ? [sequence] : [[compound], sequence],
        isExcluded: minus !== undefined,
        isPrefix: isLast && minus === undefined,
      };
      const key = JSON.stringify(term);
      if (seen.has(key)) continue;
      seen.add(key);
      terms.push(term);
      wordsLeft -= sequence.length;
    }
    return new SearchTerms(terms);
  }

  /** Whether the query finds nothing: it has no terms, or only excluded ones. */
  get hasNoRequiredTerm(): boolean {
    return this.terms.every(({ isExcluded }) => isExcluded);
  }

  /** The words that a text must contain, without compound words. */
  get words(): { text: string; isPrefix: boolean }[] {
    return this.terms
      .filter(({ isExcluded }) => !isExcluded)
      .flatMap(({ phrases, isPrefix }) => {
        const words = phrases.at(-1)!;
        return words.map((text, at) => ({ text, isPrefix: isPrefix && at === words.length - 1 }));
      });
  }

  /** Returns a PostgreSQL `tsquery`; undefined if no required term remains. */
  toTsquery({ withPrefixes }: { withPrefixes: boolean }): string | undefined {
    const parts = this.terms
      .filter(({ isPrefix }) => withPrefixes || !isPrefix)
      .map(
        (term) => `${term.isExcluded ? '!' : ''}(${term.phrases.map((words) => phraseText(words, term)).join(' | ')})`,
      );
    const required = this.terms.filter(({ isPrefix, isExcluded }) => !isExcluded && (withPrefixes || !isPrefix));
    return required.length === 0 ? undefined : parts.join(' & ');
  }

  /** Returns the ranges of the matching words, in order, at most 32; undefined if the text does not match. */
  find(text: string): Range[] | undefined {
    return runSync(this.findInSteps(text));
  }

  /** `find` in steps, for long texts. */
  *findInSteps(text: string): Steps<Range[] | undefined> {
    const occurrences = occurrencesOf(yield* wordsInSteps(text), this.terms);
    yield;
    const found: Range[] = [];
    for (const term of this.terms) {
      const ranges = rangesOf(occurrences, term);
      if (ranges.length > 0 === term.isExcluded) return undefined;
      for (const range of ranges) found.push(range);
      yield;
    }
    return merged(found).slice(0, MAX_RANGES);
  }
}

function phraseText(words: Phrase, { isPrefix }: Term): string {
  const last = words.length - 1;
  return `(${words.map((word, at) => `'${word}'${isPrefix && at === last ? ':*' : ''}`).join(' <-> ')})`;
}

/**
 * Returns one word for each position: without compound words, and without the single character that a run of bigrams
 * (scripts without blanks) has at the position of its last bigram.
 */
function sequenceOf(words: readonly Word[]): string[] {
  const byPosition = new Map<number, string>();
  for (const { text, position } of words) if (!byPosition.has(position)) byPosition.set(position, text);
  return [...byPosition.values()];
}

/** Returns the compound word of all words (`wi-fi`: `wifi`), if there is one. */
function compoundOf(words: readonly Word[]): string | undefined {
  const last = words.at(-1);
  return last !== undefined && words.length > 2 && last.start === words[0]!.start && last.end === words.at(-2)!.end
    ? last.text
    : undefined;
}

type Occurrences = ReadonlyMap<string, readonly Word[]>;

/** Indexes only the words of the query: a long text has a hundred thousand others. */
function occurrencesOf(words: readonly Word[], terms: readonly Term[]): Occurrences {
  const wanted = new Set(terms.flatMap(({ phrases }) => phrases.flat()));
  const prefixes = terms
    .filter(({ isPrefix }) => isPrefix)
    .flatMap(({ phrases }) => phrases.map((words) => words.at(-1)!));
  const occurrences = new Map<string, Word[]>();
  for (const word of words) {
    if (!wanted.has(word.text) && !prefixes.some((prefix) => word.text.startsWith(prefix))) continue;
    const known = occurrences.get(word.text);
    if (known === undefined) occurrences.set(word.text, [word]);
    else known.push(word);
  }
  return occurrences;
}

function rangesOf(occurrences: Occurrences, { phrases, isPrefix }: Term): Range[] {
  return phrases.flatMap((words) => {
    const last = words.length - 1;
    const candidates = words.map((word, at) =>
      isPrefix && at === last ? startingWith(occurrences, word) : (occurrences.get(word) ?? []),
    );
    const [first = [], ...others] = candidates;
    const ends = others.map((matches) => new Map(matches.map((word) => [word.position, word.end])));
    return first.flatMap(({ position, start, end }) => {
      const reached = ends.map((byPosition, at) => byPosition.get(position + at + 1));
      return reached.includes(undefined) ? [] : [{ start, end: reached.at(-1) ?? end }];
    });
  });
}

function startingWith(occurrences: Occurrences, prefix: string): Word[] {
  return [...occurrences].flatMap(([text, words]) => (text.startsWith(prefix) ? words : []));
}

function merged(ranges: readonly Range[]): Range[] {
  const ordered = [...ranges].sort((a, b) => a.start - b.start || b.end - a.end);
  const result: Range[] = [];
  for (const range of ordered) {
    const last = result.at(-1);
    if (last !== undefined && range.start < last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else {
      result.push(range);
    }
  }
  return result;
}
