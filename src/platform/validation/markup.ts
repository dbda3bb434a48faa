import { scanMarkup } from './markup-scanner.js';

/** Taking one tag out can make another of what stood around it. More layers than this nobody writes by accident. */
const MOST_PASSES = 8;

/**
 * A text without the markup that has an effect where it is rendered as HTML: closed pairs of elements (of scripts,
 * styles, frames and drawings with their content), comments, elements that stand alone and have attributes with values,
 * and every tag with code, an address or a style in its attributes. Whatever else looks like a tag (`a <b> c`,
 * `press <i> for info`, `Vec<String>`, `<bob@example.com>`) stays, and nothing is decoded or encoded. A renderer that
 * takes the result for HTML runs and fetches nothing. Applied again it changes nothing; linear in the length.
 */
export function withoutActiveMarkup(text: string): string {
  if (!text.includes('<')) return text;
  let left = text;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { text: next } = scanMarkup(left);
    if (next === left) return left;
    left = next;
  }
  // Whoever nests tags this deep is after the gap between two passes: no `<`, no tag.
  return left.replaceAll('<', '');
}
