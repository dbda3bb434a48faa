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

/** The words of a text in their order; those of two readings of one place stand next to each other. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let position = 0;
  /** Tokens that an apostrophe or hyphen joins to the one before. */
  let joined: Word[] = [];
  const endJoined = (): void => {
    if (joined.length > 1) words.push(joinedWord(joined));
    joined = [];
  };
  for (const match of text.matchAll(TOKEN)) {
    const parts = partsOf(match[0], match.index, position + 1);
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

function partsOf(token: string, offset: number, position: number): Word[] {
  if (!UNSPACED.test(token)) {
    const text = cut(foldText(token));
    return text === '' ? [] : [{ text, position, start: offset, end: offset + token.length }];
  }
  return pairsOf(token, offset, position);
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
function pairsOf(token: string, offset: number, position: number): Word[] {
  const words: Word[] = [];
  let run: Word[] = [];
  let isUnspaced = false;
  let next = position;
  const add = (text: string, from: Word, to: Word): void => {
    words.push({ text, position: next++, start: from.start, end: to.end });
  };
  const endRun = (): void => {
    if (run.length === 0) return;
    if (isUnspaced) {
      for (let at = 0; at + 1 < run.length; at++) add(run[at]!.text + run[at + 1]!.text, run[at]!, run[at + 1]!);
      // The last character alone, so that every character begins a word. It has the position of the last pair.
      if (run.length > 1) next--;
      add(run.at(-1)!.text, run.at(-1)!, run.at(-1)!);
    } else {
      add(cut(run.map(({ text }) => text).join('')), run[0]!, run.at(-1)!);
    }
    run = [];
  };
  for (const match of token.matchAll(CHARACTER)) {
    const character = characterOf(match[0]);
    const { text } = character;
    if (text === '') continue;
    const start = offset + match.index;
    if (character.isUnspaced !== isUnspaced) endRun();
    isUnspaced = character.isUnspaced;
    run.push({ text, position, start, end: start + match[0].length });
  }
  endRun();
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

/** The words as PostgreSQL reads a `tsvector`. They hold letters, digits, marks and pictographs: nothing to escape. */
export function toTsvector(words: readonly Word[]): string {
  const positions = new Map<string, number[]>();
  for (const { text, position } of words) {
    const known = positions.get(text);
    if (known === undefined) positions.set(text, [position]);
    else known.push(position);
  }
  return [...positions].map(([text, at]) => `'${text}':${at.join(',')}`).join(' ');
}
