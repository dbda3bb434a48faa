import type { CommittedEvent } from '../../platform/event-log/stream-event.js';
import { cacheJson } from '../../platform/json/json-encoding.js';
import { isShadowed } from './audience.js';
import { type MessageRow, presentMessage, shownBy, toMessageData } from './message-presenter.js';
import type { MessageDto } from './messages.dto.js';
import { MESSAGE_CREATED } from './messages.events.js';
import type { QuotedMessage } from './messages.repository.js';
import type { AppendResult, NewMessage } from './new-message.js';
import { THREAD_UPDATED } from './threads.events.js';

/**
 * The reply to the sender and the event for all receivers; `names` has the author of a forwarded message. Both have the same message, except for the key, which only
 * the sender receives. The message is encoded once; the reply and both forms of the event are built from that text.
 */
export function asCommitted(
  sent: NewMessage,
  result: AppendResult,
  quote: QuotedMessage | undefined,
  names: ReadonlyMap<string, string>,
): { event: CommittedEvent; message: MessageDto } {
  const { conversation_id, sender_id, client_message_id } = sent;
  const { seq, created_at } = result;
  const row: MessageRow = {
    id: sent.id,
    conversation_id,
    sequence_number: result.sequence_number,
    seq,
    sender_id,
    sender_name: result.sender_name,
    client_message_id,
    message_type: sent.message_type as MessageDto['message_type'],
    content: sent.content,
    reply_to_id: sent.reply_to_id,
    reply_to_content: result.reply_to_content,
    reply_to_sender_id: quote?.sender_id ?? null,
    reply_to_sender_name: quote?.sender_name ?? null,
    reply_to_number: quote?.sequence_number ?? null,
    reply_to_audience: quote?.audience ?? null,
    thread_root_id: quote?.root_id ?? null,
    is_thread_only: sent.is_thread_only ?? false,
    is_silent: sent.is_silent ?? false,
    skips_push: sent.skips_push ?? false,
    ...audienceOf(sent, result),
    reply_count: null,
    last_reply_at: null,
    reply_user_ids: null,
    mentions: result.mentions,
    mention_scope: sent.mention_scope ?? null,
    metadata: sent.metadata,
    attachments: result.attachments,
    reactions: null,
    read_by_all_number: null,
    delivered_to_all_number: null,
    created_at,
    edited_at: null,
    deleted_at: null,
    pinned_at: null,
    poll: sent.poll,
    streaming: sent.is_streaming ? 'open' : null,
    location: sent.location,
    contact: sent.contact,
    forwarded: sent.forwarded,
    forwarded_sender_name: sent.forwarded && names.get(sent.forwarded.sender_id),
  };
  const forAll = presentMessage(row, undefined);
  const json = JSON.stringify(forAll);
  let message = cacheJson(forAll, json);
  if (isShadowed(row)) message = presentMessage(row, sender_id);
  else if (client_message_id !== null) {
    const own = `${json.slice(0, -1)},"client_message_id":${JSON.stringify(client_message_id)}}`;
    message = cacheJson({ ...forAll, client_message_id }, own);
  }
  const event: CommittedEvent = {
    streamId: conversation_id,
    seq,
    type: MESSAGE_CREATED,
    actorId: sender_id,
    subjectId: sent.id,
    payload: null,
    at: created_at,
    content: {
      data: toMessageData(forAll),
      override: message === forAll ? undefined : { userId: sender_id, data: toMessageData(message) },
      ...((quote ?? row.audience) && { shows: shownBy(row, forAll) }),
    },
  };
  return { event, message };
}

function audienceOf(
  { visible_to = null }: { readonly visible_to?: string[] | null },
  { outcome }: AppendResult,
): Pick<MessageRow, 'audience' | 'stated_audience'> {
  return outcome === 'shadowed'
    ? { audience: [], stated_audience: visible_to }
    : { audience: visible_to, stated_audience: null };
}

/**
 * The event that `append_messages` wrote after that of a reply, which all see or only these users. Its content is read
 * when it is delivered.
 */
export function threadEventAfter(
  { streamId, seq, actorId, at }: CommittedEvent,
  rootId: string,
  onlyFor: readonly string[] | undefined,
): CommittedEvent {
  const payload = onlyFor ? { only_for: onlyFor } : null;
  return { streamId, seq: seq + 1, type: THREAD_UPDATED, actorId, subjectId: rootId, payload, at };
}
