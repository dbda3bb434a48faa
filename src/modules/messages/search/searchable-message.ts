import { FacetTerm } from '../../../platform/text-search/search-terms.js';
import type { FileRow } from '../../files/files.dto.js';
import type { SearchedContent, SearchQuery } from './search-operators.js';

/** What a search finds a message by. `content` is empty if it has no text, or must not be found by it. */
export interface SearchableMessage {
  readonly content: string;
  readonly sender_id: string;
  readonly mentioned: readonly string[] | null;
  readonly mention_scope: string | null;
  readonly has_poll: boolean;
  /** Texts of a location, a contact and a forwarded message; null without any. */
  readonly other_text: string | null;
  readonly has_location: boolean | null;
  readonly has_contact: boolean | null;
  readonly files: readonly { readonly name: string; readonly category: FileRow['category'] }[] | null;
}

/** The texts of a message `m` besides its content; null without any. */
export const OTHER_TEXT = `nullif(concat_ws(E'\\f', m.forwarded ->> 'content', m.location ->> 'name', m.location ->> 'address',
  m.contact ->> 'name', m.forwarded #>> '{location,name}', m.forwarded #>> '{location,address}',
  m.forwarded #>> '{contact,name}'), '')`;

/** The columns of `SearchableMessage` other than the content, of a message `m`. */
export const SEARCHABLE_COLUMNS = `m.sender_id, m.mention_scope, m.poll is not null as has_poll,
  ${OTHER_TEXT} as other_text, m.location is not null or m.forwarded ? 'location' as has_location,
  m.contact is not null or m.forwarded ? 'contact' as has_contact,
  (select array_agg(n.user_id) from message_mentions n where n.message_id = m.id) as mentioned,
  (select json_agg(json_build_object('name', f.name, 'category', f.category) order by a.position)
     from message_attachments a join files f on f.id = a.file_id where a.message_id = m.id) as files`;

/** Whether a message `m` has anything to be found by. */
export const IS_SEARCHABLE = `m.deleted_at is null
  and (m.content <> '' or m.poll is not null or m.location is not null or m.contact is not null or m.forwarded is not null
       or exists (select from message_attachments a where a.message_id = m.id))`;

const LINK = /\bhttps?:\/\/[^\s]|\bwww\.[^\s.]/i;
const MENTIONED_ALL = mentionFacet('all');

/**
 * The text that is indexed: the content, other texts, and the names of the files. A phrase does not continue in
 * the next of them.
 */
export function textOf({
  content,
  other_text: other,
  files,
}: Pick<SearchableMessage, 'content' | 'other_text' | 'files'>): string {
  if (files === null && other === null) return content;
  return [content, other ?? '', ...(files ?? []).map(({ name }) => name)].join('\f');
}

/** The facets of a message: words of the index that no text contains. */
export function facetsOf(message: SearchableMessage): string[] {
  const facets = new Set([senderFacet(message.sender_id)]);
  for (const { category } of message.files ?? []) facets.add(contentFacet('file')).add(contentFacet(category));
  if (LINK.test(message.content) || LINK.test(message.other_text ?? '')) facets.add(contentFacet('link'));
  if (message.has_poll) facets.add(contentFacet('poll'));
  if (message.has_location) facets.add(contentFacet('location'));
  if (message.has_contact) facets.add(contentFacet('contact'));
  if (message.mention_scope === 'all') facets.add(MENTIONED_ALL);
  for (const userId of message.mentioned ?? []) facets.add(mentionFacet(userId));
  return [...facets];
}

/** What a query requires of the facets. `senderIds` are the users whom its `from:` name. */
export function facetTerms(
  query: SearchQuery,
  searcherId: string,
  senderIds: ReadonlyMap<string, string>,
): FacetTerm[] {
  const terms: FacetTerm[] = [];
  const senders = query.from.map(({ value, isExcluded }) => ({ id: senderIds.get(value.text), isExcluded }));
  const wanted = senders.filter(({ isExcluded }) => !isExcluded);
  // A user who does not exist has sent nothing.
  if (wanted.length > 0) terms.push({ anyOf: wanted.map(({ id }) => senderFacet(id ?? '')), isExcluded: false });
  for (const { id, isExcluded } of senders) {
    if (isExcluded && id !== undefined) terms.push({ anyOf: [senderFacet(id)], isExcluded });
  }
  for (const { value, isExcluded } of query.has) terms.push({ anyOf: [contentFacet(value)], isExcluded });
  if (query.mentionsMe !== undefined) {
    terms.push({ anyOf: [mentionFacet(searcherId), MENTIONED_ALL], isExcluded: !query.mentionsMe });
  }
  return terms;
}

function senderFacet(userId: string): string {
  return `+from:${userId}`;
}

function contentFacet(content: SearchedContent): string {
  return `+has:${content}`;
}

function mentionFacet(userId: string): string {
  return `+mentions:${userId}`;
}
