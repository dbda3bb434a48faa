import { newStemmer } from 'snowball-stemmers';

/** The languages whose word forms can be found by each other; `simple` finds words only as they are written. */
export const SEARCH_LANGUAGES = [
  'simple',
  'arabic',
  'armenian',
  'basque',
  'catalan',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'hungarian',
  'italian',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'spanish',
  'swedish',
  'turkish',
] as const;
export type SearchLanguage = (typeof SEARCH_LANGUAGES)[number];

/** Returns the stem of a folded word; undefined if it is the word itself. */
export type Stem = (word: string) => string | undefined;

export const noStem: Stem = () => undefined;

/** A cache: a text of 100,000 words has a few thousand different ones. */
const MAX_KNOWN_WORDS = 10_000;
/** Longer words are no words of a language. */
const MAX_WORD_LENGTH = 32;

/** The words that are stemmed in one step: a stem takes up to 30 µs. */
export const STEMS_OF_STEP = 32;

/** The Snowball stemmer of a language. It sees folded words in the index and in queries, so that both agree. */
export function stemmerOf(language: SearchLanguage): Stem {
  if (language === 'simple') return noStem;
  const stemmer = newStemmer(language);
  const known = new Map<string, string | undefined>();
  return (word) => {
    if (word.length > MAX_WORD_LENGTH) return undefined;
    if (known.has(word)) return known.get(word);
    const stem = stemmer.stem(word);
    const own = stem === word || stem === '' ? undefined : stem;
    if (known.size >= MAX_KNOWN_WORDS) known.clear();
    known.set(word, own);
    return own;
  };
}

/** The word of the index for a stem: no text contains it, so that words in quotation marks match only themselves. */
export function stemWord(stem: string): string {
  return `~${stem}`;
}
