import { ValidationError } from '../../../platform/errors/app-error.js';
import { isBlank } from '../../../platform/validation/text.js';
import { type ContentPolicy, sanitizeContent } from '../sanitize-content.js';
import type { NewPollDto, PollDto, StoredPoll } from './polls.dto.js';

const OPTIONS_MIN = 2;

/** The votes on a poll; an option without votes is absent. */
export interface PollVotes {
  readonly voter_count: number;
  readonly options:
    | readonly {
        readonly id: string;
        readonly count: number;
        readonly user_ids: string[] | null;
        /** Shadow-banned users, each of whom sees their own vote; the others are without them. */
        readonly shadowed_ids?: string[] | null;
      }[]
    | null;
}

/**
 * Returns the poll as it is stored: its texts are cleaned like the content of a message.
 * @throws ValidationError if a text is blank or repeated, there are too few options, or it would already be closed
 */
export function toStoredPoll(dto: NewPollDto, policy: ContentPolicy, now = Date.now()): StoredPoll {
  const clean = (text: string): string => sanitizeContent(text, policy).content.trim();
  const question = clean(dto.question);
  const options = dto.options.map(clean);
  if (isBlank(question)) throw ValidationError.of('poll.question', 'must not be empty');
  if (options.length < OPTIONS_MIN) throw ValidationError.of('poll.options', `must have at least ${OPTIONS_MIN} texts`);
  if (options.some(isBlank)) throw ValidationError.of('poll.options', 'must not have an empty text');
  if (new Set(options).size < options.length) throw ValidationError.of('poll.options', 'must not have a text twice');
  const { multiple = false, anonymous = false, closes_at = null } = dto;
  if (closes_at !== null && Date.parse(closes_at) <= now) throw ValidationError.of('poll.closes_at', 'must be later');
  const numbered = options.map((text, index) => ({ id: String(index + 1), text }));
  return { question, options: numbered, multiple, anonymous, closes_at, closed_at: null };
}

/** The texts of a poll, in a fixed order. */
export function textsOfPoll({ question, options }: StoredPoll): string[] {
  return [question, ...options.map(({ text }) => text)];
}

/** The poll with some of its texts replaced. */
export function withPollTexts(poll: StoredPoll, replaced: ReadonlyMap<string, string>): StoredPoll {
  const text = (old: string): string => replaced.get(old) ?? old;
  const options = poll.options.map((option) => ({ ...option, text: text(option.text) }));
  return { ...poll, question: text(poll.question), options };
}

/** Whether votes are accepted at this time. */
export function isOpen({ closed_at, closes_at }: StoredPoll, at: Date): boolean {
  return closed_at === null && (closes_at === null || at.getTime() < Date.parse(closes_at));
}

/** @throws ValidationError unless these are options that one user may choose together */
export function requireChoice({ options, multiple }: StoredPoll, optionIds: readonly string[]): string[] {
  const chosen = [...new Set(optionIds)];
  const known = new Set(options.map(({ id }) => id));
  if (chosen.length === 0) throw ValidationError.of('option_ids', 'must name an option');
  if (chosen.some((id) => !known.has(id))) throw ValidationError.of('option_ids', 'has an id that is no option');
  if (!multiple && chosen.length > 1) throw ValidationError.of('option_ids', 'may name one option only');
  return chosen;
}

/** The votes on the poll of a message `m`, as a column. */
export const POLL_VOTES = `
  case when m.poll is not null then (
    select json_build_object('voter_count', (select count(distinct user_id) from poll_votes where message_id = m.id and not is_shadowed),
                             'options', json_agg(json_build_object('id', v.option_id, 'count', v.count, 'user_ids', v.user_ids,
                                                                          'shadowed_ids', v.shadowed_ids)))
      from (select option_id, count(*) filter (where not is_shadowed) as count,
                   (array_agg(user_id order by voted_at, user_id) filter (where not is_shadowed))[1:100] as user_ids,
                   array_agg(user_id) filter (where is_shadowed) as shadowed_ids
              from poll_votes where message_id = m.id group by option_id) v) end`;

/** The votes as a viewer sees them; undefined stands for all but shadow-banned users. */
export function votesSeenBy(votes: PollVotes | null, viewerId: string | undefined): PollVotes | null {
  if (viewerId === undefined || !votes?.options?.some(({ shadowed_ids }) => shadowed_ids?.includes(viewerId)))
    return votes;
  const isCounted = votes.options.some(({ user_ids }) => user_ids?.includes(viewerId));
  const options = votes.options.map((option) =>
    option.shadowed_ids?.includes(viewerId)
      ? { ...option, count: option.count + 1, user_ids: [...(option.user_ids ?? []), viewerId] }
      : option,
  );
  return { voter_count: votes.voter_count + (isCounted ? 0 : 1), options };
}

/**
 * A poll with its counts. `own` has the options that the viewer chose; undefined in the form that all receivers share.
 */
export function presentPoll(poll: StoredPoll, votes: PollVotes | null, own?: ReadonlySet<string>): PollDto {
  const byOption = new Map(votes?.options?.map((option) => [option.id, option]));
  return {
    question: poll.question,
    options: poll.options.map(({ id, text }) => {
      const { count = 0, user_ids } = byOption.get(id) ?? {};
      const option = { id, text, vote_count: count, user_ids: poll.anonymous ? [] : (user_ids ?? []) };
      return own ? { ...option, own: own.has(id) } : option;
    }),
    multiple: poll.multiple,
    anonymous: poll.anonymous,
    voter_count: votes?.voter_count ?? 0,
    closes_at: poll.closes_at,
    closed_at: poll.closed_at,
  };
}
