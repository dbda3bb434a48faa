import type { FieldProblem } from '../../platform/errors/app-error.js';
import { removeActiveMarkup } from '../../platform/validation/active-markup.js';
import { isBlank } from '../../platform/validation/text.js';

export type ContentPolicy = 'strip' | 'preserve';

export interface SanitizedContent {
  content: string;
  /** Whether anything was removed; the message then has `metadata.sanitized`. */
  sanitized: boolean;
}

/** Characters that need a closer check. A text without them is stored unchanged. */
const SUSPECT =
  /[<\u0000-\u0008\u000B-\u001F\u0080-\u009F\uFDD0-\uFDEF\uFFFE\uFFFF]|[\uD83F\uD87F\uD8BF\uD8FF\uD93F\uD97F\uD9BF\uD9FF\uDA3F\uDA7F\uDABF\uDAFF\uDB3F\uDB7F\uDBBF\uDBFF][\uDFFE\uDFFF]/;
const UNSTORABLE = /[\u0000-\u0008\u000B-\u001F\u0080-\u009F\p{Noncharacter_Code_Point}\p{Surrogate}]/gu;

/**
 * Returns the text of a message as it is stored. Control characters (except line feed and tab) and noncharacters are
 * always removed. Under `strip`, markup that would have an effect when rendered is removed too (`removeActiveMarkup`).
 * The result may be empty; the caller decides whether that is an error. Linear in the length.
 */
export function sanitizeContent(raw: string, policy: ContentPolicy): SanitizedContent {
  if (!SUSPECT.test(raw) && raw.isWellFormed()) return { content: raw, sanitized: false };
  const storable = raw.replace(UNSTORABLE, '');
  const content = policy === 'strip' ? removeActiveMarkup(storable) : storable;
  return { content, sanitized: content !== raw };
}

/** The text with a space for each unit that no message keeps: its length is the same. */
export function withoutUnstorable(text: string): string {
  return SUSPECT.test(text) ? text.replace(UNSTORABLE, (found) => ' '.repeat(found.length)) : text;
}

/** Longer texts are not checked for visible characters. */
const BLANK_CHECK_MAX = 20_000;

/** Validates the text of a message that requires one. Excessive length is a separate error. */
export function problemsOfText(
  { content }: { content?: string },
  { contentPolicy }: { contentPolicy: ContentPolicy },
): FieldProblem[] {
  if (content === undefined) return [{ field: 'content', reason: 'is required' }];
  if (content.length > BLANK_CHECK_MAX || !isBlank(sanitizeContent(content, contentPolicy).content)) return [];
  return [{ field: 'content', reason: 'must not be empty' }];
}
