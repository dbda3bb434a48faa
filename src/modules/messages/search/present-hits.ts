import { mapInSteps, runInTurns, type Steps } from '../../../platform/concurrency/steps.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { SearchTerms } from '../../../platform/text-search/search-terms.js';
import { snippetOf } from '../../../platform/text-search/snippet.js';
import type { MessageHitDto } from '../message-pages.dto.js';
import { type MessageRow, presentMessage } from '../message-presenter.js';
import type { SearchSnapshot } from '../message-search.repository.js';
import type { SearchPosition } from './index-query.js';

/** The messages at these positions, each with the part of its text around the first match. */
export async function presentHits(
  snapshot: SearchSnapshot,
  page: readonly SearchPosition[],
  actor: Actor,
  terms: SearchTerms,
): Promise<MessageHitDto[]> {
  const ids = page.map((hit) => hit.id);
  const rows = await snapshot.messages(ids, actor.userId);
  return runInTurns(mapInSteps(page, ({ id }) => presentHit(rows.get(id)!, actor, terms)));
}

function* presentHit(row: MessageRow, actor: Actor, terms: SearchTerms): Steps<MessageHitDto> {
  const found = yield* terms.highlightInSteps(row.content);
  const forwarded = row.forwarded?.content ?? '';
  const isForwarded = found.length === 0 && forwarded !== '';
  const { text, start, matches } = isForwarded
    ? snippetOf(forwarded, yield* terms.highlightInSteps(forwarded))
    : snippetOf(row.content, found);
  return { ...presentMessage(row, actor.userId), highlight: text, highlight_start: start, matches: [...matches] };
}
