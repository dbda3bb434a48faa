-- What becomes of a send that append_messages has read under the lock of its conversation: stored, or the reason of the
-- refusal.
--
-- now_at: the time of the message. sent_at: when the sender sent last, in this batch or before. slow_seconds and
-- length_max: the settings of the conversation and its type together. attached: the files that earlier sends of the batch
-- attach.
--
-- frozen and slow_mode apply to participants without a role in the conversation or the system. Slow mode is checked last,
-- after everything else that would refuse the send.
--
-- A server key may act as any user: its session counts for every sender.
--
-- is_server: the host's backend sends, in the name of any user. The session is still checked; membership, mutes, bans,
-- blocks, freezing and slow mode are not, and files of the system account may be attached to the messages of all senders.
-- The sender is any user except deleted ones and the account of the guests.
--
-- is_released: a moderator releases a message that was held for review. The sender's session may have ended since, and
-- slow mode does not apply; everything else is checked as it is now.
--
-- is_scheduled: the time of a scheduled message has come. The sessions of its author may have ended since, but the account
-- must not be deactivated; everything else is checked as it is now.
--
-- The account of the guests needs no membership, and membership does not help it: it may write into rooms that are public
-- now, without files, and not in slow mode, because many guests share the account and cannot be counted separately.
-- Sessions, bans, freezing and deleted rooms are checked for it as for every user.
--
-- mention_scope is all or here: moderators may use it and, if the settings allow it, every participant.
--
-- What the conversation type or the settings of the conversation have switched off is refused, except to the host's
-- backend: links_off, threads_off, uploads_off, polls_off, forwarding_off, streaming_off, mention_all_off, too_long.
-- role_too_low: send_role names the lowest role that may write; roles of the system may.
create or replace function send_outcome(
  send record, now_at timestamptz, sent_at timestamptz, slow_seconds int, length_max int, attached uuid[]) returns text
language plpgsql stable
as $$
declare
  is_server constant boolean := send.extra -> 'is_server' is not distinct from 'true';
  is_released constant boolean := send.extra -> 'is_released' is not distinct from 'true';
  is_scheduled constant boolean := send.extra -> 'is_scheduled' is not distinct from 'true';
  is_guest constant boolean := send.sender_id = '00000000-0000-7000-8000-000000000001';
  has_system_role constant boolean := coalesce(send.system_role in ('moderator', 'admin'), false);
  is_bound constant boolean :=
    not is_server and not has_system_role and (is_guest or coalesce(send.role = 'participant', false));
  rank constant int :=
    case when is_server or has_system_role then 5 when is_guest then 1 else role_rank(send.role) end;
  user_is_gone constant boolean := send.user_id is null or send.deleted_at is not null;
begin
  if not is_released and not is_scheduled
      and (send.session_id is null or send.revoked_at is not null or send.expires_at <= now()) then
    return 'session_ended';
  elsif is_scheduled and send.deactivated_at is not null or user_is_gone and not is_server then
    return 'session_ended';
  elsif user_is_gone or is_server and is_guest then
    return 'sender_not_found';
  elsif user_is_banned(send.banned_at, send.banned_until) and not is_server then
    return 'banned';
  elsif send.stream_id is null or send.type is null or send.conversation_deleted_at is not null then
    return 'not_found';
  elsif is_guest and not (send.type = 'room' and send.settings -> 'is_private' is distinct from 'true'
                          and slow_seconds = 0 and send.extra -> 'attachment_ids' is null) then
    return 'not_participant';
  elsif not is_guest and not is_server and (send.participant_id is null or send.left_seq is not null) then
    return 'not_participant';
  elsif send.twin_id is not null then
    return case when encode(send.twin_hash, 'hex') = send.body_hash then 'replayed' else 'conflict' end;
  elsif not is_server and participant_is_muted(send.is_muted, send.muted_until) then
    return 'muted';
  elsif is_bound and send.settings -> 'is_frozen' = 'true' then
    return 'frozen';
  elsif rank < greatest(role_rank(send.type_settings ->> 'send_role'), role_rank(send.settings ->> 'send_role')) then
    return 'role_too_low';
  elsif send.extra ? 'mention_scope' and is_bound and send.type <> 'direct'
      and (is_guest or send.settings -> 'allow_mention_all' is distinct from 'true') then
    return 'mention_refused';
  elsif send.is_blocked and not is_server then
    return 'blocked';
  end if;

  if not is_server then
    if send.extra ? 'mention_scope' and feature_is_off('mention_all', send.type_settings, send.settings) then
      return 'mention_all_off';
    elsif send.extra ? 'attachment_ids' and feature_is_off('uploads', send.type_settings, send.settings) then
      return 'uploads_off';
    elsif send.extra ? 'poll' and feature_is_off('polls', send.type_settings, send.settings) then
      return 'polls_off';
    elsif send.extra ? 'forwarded' and feature_is_off('forwarding', send.type_settings, send.settings) then
      return 'forwarding_off';
    elsif send.extra ? 'is_streaming' and feature_is_off('streaming', send.type_settings, send.settings) then
      return 'streaming_off';
    elsif send.extra ? 'reply_to_id' and send.extra -> 'is_thread_only' = 'true'
        and feature_is_off('threads', send.type_settings, send.settings) then
      return 'threads_off';
    elsif feature_is_off('links', send.type_settings, send.settings)
        and (has_link(send.content) or has_link(send.extra #>> '{forwarded,content}')
             or has_link(send.extra #>> '{location,name}') or has_link(send.extra #>> '{location,address}')
             or has_link(send.extra #>> '{contact,name}')) then
      return 'links_off';
    elsif char_length(send.content) > length_max or char_length(send.extra #>> '{forwarded,content}') > length_max then
      return 'too_long';
    end if;
  end if;

  if send.extra ? 'reply_to_id' and (send.quoted_in is distinct from send.conversation_id
                                     or not is_server
                                        and (send.quoted_number <= send.hidden_up_to_number
                                             or not is_in_audience(send.quoted_audience, send.quoted_sender_id,
                                                                   send.sender_id))) then
    return 'reply_not_found';
  elsif send.extra ? 'visible_to' and send.type = 'direct' then
    return 'audience_of_direct';
  elsif send.extra ? 'visible_to' and exists (
      select from jsonb_array_elements_text(send.extra -> 'visible_to') as v (id)
       where not exists (select from participants p
                          where p.conversation_id = send.conversation_id and p.user_id = v.id::uuid and p.left_seq is null)) then
    return 'audience_not_found';
  elsif send.extra ? 'attachment_ids' then
    if exists (select from jsonb_array_elements_text(send.extra -> 'attachment_ids') as a (id)
                 left join files f on f.id = a.id::uuid and f.deleted_at is null
                where f.uploader_id is distinct from send.sender_id
                  and not (is_server and f.uploader_id is not distinct from '00000000-0000-7000-8000-000000000003')) then
      return 'file_not_found';
    elsif exists (select from jsonb_array_elements_text(send.extra -> 'attachment_ids') as a (id)
                    join files f on f.id = a.id::uuid
                   where f.status not in ('scanning', 'ready') or f.conversation_id <> send.conversation_id
                      or f.id = any (attached) or exists (select from message_attachments taken where taken.file_id = f.id))
        or (select count(*) > count(distinct a.id::uuid) from jsonb_array_elements_text(send.extra -> 'attachment_ids') as a (id))
    then
      return 'file_not_attachable';
    end if;
  end if;

  if slow_seconds > 0 and is_bound and not is_released and sent_at + slow_seconds * interval '1 second' > now_at then
    return 'slow_mode';
  end if;
  return 'stored';
end
$$;
