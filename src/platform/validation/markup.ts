import { scanMarkup } from './markup-scanner.js';

/** Removing a tag can form another one from the text around it. More layers than this are not accidental. */
const MAX_PASSES = 8;

/**
 * Removes markup that has an effect if the text is rendered as HTML: closed pairs of elements (scripts, styles, frames
 * and drawings with their content), comments, void elements with attributes that have values, and every tag with code,
 * a URL or a style in its attributes. Everything else that looks like a tag (`a <b> c`, `press <i> for info`,
 * `Vec<String>`, `<bob@example.com>`) stays, and nothing is decoded or encoded. A renderer that reads the result as
 * HTML runs and fetches nothing. The function is idempotent and linear in the length.
 */
export function withoutActiveMarkup(text: string): string {
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
