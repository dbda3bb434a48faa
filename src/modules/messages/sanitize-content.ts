import type { FieldProblem } from '../../platform/errors/app-error.js';
import { withoutActiveMarkup } from '../../platform/validation/markup.js';
import { isBlank } from '../../platform/validation/text.js';

export type ContentPolicy = 'strip' | 'preserve';

export interface RuledContent {
  content: string;
  /** Whether anything of what was sent is missing; the message then says so in `metadata.sanitized`. */
  sanitized: boolean;
}

/** What is worth a closer look: everything else is stored as it came. */
const SUSPECT =
  /[<\u0000-\u0008\u000B-\u001F\u0080-\u009F\uFDD0-\uFDEF\uFFFE\uFFFF]|[\uD83F\uD87F\uD8BF\uD8FF\uD93F\uD97F\uD9BF\uD9FF\uDA3F\uDA7F\uDABF\uDAFF\uDB3F\uDB7F\uDBBF\uDBFF][\uDFFE\uDFFF]/;
const UNSTORABLE = /[\u0000-\u0008\u000B-\u001F\u0080-\u009F\p{Noncharacter_Code_Point}\p{Surrogate}]/gu;

/**
 * What of a message's text is stored. Control characters (all but line feed and tab) and code points that are no
 * characters always go; under `strip` so does markup that has an effect where it is rendered (`withoutActiveMarkup`).
 * The content may come out empty: whether that is an error is the caller's question. Linear in the length.
 */
export function applyContentRule(raw: string, policy: ContentPolicy): RuledContent {
  if (!SUSPECT.test(raw) && raw.isWellFormed()) return { content: raw, sanitized: false };
  const storable = raw.replace(UNSTORABLE, '');
  const content = policy === 'strip' ? withoutActiveMarkup(storable) : storable;
  return { content, sanitized: content !== raw };
}

/** A longer text is not looked at to say whether something of it can be seen. */
const LONGEST_LOOKED_AT = 20_000;

/** What is wrong with the text of a message that needs one; that it is too long is an error of its own. */
export function problemsOfText(
  { content }: { content?: string },
  { contentPolicy }: { contentPolicy: ContentPolicy },
): FieldProblem[] {
  if (content === undefined) return [{ field: 'content', reason: 'is required' }];
  if (content.length > LONGEST_LOOKED_AT || !isBlank(applyContentRule(content, contentPolicy).content)) return [];
  return [{ field: 'content', reason: 'must not be empty' }];
}
