/** What the root of a thread shows of its replies. */
interface ThreadSummary {
  readonly reply_count: number | null;
  readonly last_reply_at: Date | null;
  readonly reply_user_ids: string[] | null;
  /** What shadow-banned users have replied, by user: each counts their own. */
  readonly shadowed_replies?: ShadowedReplies | null;
}

export type ShadowedReplies = Readonly<Record<string, { readonly count: number; readonly last_at: string }>>;

/** The column `shadowed_replies` of a row of `threads`. It costs a read nothing unless a reply of the thread is limited. */
export const shadowedReplies = (thread: string): string => `
  case when ${thread}.has_limited_replies then (
    select json_object_agg(s.sender_id, json_build_object('count', s.count, 'last_at', s.last_at))
      from (select sender_id, count(*) as count, max(created_at) as last_at from messages
             where thread_root_id = ${thread}.root_id and audience = '{}' and stated_audience is null and deleted_at is null
             group by sender_id) s) end as shadowed_replies`;

const USERS_MAX = 5;

/** The summary for a viewer; undefined stands for all but shadow-banned users who have replied. */
export function threadSeenBy(
  { reply_count, last_reply_at, reply_user_ids, shadowed_replies }: ThreadSummary,
  viewerId: string | undefined,
): { reply_count: number; last_reply_at: string | null; reply_user_ids: string[] } {
  const count = reply_count ?? 0;
  const lastAt = last_reply_at?.toISOString() ?? null;
  const users = reply_user_ids ?? [];
  const own = viewerId === undefined ? undefined : shadowed_replies?.[viewerId];
  if (!own) return { reply_count: count, last_reply_at: lastAt, reply_user_ids: users };
  const ownLastAt = new Date(own.last_at).toISOString();
  const isLast = lastAt === null || ownLastAt > lastAt;
  const others = users.filter((id) => id !== viewerId);
  const ids = isLast ? [viewerId!, ...others] : users.includes(viewerId!) ? users : [...users, viewerId!];
  return {
    reply_count: count + own.count,
    last_reply_at: isLast ? ownLastAt : lastAt,
    reply_user_ids: ids.slice(0, USERS_MAX),
  };
}
