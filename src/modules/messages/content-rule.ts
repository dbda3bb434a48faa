import { scanMarkup } from './markup-scanner.js';

export type ContentPolicy = 'strip' | 'preserve';

export interface RuledContent {
  content: string;
  /** Whether anything of what was sent is missing; the message then says so in `metadata.sanitized`. */
  sanitized: boolean;
}

/** Taking one tag out can make another of what stood around it. More layers than this nobody writes by accident. */
const MOST_PASSES = 8;

/** What is worth a closer look: everything else is stored as it came. */
const SUSPECT =
  /[<\u0000-\u0008\u000B-\u001F\u0080-\u009F\uFDD0-\uFDEF\uFFFE\uFFFF]|[\uD83F\uD87F\uD8BF\uD8FF\uD93F\uD97F\uD9BF\uD9FF\uDA3F\uDA7F\uDABF\uDAFF\uDB3F\uDB7F\uDBBF\uDBFF][\uDFFE\uDFFF]/;
const UNSTORABLE = /[\u0000-\u0008\u000B-\u001F\u0080-\u009F\p{Noncharacter_Code_Point}\p{Surrogate}]/gu;

/**
 * What of a message's text is stored. Control characters (all but line feed and tab) and code points that are no
 * characters always go. Under `strip` so do tags: those a browser would make an element of HTML, SVG or MathML, an
 * element with code in its attributes or a custom element of, and comments, declarations and instructions; of elements
 * that are not shown as text (scripts, styles, frames, drawings) the content too. Text that merely looks like it
 * (`a < b`, `Vec<String>`, `<bob@example.com>`, `I <3 you`, `</3`) stays. Nothing is decoded or encoded.
 * The content may come out empty: whether that is an error is the caller's question. Linear in the length.
 */
export function applyContentRule(raw: string, policy: ContentPolicy): RuledContent {
  if (!SUSPECT.test(raw) && raw.isWellFormed()) return { content: raw, sanitized: false };
  const storable = raw.replace(UNSTORABLE, '');
  const content = policy === 'strip' ? withoutMarkup(storable) : storable;
  return { content, sanitized: content !== raw };
}

/** Length as people count it who count characters: Unicode code points. */
export function contentLength(text: string): number {
  let length = text.length;
  for (let at = 0; at + 1 < text.length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) !== 0xd800 || (text.charCodeAt(at + 1) & 0xfc00) !== 0xdc00) continue;
    length--;
    at++;
  }
  return length;
}

function withoutMarkup(text: string): string {
  let left = text;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { text: next } = scanMarkup(left);
    if (next === left) return left;
    left = next;
  }
  // Whoever nests tags this deep is after the gap between two passes: no `<`, no tag.
  return left.replaceAll('<', '');
}
