import type { ReactionDto } from '../reaction.dto.js';

/** One emoji on a message, and who used it. */
export interface ReactionRow {
  readonly emoji: string;
  /** Without shadow-banned users. */
  readonly count: number;
  readonly user_ids: string[] | null;
  /** Each of them sees their own reaction. */
  readonly shadowed_ids: string[] | null;
}

/** The rows of a message `m`, as a column. */
export const REACTIONS = `
  (select json_agg(json_build_object('emoji', r.emoji, 'count', r.count, 'user_ids', r.user_ids,
                                     'shadowed_ids', r.shadowed_ids) order by r.first_at, r.emoji)
     from (select emoji, count(*) filter (where not is_shadowed) as count, min(created_at) as first_at,
                  (array_agg(user_id order by created_at, user_id) filter (where not is_shadowed))[1:100] as user_ids,
                  array_agg(user_id) filter (where is_shadowed) as shadowed_ids
             from reactions where message_id = m.id group by emoji) r)`;

/** The reactions as a viewer sees them; undefined stands for all but shadow-banned users. */
export function reactionsSeenBy(rows: readonly ReactionRow[] | null, viewerId: string | undefined): ReactionDto[] {
  return (rows ?? []).flatMap(({ emoji, count, user_ids, shadowed_ids }) => {
    const userIds = user_ids ?? [];
    if (viewerId !== undefined && shadowed_ids?.includes(viewerId))
      return [{ emoji, count: count + 1, user_ids: [...userIds, viewerId] }];
    return count > 0 ? [{ emoji, count, user_ids: userIds }] : [];
  });
}
