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
  readonly forwarded_content: string | null;
  readonly files: readonly { readonly name: string; readonly category: FileRow['category'] }[] | null;
}

/** The columns of `SearchableMessage` other than the content, of a message `m`. */
export const SEARCHABLE_COLUMNS = `m.sender_id, m.mention_scope, m.poll is not null as has_poll, m.forwarded ->> 'content' as forwarded_content,
  (select array_agg(n.user_id) from message_mentions n where n.message_id = m.id) as mentioned,
  (select json_agg(json_build_object('name', f.name, 'category', f.category) order by a.position)
     from message_attachments a join files f on f.id = a.file_id where a.message_id = m.id) as files`;

/** Whether a message `m` has anything to be found by. */
export const IS_SEARCHABLE = `m.deleted_at is null
  and (m.content <> '' or m.poll is not null or m.forwarded is not null
       or exists (select from message_attachments a where a.message_id = m.id))`;

const LINK = /\bhttps?:\/\/[^\s]|\bwww\.[^\s.]/i;
const MENTIONED_ALL = mentionFacet('all');

/**
 * The text that is indexed: the content, what was forwarded, and the names of the files. A phrase does not continue in
 * the next of them.
 */
export function textOf({
  content,
  forwarded_content: forwarded,
  files,
}: Pick<SearchableMessage, 'content' | 'forwarded_content' | 'files'>): string {
  if (files === null && forwarded === null) return content;
  return [content, forwarded ?? '', ...(files ?? []).map(({ name }) => name)].join('\f');
}

/** The facets of a message: words of the index that no text contains. */
export function facetsOf(message: SearchableMessage): string[] {
  const facets = new Set([senderFacet(message.sender_id)]);
  for (const { category } of message.files ?? []) facets.add(contentFacet('file')).add(contentFacet(category));
  if (LINK.test(message.content) || LINK.test(message.forwarded_content ?? '')) facets.add(contentFacet('link'));
  if (message.has_poll) facets.add(contentFacet('poll'));
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
