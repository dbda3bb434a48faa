import { atOnce, type Steps } from '../process/in-turns.js';
import { foldText } from './fold.js';

/** A word of a text as it is searched, and where it stands: in code units, the end excluded. */
export interface Word {
  readonly text: string;
  /** Counts the words of the text; what is read in two ways (`don’t`: `dont`, or `don` `t`) has one position twice. */
  readonly position: number;
  readonly start: number;
  readonly end: number;
}

/** Longer ones (keys, encoded data) are found by as much of them. */
const MAX_WORD_LENGTH = 64;
/** What is folded of a word, so that enough is left of it without its marks and invisible characters. */
const MAX_FOLDED_LENGTH = 1024;

const TOKEN = /[\p{L}\p{M}\p{N}\p{Cf}]+|\p{Extended_Pictographic}/gu;
/** Scripts that put no blanks between words, or hang endings on them: read as pairs of characters. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3005\u30FC\uFF70]/u;
/** A character with what belongs to it. */
const CHARACTER = /\P{M}[\p{M}\uFF9E\uFF9F]*|\p{M}+/gu;
/** What is known of a character with its marks. */
interface Character {
  /** Folded; empty for what does not count. */
  readonly text: string;
  readonly isUnspaced: boolean;
}
/** Folding one by one is dear, and a text of 100,000 characters has a few thousand different ones. */
const characters = new Map<string, Character>();
const MAX_KNOWN_CHARACTERS = 10_000;
const MAX_KNOWN_LENGTH = 8;

/** Alone between two words, it may as well not be there: `don’t`, `e-mail`. */
const JOINER = /^['’‘‛＇`´\-‐‑]$/;

/** So many words, or characters of one run, are read in one step: a fraction of a millisecond. */
const STEP = 512;

/** The words of a text in their order; those of two readings of one place stand next to each other. */
export function wordsOf(text: string): Word[] {
  return atOnce(wordsInSteps(text));
}

/** What `wordsOf` answers, of a long text too. */
export function* wordsInSteps(text: string): Steps<Word[]> {
  const words: Word[] = [];
  let [position, tokens] = [0, 0];
  /** Tokens that an apostrophe or hyphen joins to the one before. */
  let joined: Word[] = [];
  const endJoined = (): void => {
    if (joined.length > 1) words.push(joinedWord(joined));
    joined = [];
  };
  for (const match of text.matchAll(TOKEN)) {
    if (++tokens % STEP === 0) yield;
    const parts = yield* partsOf(match[0], match.index, position + 1);
    if (parts.length === 0) continue;
    position = parts.at(-1)!.position;
    const gap = joined.length > 0 ? text.slice(joined.at(-1)!.end, match.index) : '';
    if (!JOINER.test(gap)) endJoined();
    // One by one: a long text without blanks has more parts than a call can have arguments.
    for (const part of parts) words.push(part);
    if (parts.length === 1) joined.push(parts[0]!);
    else endJoined();
  }
  endJoined();
  return words;
}

function joinedWord(parts: readonly Word[]): Word {
  const text = cut(parts.map((part) => part.text).join(''));
  return { text, position: parts[0]!.position, start: parts[0]!.start, end: parts.at(-1)!.end };
}

function* partsOf(token: string, offset: number, position: number): Steps<Word[]> {
  if (!UNSPACED.test(token)) {
    const text = cut(foldText(token.slice(0, MAX_FOLDED_LENGTH).toWellFormed()));
    return text === '' ? [] : [{ text, position, start: offset, end: offset + token.length }];
  }
  return yield* pairsOf(token, offset, position);
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

/** Spaced and unspaced scripts side by side are words of their own. */
function* pairsOf(token: string, offset: number, position: number): Steps<Word[]> {
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
      // The last character alone, so that every character begins a word. It has the position of the last pair.
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

/** PostgreSQL keeps neither further positions nor more of one word. */
const LAST_POSITION = 16_383;
const MAX_POSITIONS = 256;

/**
 * The words of a text as PostgreSQL reads a `tsvector`. They hold letters, digits, marks and pictographs: nothing to
 * escape.
 */
export function* tsvectorInSteps(text: string): Steps<string> {
  const positions = new Map<string, number[]>();
  let words = 0;
  for (const word of yield* wordsInSteps(text)) {
    if (++words % STEP === 0) yield;
    const position = Math.min(word.position, LAST_POSITION);
    const known = positions.get(word.text);
    if (known === undefined) positions.set(word.text, [position]);
    else if (known.length < MAX_POSITIONS && known.at(-1) !== position) known.push(position);
  }
  const parts: string[] = [];
  for (const [word, at] of positions) {
    if (parts.push(`'${word}':${at.join(',')}`) % STEP === 0) yield;
  }
  return parts.join(' ');
}
