import {
  ACTIVE_ELEMENTS,
  ELEMENTS_REMOVED_WITH_CONTENT,
  KNOWN_ELEMENTS,
  TAG_ONLY_ELEMENTS,
  MAX_ELEMENT_NAME_LENGTH,
  UNSAFE_ATTRIBUTES,
} from './markup-tables.js';

/*
 * One pass over a text that removes markup with an effect if the text is rendered as HTML. Every `<` before a letter is
 * read as the start of a tag, whatever the state of a parser would be: also inside quotes, comments and scripts. From
 * there the WHATWG tokenizer is deterministic, so a text in which none of these tags acts is safe for every parser.
 * Attributes are read once from each position where one can begin, so the work is linear in the length.
 */

const SPACES = '\\t\\n\\f\\r ';
const NAME_END = new RegExp(`[${SPACES}/>]`, 'g');
const ATTRIBUTE_NAME = new RegExp(`[${SPACES}/]*([^${SPACES}/>][^${SPACES}/>=]*)[${SPACES}]*`, 'y');
const VALUE_START = new RegExp(`=[${SPACES}]*(["']?)`, 'y');
const VALUE_ENDS: Readonly<Record<string, RegExp>> = {
  '"': /"/g,
  "'": /'/g,
  '': new RegExp(`[${SPACES}>]`, 'g'),
};
const TAG_END = new RegExp(`[${SPACES}/]*>`, 'y');
/** `one`, `once` and `only` are not handlers; the shortest handler is `oncut`. */
const HANDLER = /^on[a-z]{3,}$/i;
/** A custom element, which the page may define. */
const CUSTOM_NAME = /^[a-z][.\w\u00B7-\u{10FFFF}]*-[-.\w\u00B7-\u{10FFFF}]*$/u;
/** Anything else is not an attribute that was intended, nor one with an effect: `x <link && y<=z>`. */
const PLAIN_NAME = /^[a-z_:][-.:\w]*$/i;
const COMMENT_END = /--!?>/g;

/** The effects of the attributes of a tag. */
const HAS_VALUE = 1;
const IS_UNSAFE = 2;
const IS_ACTIVE = 4;
/** Ends inside a quote: the rest of the page, even other messages, would be read as its attributes. */
const IS_UNCLOSED = 8;

interface Attributes {
  /** The position after the `>`; the length of the text if there is none. */
  readonly end: number;
  readonly isClosed: boolean;
  readonly effects: number;
}

interface Value {
  /** The position after the closing quote; the length of the text if that is missing. */
  readonly end: number;
  readonly isEmpty: boolean;
  readonly isOpen: boolean;
}

interface Tag {
  readonly at: number;
  readonly end: number;
}

export interface ScanResult {
  text: string;
  /** The number of examined characters. A test limits it to a multiple of the length. */
  steps: number;
}

/** Removes every tag with an effect. The result may need another pass until it no longer changes. */
export function scanMarkup(text: string): ScanResult {
  const scanner = new MarkupScanner(text);
  return { text: scanner.run(), steps: scanner.steps };
}

class MarkupScanner {
  steps = 0;
  private readonly spans: Tag[] = [];
  private readonly opened = new Map<string, Tag[]>();
  private readonly known = new Map<number, Attributes>();
  /** For each kind of quote, the last examined range without an end of a value. */
  private readonly valueEnds = new Map<string, { from: number; end: number }>();
  private nameEnd = -1;
  private commentEnd = -1;

  constructor(private readonly text: string) {}

  run(): string {
    const { text } = this;
    for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
      this.steps++;
      if (text.startsWith('!--', at + 1)) this.comment(at);
      else if (text[at + 1] === '/') this.endTag(at);
      else this.startTag(at);
    }
    return this.spans.length === 0 ? text : this.withoutSpans();
  }

  /** An empty or unclosed comment hides nothing and stays. */
  private comment(at: number): void {
    if (/^-?>/.test(this.text.slice(at + 4, at + 6))) return;
    if (this.commentEnd < at + 4) this.commentEnd = this.find(COMMENT_END, at + 4);
    const length = this.text.startsWith('--!', this.commentEnd) ? 4 : 3;
    if (this.commentEnd < this.text.length) this.spans.push({ at, end: this.commentEnd + length });
  }

  private startTag(at: number): void {
    const name = this.nameAt(at + 1);
    if (name === undefined) return;
    const { end, isClosed, effects } = this.attributesFrom(this.nameEnd);
    const isKnown = KNOWN_ELEMENTS.has(name);
    // Without a `>`, an unknown name is most likely not a tag: `if (a <b) { onload = run; }`.
    if (isActive(name, effects)) this.spans.push({ at, end: isClosed || isKnown ? end : at + 1 });
    else if ((effects & IS_UNCLOSED) !== 0) this.spans.push({ at, end: at + 1 });
    if (!isClosed || !(isKnown || CUSTOM_NAME.test(name))) return;
    const opened = this.opened.get(name);
    if (opened) opened.push({ at, end });
    else this.opened.set(name, [{ at, end }]);
  }

  private endTag(at: number): void {
    const name = this.nameAt(at + 2);
    const opened = name === undefined ? undefined : this.opened.get(name);
    const start = opened?.at(-1);
    if (!start) return;
    const { end, isClosed } = this.attributesFrom(this.nameEnd);
    if (!isClosed) return;
    opened!.pop();
    if (ELEMENTS_REMOVED_WITH_CONTENT.has(name!)) this.spans.push({ at: start.at, end });
    else this.spans.push(start, { at, end });
  }

  /** The name of a tag in lower case, empty if it is too long for any element; undefined if no name begins here. */
  private nameAt(from: number): string | undefined {
    if (!/[a-z]/i.test(this.text[from] ?? '')) return undefined;
    if (this.nameEnd < from) this.nameEnd = this.find(NAME_END, from);
    return this.nameEnd - from > MAX_ELEMENT_NAME_LENGTH ? '' : this.text.slice(from, this.nameEnd).toLowerCase();
  }

  /** The effects of the attributes that begin at a position, and the end of their tag. */
  private attributesFrom(start: number): Attributes {
    const passed: { from: number; effects: number }[] = [];
    let from = start;
    let rest = this.known.get(from);
    while (!rest) {
      TAG_END.lastIndex = ATTRIBUTE_NAME.lastIndex = from;
      const name = ATTRIBUTE_NAME.exec(this.text);
      if (!name) {
        const isClosed = TAG_END.test(this.text);
        rest = { end: isClosed ? TAG_END.lastIndex : this.text.length, isClosed, effects: 0 };
        this.known.set(from, rest);
        break;
      }
      const value = this.valueAt(ATTRIBUTE_NAME.lastIndex);
      const next = value?.end ?? ATTRIBUTE_NAME.lastIndex;
      this.steps += ATTRIBUTE_NAME.lastIndex - from;
      // A value that would begin at the end of the text is what follows the text in the page.
      const isBlank = next < this.text.length && value?.isEmpty;
      passed.push({
        from,
        effects: (value && !isBlank ? effectsOf(name[1]!) : 0) | (value?.isOpen ? IS_UNCLOSED : 0),
      });
      from = next;
      rest = this.known.get(from);
    }
    for (const { from: before, effects } of passed.reverse()) {
      rest = { ...rest, effects: rest.effects | effects };
      this.known.set(before, rest);
    }
    return rest;
  }

  /** The value of an attribute whose name ends here; undefined if it has none. */
  private valueAt(position: number): Value | undefined {
    VALUE_START.lastIndex = position;
    const start = VALUE_START.exec(this.text);
    if (!start) return undefined;
    const [quote, from] = [start[1]!, VALUE_START.lastIndex];
    const end = this.valueEnd(quote, from);
    this.steps += from - position;
    if (quote === '') return { end, isEmpty: end === from, isOpen: false };
    const isOpen = end === this.text.length;
    return { end: isOpen ? end : end + 1, isEmpty: end === from, isOpen };
  }

  /** Many values may have the same end, which is searched for once. */
  private valueEnd(quote: string, from: number): number {
    const known = this.valueEnds.get(quote);
    if (known && known.from <= from && from <= known.end) return known.end;
    const end = this.find(VALUE_ENDS[quote]!, from);
    this.valueEnds.set(quote, { from, end });
    return end;
  }

  /** The beginning of the next match; the length of the text if there is none. */
  private find(pattern: RegExp, from: number): number {
    pattern.lastIndex = from;
    const found = pattern.exec(this.text)?.index ?? this.text.length;
    this.steps += found - from;
    return found;
  }

  private withoutSpans(): string {
    let [result, from] = ['', 0];
    for (const { at, end } of this.spans.sort((a, b) => a.at - b.at)) {
      if (at > from) result += this.text.slice(from, at);
      from = Math.max(from, end);
    }
    return result + this.text.slice(from);
  }
}

function isActive(name: string, effects: number): boolean {
  if (ACTIVE_ELEMENTS.has(name) || (effects & IS_ACTIVE) !== 0) return true;
  if ((effects & IS_UNSAFE) !== 0 && KNOWN_ELEMENTS.has(name)) return true;
  return (effects & HAS_VALUE) !== 0 && (TAG_ONLY_ELEMENTS.has(name) || CUSTOM_NAME.test(name));
}

/** The effects of an attribute with a value. */
function effectsOf(attribute: string): number {
  if (!PLAIN_NAME.test(attribute)) return 0;
  const name = attribute.toLowerCase();
  if (name === 'style' || HANDLER.test(name)) return HAS_VALUE | IS_ACTIVE;
  return UNSAFE_ATTRIBUTES.has(name) ? HAS_VALUE | IS_UNSAFE : HAS_VALUE;
}

/** Removing a tag can form another one from the text around it. More layers than this are not accidental. */
const MAX_PASSES = 8;

/**
 * Removes markup that has an effect if the text is rendered as HTML: closed pairs of elements (scripts, styles, frames
 * and drawings with their content), comments, void elements with attributes that have values, and every tag with code,
 * a URL or a style in its attributes. Everything else that looks like a tag (`a <b> c`, `press <i> for info`,
 * `Vec<String>`, `<bob@example.com>`) stays, and nothing is decoded or encoded. A renderer that reads the result as
 * HTML runs and fetches nothing. The function is idempotent and linear in the length.
 */
export function removeActiveMarkup(text: string): string {
  if (!text.includes('<')) return text;
  let left = text;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const { text: next } = scanMarkup(left);
    if (next === left) return left;
    left = next;
  }
  // Tags nested this deeply are an attempt to exploit the gap between two passes: without `<` there is no tag.
  return left.replaceAll('<', '');
}
