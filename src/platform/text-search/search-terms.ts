import { atOnce, type Steps } from '../process/in-turns.js';
import { type Word, wordsInSteps, wordsOf } from './words.js';

/** Words that stand next to each other. */
type Phrase = readonly string[];

interface Term {
  /** Readings of what was asked for: any of them is enough. */
  readonly phrases: readonly Phrase[];
  readonly isExcluded: boolean;
  /** The last word of each reading may go on. */
  readonly isPrefix: boolean;
}

/** What counts of a query: more words only cost, and what is found by sixteen is what was looked for. */
const MAX_WORDS = 16;
const MAX_OCCURRENCES = 32;
const PIECE = /(-(?=["\p{L}\p{N}]))?(?:"([^"]*)("|$)|(\S+))/gu;

/** Where something stands in a text: in code units, the end excluded. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * What a search asks for. All words have to be there, in any order; what is written without blanks, or in quotation
 * marks, has to stand together; `-word` must not be there; the last word may be the beginning of one. Of more than
 * sixteen words the first sixteen count. Any text is a query; one without a word finds nothing.
 */
export class SearchTerms {
  private constructor(private readonly terms: readonly Term[]) {}

  static parse(query: string): SearchTerms {
    const terms: Term[] = [];
    const seen = new Set<string>();
    let room = MAX_WORDS;
    for (const [whole, minus, quoted, closing, plain] of query.matchAll(PIECE)) {
      const words = wordsOf(quoted ?? plain ?? '');
      const sequence = sequenceOf(words).slice(0, room);
      if (sequence.length === 0) continue;
      const joined = quoted === undefined ? joinedOf(words) : undefined;
      const isLast = query.trimEnd().endsWith(whole) && closing !== '"';
      const term = {
        phrases: joined === undefined ? [sequence] : [[joined], sequence],
        isExcluded: minus !== undefined,
        isPrefix: isLast && minus === undefined,
      };
      const key = JSON.stringify(term);
      if (seen.has(key)) continue;
      seen.add(key);
      terms.push(term);
      room -= sequence.length;
    }
    return new SearchTerms(terms);
  }

  /** Nothing is asked for, or only what must not be there. */
  get isEmpty(): boolean {
    return this.terms.every(({ isExcluded }) => isExcluded);
  }

  /** The words that have to be there, without other readings of them. */
  get words(): { text: string; isPrefix: boolean }[] {
    return this.terms
      .filter(({ isExcluded }) => !isExcluded)
      .flatMap(({ phrases, isPrefix }) => {
        const words = phrases.at(-1)!;
        return words.map((text, at) => ({ text, isPrefix: isPrefix && at === words.length - 1 }));
      });
  }

  /** As PostgreSQL reads a `tsquery`; without beginnings of words, undefined when there is nothing else. */
  toTsquery({ withPrefixes }: { withPrefixes: boolean }): string | undefined {
    const wanted = this.terms
      .filter(({ isPrefix }) => withPrefixes || !isPrefix)
      .map(
        (term) => `${term.isExcluded ? '!' : ''}(${term.phrases.map((words) => phraseText(words, term)).join(' | ')})`,
      );
    const rest = this.terms.filter(({ isPrefix, isExcluded }) => !isExcluded && (withPrefixes || !isPrefix));
    return rest.length === 0 ? undefined : wanted.join(' & ');
  }

  /** Where the words that are asked for stand, in order, at most 32; undefined when the text does not fit. */
  find(text: string): Range[] | undefined {
    return atOnce(this.findInSteps(text));
  }

  /** What `find` answers, of a long text too. */
  *findInSteps(text: string): Steps<Range[] | undefined> {
    const places = placesOf(yield* wordsInSteps(text), this.terms);
    yield;
    const found: Range[] = [];
    for (const term of this.terms) {
      const ranges = occurrences(places, term);
      if (ranges.length > 0 === term.isExcluded) return undefined;
      for (const range of ranges) found.push(range);
      yield;
    }
    return merged(found).slice(0, MAX_OCCURRENCES);
  }
}

function phraseText(words: Phrase, { isPrefix }: Term): string {
  const last = words.length - 1;
  return `(${words.map((word, at) => `'${word}'${isPrefix && at === last ? ':*' : ''}`).join(' <-> ')})`;
}

/** One word for each position: without joined ones and the last characters that stand beside a pair. */
function sequenceOf(words: readonly Word[]): string[] {
  const byPosition = new Map<number, string>();
  for (const { text, position } of words) if (!byPosition.has(position)) byPosition.set(position, text);
  return [...byPosition.values()];
}

/** All of it read as one word, where it can be. */
function joinedOf(words: readonly Word[]): string | undefined {
  const last = words.at(-1);
  return last !== undefined && words.length > 2 && last.start === words[0]!.start && last.end === words.at(-2)!.end
    ? last.text
    : undefined;
}

type Places = ReadonlyMap<string, readonly Word[]>;

/** Only of words that are asked for: a long text has a hundred thousand others. */
function placesOf(words: readonly Word[], terms: readonly Term[]): Places {
  const wanted = new Set(terms.flatMap(({ phrases }) => phrases.flat()));
  const beginnings = terms
    .filter(({ isPrefix }) => isPrefix)
    .flatMap(({ phrases }) => phrases.map((words) => words.at(-1)!));
  const places = new Map<string, Word[]>();
  for (const word of words) {
    if (!wanted.has(word.text) && !beginnings.some((beginning) => word.text.startsWith(beginning))) continue;
    const known = places.get(word.text);
    if (known === undefined) places.set(word.text, [word]);
    else known.push(word);
  }
  return places;
}

function occurrences(places: Places, { phrases, isPrefix }: Term): Range[] {
  return phrases.flatMap((words) => {
    const last = words.length - 1;
    const steps = words.map((word, at) =>
      isPrefix && at === last ? beginningWith(places, word) : (places.get(word) ?? []),
    );
    const [first = [], ...others] = steps;
    const ends = others.map((step) => new Map(step.map((word) => [word.position, word.end])));
    return first.flatMap(({ position, start, end }) => {
      const reached = ends.map((byPosition, at) => byPosition.get(position + at + 1));
      return reached.includes(undefined) ? [] : [{ start, end: reached.at(-1) ?? end }];
    });
  });
}

function beginningWith(places: Places, beginning: string): Word[] {
  return [...places].flatMap(([text, words]) => (text.startsWith(beginning) ? words : []));
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
