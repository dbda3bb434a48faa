import { runSync, type Steps } from '../concurrency/steps.js';
import { noStem, stemWord, type Stem, STEMS_OF_STEP } from './stem.js';
import { type Word, wordsInSteps, wordsOf } from './words.js';

/** Adjacent words. */
type Phrase = readonly string[];

interface Term {
  /** Variants of the term: one of them, or of `forms`, must match. */
  readonly phrases: readonly Phrase[];
  /** Words that are other forms of the term by its stem, or facets: whole words, never prefixes. */
  readonly forms: readonly string[];
  readonly isExcluded: boolean;
  /** The last word of each phrase is a prefix. */
  readonly isPrefix: boolean;
}

/** A condition on what is indexed beside the words of a text: one of these facets, or none of them. */
export interface FacetTerm {
  readonly anyOf: readonly string[];
  readonly isExcluded: boolean;
}

/** A word that a text must contain. The words of one group are alternatives. */
export interface RequiredWord {
  readonly text: string;
  readonly isPrefix: boolean;
  readonly group: number;
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
 * With a stemmer a single word also matches its other forms, but not in quotation marks. Only the first sixteen words
 * count. Any text is a valid query; a query without a word finds nothing.
 */
export class SearchTerms {
  private constructor(
    private readonly terms: readonly Term[],
    private readonly stem: Stem,
  ) {}

  /** `facets` are required as the words are. */
  static parse(
    query: string,
    { facets = [], stem = noStem }: { facets?: readonly FacetTerm[]; stem?: Stem } = {},
  ): SearchTerms {
    const terms: Term[] = facets.map(({ anyOf: forms, isExcluded }) => {
      return { phrases: [], forms, isExcluded, isPrefix: false };
    });
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
        forms: quoted === undefined && sequence.length === 1 ? formsOf(sequence[0]!, stem) : [],
        isExcluded: minus !== undefined,
        isPrefix: isLast && minus === undefined,
      };
      const key = JSON.stringify(term);
      if (seen.has(key)) continue;
      seen.add(key);
      terms.push(term);
      wordsLeft -= sequence.length;
    }
    return new SearchTerms(terms, stem);
  }

  /** Whether the query finds nothing: it has no terms, or only excluded ones. */
  get hasNoRequiredTerm(): boolean {
    return this.terms.every(({ isExcluded }) => isExcluded);
  }

  /** The words that a text must contain, without compound words. */
  get words(): RequiredWord[] {
    let group = -1;
    return this.terms
      .filter(({ isExcluded }) => !isExcluded)
      .flatMap(({ phrases, forms, isPrefix }) => {
        const sequence = phrases.at(-1) ?? [];
        const words = sequence.map((text, at) => {
          return { text, isPrefix: isPrefix && at === sequence.length - 1, group: ++group };
        });
        if (words.length === 0) group++;
        return words.concat(forms.map((text) => ({ text, isPrefix: false, group })));
      });
  }

  /** Returns a PostgreSQL `tsquery`; undefined if no required term remains. */
  toTsquery({ withPrefixes }: { withPrefixes: boolean }): string | undefined {
    const parts = this.terms
      .filter(({ isPrefix }) => withPrefixes || !isPrefix)
      .map((term) => {
        const variants = term.phrases
          .map((words) => phraseText(words, term))
          .concat(term.forms.map((form) => `'${form}'`));
        return `${term.isExcluded ? '!' : ''}(${variants.join(' | ')})`;
      });
    const required = this.terms.filter(({ isPrefix, isExcluded }) => !isExcluded && (withPrefixes || !isPrefix));
    return required.length === 0 ? undefined : parts.join(' & ');
  }

  /** Returns the ranges of the matching words, in order, at most 32; undefined if the text does not match. */
  find(text: string, facets: readonly string[] = []): Range[] | undefined {
    return runSync(this.findInSteps(text, facets));
  }

  /** `find` in steps, for long texts. */
  *findInSteps(text: string, facets: readonly string[] = []): Steps<Range[] | undefined> {
    const occurrences = yield* occurrencesOf(yield* wordsInSteps(text), this.terms, this.stem);
    yield;
    const found: Range[] = [];
    for (const term of this.terms) {
      const ranges = rangesOf(occurrences, term);
      const isFound = ranges.length > 0 || term.forms.some((form) => facets.includes(form));
      if (isFound === term.isExcluded) return undefined;
      for (const range of ranges) found.push(range);
      yield;
    }
    return merged(found).slice(0, MAX_RANGES);
  }

  /** The ranges of the words that occur, even if the text does not match; in order, at most 32. */
  *highlightInSteps(text: string): Steps<Range[]> {
    const occurrences = yield* occurrencesOf(yield* wordsInSteps(text), this.terms, this.stem);
    const required = this.terms.filter(({ isExcluded }) => !isExcluded);
    return merged(required.flatMap((term) => rangesOf(occurrences, term))).slice(0, MAX_RANGES);
  }

  /**
   * How well a text matches: the more often it has each word, in relation to its length. A longer word that begins like
   * the last one, and another form of a word, count half.
   */
  *rankInSteps(text: string): Steps<number> {
    const words = yield* wordsInSteps(text);
    const occurrences = yield* occurrencesOf(words, this.terms, this.stem);
    let rank = 0;
    for (const term of this.terms) {
      if (term.isExcluded) continue;
      const exact = rangesOf(occurrences, { ...term, forms: [], isPrefix: false }).length;
      const all = Math.max(exact, rangesOf(occurrences, term).length);
      rank += Math.log1p(exact + (all - exact) / 2);
    }
    return rank / (1 + Math.log1p(words.length));
  }
}

/** The words of the index that other forms of a word have: their stem, and the stem itself as a word. */
function formsOf(word: string, stem: Stem): string[] {
  if (stem === noStem) return [];
  const own = stem(word);
  return own === undefined ? [stemWord(word)] : [stemWord(own), own];
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
function* occurrencesOf(words: readonly Word[], terms: readonly Term[], stem: Stem): Steps<Occurrences> {
  const wanted = new Set(terms.flatMap(({ phrases, forms }) => [...phrases.flat(), ...forms]));
  const prefixes = terms
    .filter(({ isPrefix }) => isPrefix)
    .flatMap(({ phrases }) => phrases.map((words) => words.at(-1)!));
  const occurrences = new Map<string, Word[]>();
  const add = (text: string, word: Word): void => {
    const known = occurrences.get(text);
    if (known === undefined) occurrences.set(text, [word]);
    else known.push(word);
  };
  for (const [at, word] of words.entries()) {
    if (at % STEMS_OF_STEP === STEMS_OF_STEP - 1) yield;
    if (wanted.has(word.text) || prefixes.some((prefix) => word.text.startsWith(prefix))) add(word.text, word);
    const own = stem(word.text);
    if (own !== undefined && wanted.has(stemWord(own))) add(stemWord(own), word);
  }
  return occurrences;
}

function rangesOf(occurrences: Occurrences, { phrases, forms, isPrefix }: Term): Range[] {
  const inflected = forms.flatMap((form) => occurrences.get(form) ?? []);
  return phrases
    .flatMap((words) => {
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
    })
    .concat(inflected.map(({ start, end }) => ({ start, end })));
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
