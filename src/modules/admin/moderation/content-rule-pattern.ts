import { type FieldProblem, ValidationError } from '../../../platform/errors/app-error.js';
import { problemsOf } from '../../../platform/validation/input-rules.js';
import { normaliseDomain } from './link-finder.js';
import { countWords, foldText } from './word-matcher.js';

/** A longer phrase is a sentence, which would be worded differently the next time. */
const WORDS_MAX = 12;

/** The input for a rule. */
interface RuleInput {
  readonly kind?: string;
  readonly pattern?: string;
  readonly action?: string;
}

export const ACTION_NOT_FOR_LINK_ALLOW = 'must be omitted for link_allow';

/** Returns the contradictions in a new rule. */
export function problemsOfContentRule(
  { kind, pattern, action }: RuleInput,
  _config?: unknown,
  wrong?: ReadonlySet<string>,
): FieldProblem[] {
  if (kind === undefined) return [];
  const isAllowed = kind === 'link_allow';
  const problems = pattern === undefined ? [] : [...problemsOf(() => normalisePattern({ kind, pattern }))];
  if (isAllowed === (action !== undefined) && !wrong?.has('action')) {
    problems.push({ field: 'action', reason: isAllowed ? ACTION_NOT_FOR_LINK_ALLOW : 'is missing' });
  }
  return problems;
}

/**
 * Returns the normalised pattern, and the key by which the rules of a scope are unique.
 * @throws ValidationError when the pattern could never match
 */
export function normalisePattern({ kind, pattern }: { kind: string; pattern: string }): {
  pattern: string;
  key: string;
} {
  if (kind === 'word') {
    const text = pattern.normalize('NFC').trim();
    const words = countWords(text);
    if (words === 0) throw ValidationError.of('pattern', 'has no word in it');
    if (words > WORDS_MAX) throw ValidationError.of('pattern', `has more than ${WORDS_MAX} words`);
    return { pattern: text, key: foldText(text) };
  }
  const domain = normaliseDomain(pattern.trim());
  if (domain === undefined) throw ValidationError.of('pattern', 'is not a domain');
  if (domain === '*' && kind === 'link_allow')
    throw ValidationError.of('pattern', 'has no effect, because other domains are allowed anyway');
  return { pattern: domain, key: domain };
}
