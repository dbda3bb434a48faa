/** Types for clients in TypeScript: `Socket<ServerToClientEvents, ClientToServerEvents>` of socket.io-client. */

import type { LiveStatsDto } from './modules/admin/monitoring/monitoring.dto.js';
import type { ReportCreatedData, UserWarnedData } from './modules/admin/moderation/moderation.events.js';
import type { SessionRevokedData } from './modules/auth/auth.events.js';
import type {
  ConversationAddedData,
  ConversationDeletedData,
  ConversationRemovedData,
  ConversationUpdatedData,
  PreferencesChangedData,
} from './modules/conversations/conversations.events.js';
import type { FileData } from './modules/files/files.dto.js';
import type { ScannedFileData } from './modules/files/files.events.js';
import type { MessagePageDto } from './modules/messages/message-pages.dto.js';
import type { SentEphemeralMessageDto } from './modules/messages/ephemeral/ephemeral-messages.dto.js';
import type { EphemeralMessageData } from './modules/messages/ephemeral/ephemeral-messages.events.js';
import type { ConversationClearedData, MessageHiddenData } from './modules/messages/history/history.events.js';
import type { HiddenEventData, MessageData, PollData, ReactionData } from './modules/messages/messages.events.js';
import type {
  ScheduledMessageData,
  ScheduledMessageRemovedData,
} from './modules/messages/scheduled/scheduled-messages.events.js';
import type { DraftData, DraftRemovedData } from './modules/messages/drafts/drafts.events.js';
import type {
  SavedMessageData,
  SavedMessageDueData,
  SavedMessageRemovedData,
} from './modules/messages/saved/saved-messages.events.js';
import type { AppendedDto } from './modules/messages/streaming/streaming-messages.dto.js';
import type { MessageDeltaData } from './modules/messages/streaming/streaming-messages.events.js';
import type { ThreadUnreadData, ThreadUpdatedData } from './modules/messages/threads.events.js';
import type { InvitationData, InvitationEndedData } from './modules/participants/invitations/invitations.events.js';
import type {
  JoinRequestData,
  JoinRequestEndedData,
} from './modules/participants/join-requests/join-requests.events.js';
import type { ReadStateDto } from './modules/participants/participants.dto.js';
import type {
  BanData,
  CapabilitiesData,
  ParticipantData,
  ParticipantLeftData,
  ReceiptsData,
  UnbanData,
  UnreadData,
} from './modules/participants/participants.events.js';
import type { PresenceDto } from './modules/presence/presence.dto.js';
import type { ProfileData, TypingData } from './modules/presence/presence.events.js';
import type { UserUpdatedData } from './modules/users/users.events.js';
import type { WebhookDisabledData } from './modules/webhooks/webhooks.events.js';
import type {
  AuthFrameDto,
  CursorData,
  ExpiringData,
  GoingAwayData,
  HelloData,
  LiveData,
  ReadyData,
  ResyncData,
  ServerTimeData,
} from './platform/realtime/protocol/protocol-frames.js';

export interface ProtocolError {
  code: string;
  message: string;
  details: Record<string, unknown>;
}

export type Acknowledgement<Data = Record<string, unknown>> = (
  reply: { ok: true; data: Data } | { ok: false; error: ProtocolError },
) => void;

/** A frame about the connection itself. */
export interface ConnectionFrame<Type extends string, Data> {
  type: Type;
  data: Data;
}

/** A durable event: one position of a conversation, or of the user's own stream. */
export interface DurableFrame<Type extends string = string, Data = Record<string, unknown>> {
  type: Type;
  conversation_id?: string;
  seq: number;
  /** Position of the previous durable event of this stream that the user may receive. */
  prev: number;
  id: string;
  at: string;
  actor_id: string | null;
  data: Data;
  /** In a replay. */
  replay?: true;
}

/** A signal: state, of which the newest counts, or ephemeral. */
export interface SignalFrame<Type extends string = string, Data = Record<string, unknown>> {
  type: Type;
  conversation_id?: string;
  data: Data;
}

/** The frames about the connection, by type. */
export interface ConnectionFrames {
  hello: HelloData;
  ready: ReadyData;
  live: LiveData;
  cursor: CursorData;
  resync: ResyncData;
  'auth.expiring': ExpiringData;
  going_away: GoingAwayData;
}

/** The `data` of durable events, by type. */
export interface DurableEvents {
  'message.created': MessageData;
  'message.updated': MessageData;
  'message.deleted': MessageData;
  'message.pinned': MessageData;
  'message.unpinned': MessageData;
  'reaction.added': ReactionData;
  'reaction.removed': ReactionData;
  'poll.updated': PollData;
  'thread.updated': ThreadUpdatedData;
  'scheduled_message.updated': ScheduledMessageData;
  'scheduled_message.removed': ScheduledMessageRemovedData;
  'event.hidden': HiddenEventData;
  'message.hidden': MessageHiddenData;
  'conversation.cleared': ConversationClearedData;
  'saved_message.updated': SavedMessageData;
  'saved_message.removed': SavedMessageRemovedData;
  'saved_message.due': SavedMessageDueData;
  'draft.updated': DraftData;
  'draft.removed': DraftRemovedData;
  'conversation.truncated': ConversationClearedData;
  'participant.joined': ParticipantData;
  'participant.left': ParticipantLeftData;
  'participant.updated': ParticipantData;
  'participant.banned': BanData;
  'participant.unbanned': UnbanData;
  'conversation.updated': ConversationUpdatedData | PreferencesChangedData;
  'conversation.deleted': ConversationDeletedData;
  'conversation.added': ConversationAddedData;
  'conversation.removed': ConversationRemovedData;
  'invitation.created': InvitationData;
  'invitation.ended': InvitationEndedData;
  'join_request.created': JoinRequestData;
  'join_request.ended': JoinRequestEndedData;
  'join_request.received': JoinRequestData;
  'join_request.closed': JoinRequestEndedData;
  'user.updated': UserUpdatedData;
  'session.revoked': SessionRevokedData;
  'user.warned': UserWarnedData;
  'webhook.disabled': WebhookDisabledData;
}

/** The `data` of signals, by type. */
export interface Signals {
  'receipt.updated': ReceiptsData;
  'presence.changed': PresenceDto;
  'profile.changed': ProfileData;
  'unread.changed': UnreadData;
  'capabilities.changed': CapabilitiesData;
  'thread.unread': ThreadUnreadData;
  'file.scanned': ScannedFileData;
  'report.created': ReportCreatedData;
  'admin.figures': LiveStatsDto;
  'message.ephemeral': EphemeralMessageData;
  'message.delta': MessageDeltaData;
  typing: TypingData;
}

export type ServerToClientEvents = {
  [Type in keyof ConnectionFrames]: (frame: ConnectionFrame<Type, ConnectionFrames[Type]>) => void;
} & { [Type in keyof DurableEvents]: (frame: DurableFrame<Type, DurableEvents[Type]>) => void } & {
  [Type in keyof Signals]: (frame: SignalFrame<Type, Signals[Type]>) => void;
} & { error: (frame: { type: 'error'; error: ProtocolError }) => void };

/** Requests and their data: the fields of the REST body plus `conversation_id` or `message_id`. */
export interface Requests {
  auth: AuthFrameDto;
  'auth.refresh': { token: string };
  ping: Record<string, never>;
  'admin.watch': object;
  'admin.unwatch': object;
  'message.send': {
    conversation_id: string;
    content?: string;
    message_type?: string;
    sender_id?: string;
    reply_to_id?: string | null;
    show_in_conversation?: boolean;
    mentions?: string[] | { users?: string[]; all?: boolean; here?: boolean };
    attachment_ids?: string[];
    metadata?: Record<string, unknown>;
    poll?: {
      question: string;
      options: string[];
      multiple?: boolean;
      anonymous?: boolean;
      closes_at?: string | null;
    };
    location?: { latitude: number; longitude: number; name?: string; address?: string };
    contact?: { name: string; phone_numbers?: string[]; emails?: string[]; user_id?: string };
    no_preview?: boolean;
    silent?: boolean;
    skip_push?: boolean;
    visible_to?: string[];
    is_streaming?: boolean;
    client_message_id?: string;
  };
  'message.send_ephemeral': {
    conversation_id: string;
    content: string;
    metadata?: Record<string, unknown>;
    visible_to?: string[];
  };
  'message.edit': {
    message_id: string;
    content: string;
    mentions?: string[];
    metadata?: Record<string, unknown>;
  };
  'message.append': { message_id: string; offset: number; text: string };
  'message.finish': {
    message_id: string;
    length?: number;
    content?: string;
    metadata?: Record<string, unknown>;
  };
  'message.cancel': { message_id: string };
  'message.delete': { message_id: string; for?: 'all' | 'me' };
  'reaction.add': { message_id: string; emoji: string };
  'reaction.remove': { message_id: string; emoji: string };
  'message.read': { conversation_id: string; message_id?: string; sequence_number?: number };
  'message.delivered': { conversation_id: string; message_id?: string; sequence_number?: number };
  'typing.start': { conversation_id: string };
  'typing.stop': { conversation_id: string };
  'presence.set': { status: 'online' | 'away' | 'busy' | 'offline'; custom?: string | null };
  'file.get': { file_id: string };
  subscribe: { conversation_id: string; from_seq?: number };
  unsubscribe: { conversation_id: string };
  history: {
    conversation_id: string;
    limit?: number;
    cursor?: string;
    before?: string;
    after?: string;
    after_number?: number;
    before_number?: number;
    around?: string;
    type?: string;
    from?: string;
    to?: string;
    sender_id?: string;
  };
}

/** The `data` of replies, by type of the request; without fields for the other types. */
export interface Replies {
  'auth.refresh': ExpiringData;
  ping: ServerTimeData;
  'admin.watch': LiveStatsDto;
  'message.send': MessageData;
  'message.send_ephemeral': SentEphemeralMessageDto;
  'message.edit': MessageData;
  'message.append': AppendedDto;
  'message.finish': MessageData;
  'message.cancel': MessageData;
  'message.delete': MessageData;
  'reaction.add': MessageData;
  'reaction.remove': MessageData;
  'message.read': ReadStateDto;
  'message.delivered': ReadStateDto;
  'presence.set': PresenceDto;
  'file.get': FileData;
  history: MessagePageDto;
}

type ReplyTo<Type> = Type extends keyof Replies ? Replies[Type] : Record<string, never>;

export type ClientToServerEvents = {
  [Type in keyof Requests]: (data: Requests[Type], acknowledge?: Acknowledgement<ReplyTo<Type>>) => void;
};
