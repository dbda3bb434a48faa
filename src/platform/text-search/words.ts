import { runSync, type Steps } from '../concurrency/steps.js';
import { foldText } from './fold.js';
import { noStem, stemWord, type Stem, STEMS_OF_STEP } from './stem.js';

/** A folded word of a text and its range in code units, the end excluded. */
export interface Word {
  readonly text: string;
  /** The number of the word in the text. A compound word (`don’t`: `dont`) shares that of its first part (`don`). */
  readonly position: number;
  readonly start: number;
  readonly end: number;
}

/** Longer words (keys, encoded data) are cut to this length. */
const MAX_WORD_LENGTH = 64;
/** The part of a word that is folded, so that enough remains without its marks and invisible characters. */
const MAX_FOLDED_LENGTH = 1024;

const TOKEN = /[\p{L}\p{M}\p{N}\p{Cf}]+|\p{Extended_Pictographic}|\f/gu;
/**
 * Scripts without blanks between words, or with endings attached to words. They are read as bigrams: two characters.
 */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3005\u30FC\uFF70]/u;
/** A character with its combining marks. */
const CHARACTER = /\P{M}[\p{M}\uFF9E\uFF9F]*|\p{M}+/gu;
/** A cached character with its marks. */
interface Character {
  /** Folded; empty if the character does not count. */
  readonly text: string;
  readonly isUnspaced: boolean;
}
/** A cache: folding each character is expensive, and a text of 100,000 characters has a few thousand different ones. */
const characters = new Map<string, Character>();
const MAX_KNOWN_CHARACTERS = 10_000;
const MAX_KNOWN_LENGTH = 8;

/** Between two words: they are also one compound word, `don’t`, `e-mail`. */
const JOINER = /^['’‘‛＇`´\-‐‑]$/;

/** The number of words, or characters of one run, that are read in one step: a fraction of a millisecond. */
const STEP = 512;

/** Returns the words of a text in order; a compound word follows its parts. A form feed ends phrases. */
export function wordsOf(text: string): Word[] {
  return runSync(wordsInSteps(text));
}

/** `wordsOf` in steps, for long texts. */
export function* wordsInSteps(text: string): Steps<Word[]> {
  const words: Word[] = [];
  let [position, tokens] = [0, 0];
  /** Tokens that an apostrophe or hyphen joins to the previous one. */
  let compound: Word[] = [];
  const endCompound = (): void => {
    if (compound.length > 1) words.push(compoundWord(compound));
    compound = [];
  };
  for (const match of text.matchAll(TOKEN)) {
    if (++tokens % STEP === 0) yield;
    if (match[0] === '\f') {
      position += 1;
      continue;
    }
    const parts = yield* partsOf(match[0], match.index, position + 1);
    if (parts.length === 0) continue;
    position = parts.at(-1)!.position;
    const gap = compound.length > 0 ? text.slice(compound.at(-1)!.end, match.index) : '';
    if (!JOINER.test(gap)) endCompound();
    // Not in one call: a long text without blanks has more parts than a call can have arguments.
    for (const part of parts) words.push(part);
    if (parts.length === 1) compound.push(parts[0]!);
    else endCompound();
  }
  endCompound();
  return words;
}

function compoundWord(parts: readonly Word[]): Word {
  const text = cut(parts.map((part) => part.text).join(''));
  return { text, position: parts[0]!.position, start: parts[0]!.start, end: parts.at(-1)!.end };
}

function* partsOf(token: string, offset: number, position: number): Steps<Word[]> {
  if (!UNSPACED.test(token)) {
    const text = cut(foldText(token.slice(0, MAX_FOLDED_LENGTH).toWellFormed()));
    return text === '' ? [] : [{ text, position, start: offset, end: offset + token.length }];
  }
  return yield* bigramsOf(token, offset, position);
}

function characterOf(written: string): Character {
  const known = characters.get(written);
  if (known) return known;
  const text = foldText(written);
  const character = { text, isUnspaced: UNSPACED.test(text) };
  if (characters.size >= MAX_KNOWN_CHARACTERS) characters.clear();
  if (written.length <= MAX_KNOWN_LENGTH) characters.set(written, character);
  return character;
}

/** Splits a token at the boundaries of spaced and unspaced scripts, and unspaced runs into bigrams. */
function* bigramsOf(token: string, offset: number, position: number): Steps<Word[]> {
  const words: Word[] = [];
  let run: Word[] = [];
  let isUnspaced = false;
  let next = position;
  const add = (text: string, from: Word, to: Word): void => {
    words.push({ text, position: next++, start: from.start, end: to.end });
  };
  function* endRun(): Steps<void> {
    if (run.length === 0) return;
    if (isUnspaced) {
      for (let at = 0; at + 1 < run.length; at++) {
        if (at % STEP === STEP - 1) yield;
        add(run[at]!.text + run[at + 1]!.text, run[at]!, run[at + 1]!);
      }
      // The last character is also a word, so that every character begins one. It has the position of the last bigram.
      if (run.length > 1) next--;
      add(run.at(-1)!.text, run.at(-1)!, run.at(-1)!);
    } else {
      add(cut(run.map(({ text }) => text).join('')), run[0]!, run.at(-1)!);
    }
    run = [];
  }
  for (const match of token.matchAll(CHARACTER)) {
    const character = characterOf(match[0]);
    const { text } = character;
    if (text === '') continue;
    const start = offset + match.index;
    if (character.isUnspaced !== isUnspaced) yield* endRun();
    isUnspaced = character.isUnspaced;
    run.push({ text, position, start, end: start + match[0].length });
    if (run.length % STEP === 0) yield;
  }
  yield* endRun();
  return words;
}

function cut(text: string): string {
  return text.length <= MAX_WORD_LENGTH
    ? text
    : text
        .slice(0, MAX_WORD_LENGTH)
        .toWellFormed()
        .replace(/\uFFFD$/, '');
}

/** PostgreSQL stores neither higher positions nor more positions of one word. */
const LAST_POSITION = 16_383;
const MAX_POSITIONS = 256;

/**
 * Returns the words of a text, their stems where these differ, and facets, as a PostgreSQL `tsvector`. Words contain
 * only letters, digits, marks and pictographs, and facets no apostrophe, so nothing needs escaping.
 */
export function* tsvectorInSteps(
  text: string,
  { facets = [], stem = noStem }: { facets?: readonly string[]; stem?: Stem } = {},
): Steps<string> {
  const positions = new Map<string, number[]>();
  const add = (word: string, position: number): void => {
    const known = positions.get(word);
    if (known === undefined) positions.set(word, [position]);
    else if (known.length < MAX_POSITIONS && known.at(-1) !== position) known.push(position);
  };
  let words = 0;
  for (const word of yield* wordsInSteps(text)) {
    if (++words % STEMS_OF_STEP === 0) yield;
    const position = Math.min(word.position, LAST_POSITION);
    add(word.text, position);
    const own = stem(word.text);
    if (own !== undefined) add(stemWord(own), position);
  }
  const parts: string[] = facets.map((facet) => `'${facet}'`);
  for (const [word, at] of positions) {
    if (parts.push(`'${word}':${at.join(',')}`) % STEP === 0) yield;
  }
  return parts.join(' ');
}
