import { type FieldProblem, ValidationError } from '../../platform/errors/app-error.js';
import { requirePictureUrl } from '../../platform/validation/https-url.js';
import { isUuid } from '../../platform/validation/fields.js';
import { problemsOf, throwProblems } from '../../platform/validation/input-rules.js';
import { externalIdIn } from '../participants/participants.policy.js';
import { cleanName, cleanText } from '../../platform/validation/text.js';

const EXTERNAL_ID_MAX = 255;

/** Path segments of routes under `/conversations`. */
const RESERVED_SLUGS = new Set(['public', 'search', 'me']);

/** Rejects slugs that have another meaning in a path. @throws ValidationError */
export function requireSlug(slug: string): void {
  if (RESERVED_SLUGS.has(slug) || isUuid(slug)) throw ValidationError.of('slug', 'is not allowed');
}

/** The URL of the picture as it is stored. @throws ValidationError */
export function requirePicture(text: string): string {
  return requirePictureUrl('picture', text);
}

/** The title as it is stored; null if it is empty. @throws ValidationError if it has no visible characters */
export function cleanTitle(title: string | null | undefined): string | null {
  const clean = cleanName(title ?? '');
  if (clean === '' && title?.trim()) throw ValidationError.of('title', 'must have visible characters');
  return clean || null;
}

/** The description as it is stored. */
export function cleanDescription(description: string): string {
  return cleanText(description);
}

/** @throws ValidationError if messages are visible since a date that is not given */
export function requireHistorySettings(settings: { history_visibility?: string; history_since?: string | null }): void {
  if (settings.history_visibility === 'since_date' && !settings.history_since)
    throw ValidationError.of('settings.history_since', 'is required with history_visibility since_date');
}

const NOT_ONE_OTHER = { field: 'participant_ids', reason: 'must name exactly one other user' };

/** The two users of a direct conversation that the host's backend creates for them. @throws ValidationError */
export function requirePair([one, other, ...more]: readonly string[]): [string, string] {
  if (one === undefined || other === undefined || more.length > 0)
    throw ValidationError.of('participant_ids', 'must name exactly two users');
  return [one, other];
}

/** The external id in `external:<id>`, the name of a conversation in a path. @throws ValidationError */
export function requireExternalName(name: string): string {
  const id = externalIdIn(name);
  if (!id) throw ValidationError.of('id', 'must be external: and the id of the host product');
  if (/\p{Cc}/u.test(id)) throw ValidationError.of('id', 'must not contain control characters');
  if ([...id].length > EXTERNAL_ID_MAX) throw ValidationError.of('id', `must be at most ${EXTERNAL_ID_MAX} characters`);
  return id;
}

/** The fields of a new conversation that are validated together. */
interface NewConversationInput {
  readonly type?: string;
  readonly title?: string | null;
  readonly slug?: string;
  readonly category?: string;
  readonly participant_ids?: readonly string[];
}

/** Validates that the fields fit together. `participant_ids` may include the creator. */
export function problemsOfNewConversation(
  { type, title, slug, category, participant_ids: ids = [] }: NewConversationInput,
  _config?: unknown,
  invalidFields?: ReadonlySet<string>,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const hasRoomFields = slug !== undefined || category !== undefined;
  if (type === 'direct' && (ids.length === 0 || ids.length > 2)) problems.push(NOT_ONE_OTHER);
  if (type === 'direct' && hasRoomFields) {
    problems.push({ field: 'type', reason: 'a direct conversation has neither slug nor category' });
  }
  if (type === 'group' && hasRoomFields)
    problems.push({ field: 'type', reason: 'only rooms have a slug or a category' });
  if (type === 'room' && slug === undefined && !invalidFields?.has('slug'))
    problems.push(...problemsOf(() => requireTitle(title)));
  return problems;
}

/** Validates a new conversation; `others` does not include the creator. @throws ValidationError */
export function requireNewConversation(input: NewConversationInput, others: readonly string[]): void {
  const { type, slug } = input;
  throwProblems([
    ...(slug === undefined ? [] : problemsOf(() => requireSlug(slug))),
    ...(type === 'direct' && others.length !== 1 ? [NOT_ONE_OTHER] : []),
    ...problemsOfNewConversation({ ...input, participant_ids: others }),
  ]);
}

function requireTitle(title: string | null | undefined): void {
  if (!cleanTitle(title)) throw ValidationError.of('title', 'a room has a title or a slug');
}
