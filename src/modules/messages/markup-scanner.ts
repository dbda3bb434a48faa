import {
  ACTIVE_ATTRIBUTES,
  ENCLOSING_ELEMENTS,
  KNOWN_ELEMENTS,
  LONGEST_KNOWN_NAME,
  RAW_TEXT_ELEMENTS,
} from './known-elements.js';

/*
 * One pass over a text, taking the tags out that a browser would make elements of. It follows the tokenizer of the
 * WHATWG in its data state; three things make it linear and safe:
 *
 * - A tag of an unknown element stays as it is, but is not skipped: known names inside its attributes go all the same.
 *   What comes out of the last pass has no `<` before a known name anywhere, in whatever state a reader is.
 * - Attributes are read once: the range of a tag that stays (`opaqueUntil`) is searched for known names only.
 * - Names are read no further than the longest that could matter, and end tags are looked up in an index.
 */

const LONGEST_CUSTOM_NAME = 64;

const SPACES = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x20]);
const EXCLAMATION = 0x21;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;

export interface Scanned {
  text: string;
  /** Characters looked at. A test holds it to a multiple of the length. */
  steps: number;
}

/** Takes every tag out that rule 3 names. The text that is left may need another pass; unchanged means done. */
export function scanMarkup(text: string): Scanned {
  const scanner = new MarkupScanner(text);
  return { text: scanner.run(), steps: scanner.steps };
}

class MarkupScanner {
  steps = 0;
  private readonly lastGreater: number;
  private opaqueUntil = 0;
  private endTags: EndTags | undefined;
  private readonly openedCustom = new Set<string>();

  constructor(private readonly text: string) {
    this.lastGreater = text.lastIndexOf('>');
    this.steps += text.length - this.lastGreater;
  }

  run(): string {
    const { text } = this;
    let kept = '';
    let keptFrom = 0;
    for (let at = this.find('<', 0); at >= 0;) {
      const end = this.endOfRemovable(at);
      if (end > at) {
        kept += text.slice(keptFrom, at);
        keptFrom = end;
      }
      at = this.find('<', Math.max(end, at + 1));
    }
    return keptFrom === 0 ? text : kept + text.slice(keptFrom);
  }

  /** Where what begins at this `<` ends, if it has to go; otherwise `at` itself. */
  private endOfRemovable(at: number): number {
    const { text } = this;
    const isOpaque = at < this.opaqueUntil;
    const next = text.charCodeAt(at + 1);
    if (next === EXCLAMATION || next === QUESTION) return isOpaque ? at : this.endOfDeclaration(at);
    const isEndTag = next === SLASH;
    const nameFrom = isEndTag ? at + 2 : at + 1;
    if (!isLetter(text.charCodeAt(nameFrom))) {
      if (isEndTag && !isOpaque) this.passBogusComment(nameFrom);
      return at;
    }
    const name = this.nameAt(nameFrom, LONGEST_KNOWN_NAME);
    if (name !== undefined && KNOWN_ELEMENTS.has(name)) return this.endOfKnown(name, nameFrom, isEndTag);
    return isOpaque ? at : this.endOfUnknown(at, nameFrom, isEndTag);
  }

  /** Comments go even when nothing closes them, as they would hide all that follows; `<!` and `<?` need their `>`. */
  private endOfDeclaration(at: number): number {
    const { text } = this;
    if (text.startsWith('<!--', at)) return this.endOfComment(at + 4);
    const greater = at < this.lastGreater ? this.find('>', at + 2) : -1;
    if (greater >= 0) return greater + 1;
    this.opaqueUntil = text.length;
    return at;
  }

  private endOfComment(from: number): number {
    const { text } = this;
    if (text.startsWith('>', from)) return from + 1;
    if (text.startsWith('->', from)) return from + 2;
    for (let dashes = this.find('--', from); dashes >= 0; dashes = this.find('--', dashes + 1)) {
      if (text.startsWith('>', dashes + 2)) return dashes + 3;
      if (text.startsWith('!>', dashes + 2)) return dashes + 4;
    }
    return text.length;
  }

  /** `</3` is a comment to a browser and a broken heart to everybody else: it stays, and so does what it hides. */
  private passBogusComment(from: number): void {
    if (from >= this.text.length) return;
    const greater = from <= this.lastGreater ? this.find('>', from) : -1;
    this.opaqueUntil = greater < 0 ? this.text.length : greater + 1;
  }

  private endOfKnown(name: string, nameFrom: number, isEndTag: boolean): number {
    const tag = this.readAttributes(nameFrom + name.length);
    if (isEndTag) return tag.end;
    const isRaw = RAW_TEXT_ELEMENTS.has(name);
    if (!isRaw && !ENCLOSING_ELEMENTS.has(name)) return tag.end;
    if (!isRaw && this.text.startsWith('/>', tag.end - 2)) return tag.end;
    const closing = this.indexedEndTags().firstAfter(name, tag.end);
    if (closing !== undefined) return this.readAttributes(closing + 2 + name.length).end;
    return isRaw ? this.text.length : tag.end;
  }

  private endOfUnknown(at: number, nameFrom: number, isEndTag: boolean): number {
    const { text } = this;
    let nameTo = nameFrom;
    while (nameTo < text.length && !endsTagName(text.charCodeAt(nameTo))) nameTo++;
    this.steps += nameTo - nameFrom;
    const tag = this.readAttributes(nameTo);
    if (tag.isActive && !isEndTag) return tag.end;
    if (this.isClosedCustom(nameFrom, nameTo, isEndTag)) return tag.end;
    this.opaqueUntil = tag.end;
    return at;
  }

  /** `<my-name>` alone is a placeholder people write; together with `</my-name>` it is an element. */
  private isClosedCustom(nameFrom: number, nameTo: number, isEndTag: boolean): boolean {
    if (nameTo - nameFrom > LONGEST_CUSTOM_NAME) return false;
    const name = this.text.slice(nameFrom, nameTo).toLowerCase();
    if (!name.includes('-')) return false;
    if (isEndTag) return this.openedCustom.has(name);
    if (!this.indexedEndTags().isAnyAfter(name, nameTo)) return false;
    this.openedCustom.add(name);
    return true;
  }

  /** Reads from behind a tag's name to behind its `>`, or to the end of the text when there is none. */
  private readAttributes(from: number): { end: number; isActive: boolean } {
    const { text } = this;
    const length = text.length;
    let isActive = false;
    let at = from;
    const done = (end: number): { end: number; isActive: boolean } => {
      this.steps += end - from;
      return { end, isActive };
    };
    while (at < length) {
      const first = text.charCodeAt(at);
      if (SPACES.has(first) || first === SLASH) {
        at++;
        continue;
      }
      if (first === GREATER) return done(at + 1);
      const nameFrom = at++;
      while (at < length && !endsAttributeName(text.charCodeAt(at))) at++;
      const nameTo = at;
      while (SPACES.has(text.charCodeAt(at))) at++;
      if (text.charCodeAt(at) !== EQUALS) continue;
      if (isActiveAttribute(text, nameFrom, nameTo)) isActive = true;
      at++;
      while (SPACES.has(text.charCodeAt(at))) at++;
      const quote = text[at];
      if (quote === '"' || quote === "'") {
        const close = text.indexOf(quote, at + 1);
        at = close < 0 ? length : close + 1;
      } else {
        while (at < length && !endsUnquotedValue(text.charCodeAt(at))) at++;
      }
    }
    return done(length);
  }

  /** The lower-case name that begins here, or undefined when it is longer than `longest`. */
  private nameAt(from: number, longest: number): string | undefined {
    const { text } = this;
    let to = from;
    while (to < text.length && to - from <= longest && !endsTagName(text.charCodeAt(to))) to++;
    this.steps += to - from;
    return to - from > longest ? undefined : text.slice(from, to).toLowerCase();
  }

  private find(what: string, from: number): number {
    const found = this.text.indexOf(what, from);
    this.steps += (found < 0 ? this.text.length : found) - from + 1;
    return found;
  }

  private indexedEndTags(): EndTags {
    if (this.endTags) return this.endTags;
    const endTags = new EndTags();
    for (let at = this.find('</', 0); at >= 0; at = this.find('</', at + 2)) {
      const name = this.nameAt(at + 2, LONGEST_CUSTOM_NAME);
      if (name && (RAW_TEXT_ELEMENTS.has(name) || ENCLOSING_ELEMENTS.has(name) || name.includes('-'))) {
        endTags.add(name, at);
      }
    }
    return (this.endTags = endTags);
  }
}

/** Where the end tags are that somebody may ask for. It is asked from left to right. */
class EndTags {
  private readonly places = new Map<string, { at: number[]; next: number }>();

  add(name: string, at: number): void {
    const known = this.places.get(name);
    if (known) known.at.push(at);
    else this.places.set(name, { at: [at], next: 0 });
  }

  firstAfter(name: string, from: number): number | undefined {
    const known = this.places.get(name);
    if (!known) return undefined;
    while (known.next < known.at.length && known.at[known.next]! < from) known.next++;
    return known.at[known.next];
  }

  isAnyAfter(name: string, from: number): boolean {
    const last = this.places.get(name)?.at.at(-1);
    return last !== undefined && last >= from;
  }
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function endsTagName(code: number): boolean {
  return code === GREATER || code === SLASH || SPACES.has(code);
}

function endsAttributeName(code: number): boolean {
  return code === EQUALS || endsTagName(code);
}

function endsUnquotedValue(code: number): boolean {
  return code === GREATER || SPACES.has(code);
}

/** Only asked about attributes with a value: `<y only if z>` is prose, and `onclick` without a value does nothing. */
function isActiveAttribute(text: string, from: number, to: number): boolean {
  const isHandler =
    to - from > 2 && (text[from] === 'o' || text[from] === 'O') && (text[from + 1] === 'n' || text[from + 1] === 'N');
  return isHandler || (to - from <= 12 && ACTIVE_ATTRIBUTES.has(text.slice(from, to).toLowerCase()));
}
