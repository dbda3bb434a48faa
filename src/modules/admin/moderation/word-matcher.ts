/** A part of a text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Match<T> extends Span {
  readonly value: T;
}

/**
 * One word is a run of letters, digits and marks, including invisible characters in it; in scripts written without
 * spaces each character; an emoji. The three alternatives have no common first character and no nesting, so the scan is
 * linear for any text.
 */
const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`;
const WORD = new RegExp(
  String.raw`[${UNSPACED}][\p{M}\p{DI}]*|(?:(?![${UNSPACED}])[\p{L}\p{N}\p{M}])(?:(?![${UNSPACED}])[\p{L}\p{N}\p{M}\p{DI}])*|\p{Extended_Pictographic}[\p{M}\p{DI}\p{Emoji_Modifier}]*`,
  'gu',
);
const UNSEEN = /[\p{DI}\p{Emoji_Modifier}]/gu;

interface Word extends Span {
  readonly key: string;
}

/**
 * Returns one key for all notations of a word: width, case (full folding, as far as case mapping provides it),
 * invisible characters.
 */
export function foldText(text: string): string {
  return text.normalize('NFKC').replace(UNSEEN, '').toUpperCase().toLowerCase().normalize('NFC').replaceAll('i̇', 'i');
}

function wordsOf(text: string): Word[] {
  return [...text.matchAll(WORD)].map(({ 0: word, index }) => ({
    key: foldText(word),
    start: index,
    end: index + word.length,
  }));
}

/** Returns the number of words of a phrase; 0 for one that could match nothing. */
export function countWords(phrase: string): number {
  return wordsOf(phrase).length;
}

class Node<T> {
  readonly next = new Map<string, Node<T>>();
  readonly values: T[] = [];
}

/**
 * Finds whole words and phrases in a text in one pass over its words, at each no further than the longest phrase. It
 * uses no patterns, so that neither rules nor messages can slow it down.
 */
export class WordMatcher<T> {
  private readonly root = new Node<T>();

  /** A phrase matches its words in sequence, whatever is between them. */
  add(phrase: string, value: T): void {
    let node = this.root;
    for (const { key } of wordsOf(phrase)) {
      let next = node.next.get(key);
      if (!next) node.next.set(key, (next = new Node()));
      node = next;
    }
    if (node !== this.root) node.values.push(value);
  }

  get isEmpty(): boolean {
    return this.root.next.size === 0;
  }

  match(text: string): Match<T>[] {
    if (this.isEmpty) return [];
    const words = wordsOf(text);
    const matches: Match<T>[] = [];
    words.forEach(({ start }, first) => {
      let node: Node<T> | undefined = this.root;
      for (let at = first; at < words.length && node; at++) {
        const word: Word = words[at]!;
        node = node.next.get(word.key);
        for (const value of node?.values ?? []) matches.push({ value, start, end: word.end });
      }
    });
    return matches;
  }
}
