import type { ContactDto, LocationDto } from '../messages/typed-attachments/typed-attachments.dto.js';
import type { ConversationType, ParticipantRole } from '../participants/participants.dto.js';

export interface SummaryRow {
  id: string;
  type: ConversationType;
  /** null: the conversation type with the name of the type. */
  type_name: string | null;
  slug: string | null;
  category: string | null;
  title: string | null;
  description: string;
  created_by: string | null;
  created_at: Date;
  updated_at: Date;
  settings: Record<string, unknown>;
  /** Of the conversation type. */
  type_settings: Record<string, unknown> | null;
  external_id: string | null;
  picture: string | null;
  metadata: Record<string, unknown>;
  participant_count: number;
}

export interface PublicRoomRow extends SummaryRow {
  is_participant: boolean;
}

/** Times are text: the rows are made by `json_agg`. */
export interface ListedParticipant {
  user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  is_banned: boolean;
  role: ParticipantRole;
  is_muted: boolean;
  muted_until: string | null;
  mute_reason: string | null;
  joined_at: string;
  last_read_number: number;
  last_delivered_number: number;
}

export interface ConversationRow extends SummaryRow {
  role: ParticipantRole | null;
  last_read_number: number | null;
  is_archived: boolean | null;
  is_pinned: boolean | null;
  is_hidden: boolean;
  hidden_at_number: number | null;
  is_silenced: boolean | null;
  silenced_until: Date | null;
  membership_metadata: Record<string, unknown> | null;
  /** By a moderator. */
  is_muted: boolean | null;
  /** In a direct conversation: the other user has blocked the viewer. */
  is_blocked: boolean;
  last_seq: number;
  last_number: number;
  /** 0 if the viewer is not a participant. */
  unread_count: number;
  mention_count: number;
  last_number_at: Date | null;
  /** Epoch milliseconds of the last message, or else of the creation. */
  last_active_at_ms: number;
  participants: ListedParticipant[] | null;
  last_message: {
    id: string;
    sequence_number: number;
    seq: number;
    sender_id: string;
    sender_name: string | null;
    message_type: string;
    content: string;
    location: LocationDto | null;
    contact: ContactDto | null;
    forwarded_content: string | null;
    is_edited: boolean;
    is_deleted: boolean;
    created_at: string;
  } | null;
}

export const SUMMARY = `c.id, c.type, c.slug, c.category, c.title, c.description, c.created_by, c.created_at, c.updated_at, c.settings,
  c.type_name, (select t.settings from conversation_types t where t.name = coalesce(c.type_name, c.type)) as type_settings,
  c.external_id, c.picture, c.metadata, c.counted_participants`;
export const COUNT = `coalesce(c.counted_participants, (
  select count(*) from participants n where n.conversation_id = c.id and n.left_seq is null)) as participant_count`;
const LISTED_PARTICIPANTS_MAX = 20;

/** Of the participant `p`: a message that only others see does not end that they have hidden the conversation. */
export const IS_HIDDEN = `coalesce(p.hidden_at_number >= h.last_number or p.hidden_at_number is not null and not exists (
  select from messages m
   where m.conversation_id = p.conversation_id and m.sequence_number > p.hidden_at_number
     and is_in_audience(m.audience, m.sender_id, p.user_id)), false)`;

/** Of the participant `p`: the last message that they see, or else the creation. `greatest` ignores what is null. */
export const LAST_ACTIVE_AT_MS = `floor(extract(epoch from coalesce(
  greatest(h.last_number_at, p.last_limited_at), c.created_at)) * 1000)::bigint`;

/** The conversations of the statement, with the viewer's role, marks and preferences. */
export const WITH_VIEWER_STATE = `
  select ${SUMMARY}, p.role, least(p.last_read_number, p.unread_from_number - 1) as last_read_number, p.is_archived,
         p.is_pinned, p.is_silenced, p.silenced_until,
         p.metadata as membership_metadata, participant_is_muted(p.is_muted, p.muted_until) as is_muted,
         p.hidden_up_to_number, p.has_hidden_messages,
         ${IS_HIDDEN} as is_hidden, p.hidden_at_number,
         c.type = 'direct' and exists (
           select from participants other join user_blocks b on b.blocker_id = other.user_id and b.blocked_id = p.user_id
            where other.conversation_id = c.id) as is_blocked,
         h.last_seq, h.last_number, greatest(h.last_number_at, p.last_limited_at) as last_number_at,
         ${LAST_ACTIVE_AT_MS} as last_active_at_ms,
         unread_messages(p, h.last_number, c.settings) as unread_count,
         unread_mentions(p, h.last_number) as mention_count
    from conversations c
    join stream_heads h on h.stream_id = c.id`;

/**
 * Adds participants and last message to each conversation that the viewer may read: one index lookup each, so a page is
 * one statement.
 */
export const withDetails = (mayRead: string): string => `
  select c.*, ${COUNT},
         case when ${mayRead} then (
           select json_agg(json_build_object(
                    'user_id', q.user_id, 'username', u.username, 'display_name', u.display_name, 'avatar_url', u.avatar_url,
                    'is_banned', user_is_banned(u.banned_at, u.banned_until),
                    'role', q.role, 'is_muted', q.is_muted_now, 'muted_until', case when q.is_muted_now then q.muted_until end,
                    'mute_reason', case when q.is_muted_now then q.mute_reason end, 'joined_at', q.joined_at, 'last_read_number', q.last_read_number,
                    'last_delivered_number', q.last_delivered_number) order by q.order_rank, q.joined_seq, q.user_id)
             from (select o.*, participant_is_muted(o.is_muted, o.muted_until) as is_muted_now,
                          array_position(array['owner', 'admin', 'moderator', 'participant'], o.role) as order_rank
                     from participants o where o.conversation_id = c.id and o.left_seq is null
                    order by order_rank, o.joined_at, o.user_id limit ${LISTED_PARTICIPANTS_MAX}) q
             join users u on u.id = q.user_id) end as participants,
         case when ${mayRead} then (
           select json_build_object(
                    'id', m.id, 'sequence_number', m.sequence_number, 'seq', m.seq, 'sender_id', m.sender_id,
                    'sender_name', u.display_name, 'message_type', m.message_type,
                    'content', case when m.sender_id = $1 then coalesce(m.shadowed_edit ->> 'content', m.content) else m.content end,
                    'location', m.location, 'contact', m.contact, 'forwarded_content', m.forwarded ->> 'content',
                    'is_edited', m.edited_at is not null, 'is_deleted', m.deleted_at is not null, 'created_at', m.created_at)
             from messages m left join users u on u.id = m.sender_id
            where m.conversation_id = c.id and not m.is_thread_only
              and m.sequence_number > coalesce(c.hidden_up_to_number, 0) and is_in_audience(m.audience, m.sender_id, $1)
              and not (coalesce(c.has_hidden_messages, false) and exists (
                    select from hidden_messages x where x.user_id = $1 and x.message_id = m.id))
            order by m.sequence_number desc limit 1) end as last_message
    from selected c`;
