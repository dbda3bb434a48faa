import { ValidationError } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/validation/fields.js';
import { cleanName, cleanText } from '../../platform/validation/text.js';

/** Part of an address of their own under `/conversations`. */
const RESERVED_SLUGS = new Set(['public', 'search', 'me']);

/** Refuses what would stand for something else in an address. @throws ValidationError */
export function requireSlug(slug: string): void {
  if (RESERVED_SLUGS.has(slug) || isUuid(slug)) throw ValidationError.of('slug', 'is not allowed');
}

/** A title as it is stored; an empty one is none. @throws ValidationError for one of which nothing can be seen */
export function titleOf(title: string | null | undefined): string | null {
  const clean = cleanName(title ?? '');
  if (clean === '' && title?.trim()) throw ValidationError.of('title', 'must have something that can be seen');
  return clean || null;
}

/** A description as it is stored. */
export function descriptionOf(description: string): string {
  return cleanText(description);
}
