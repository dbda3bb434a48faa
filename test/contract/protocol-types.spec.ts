import {
  SendEphemeralMessageFrameDto,
  SentEphemeralMessageDto,
} from '../../src/modules/messages/ephemeral/ephemeral-messages.dto.js';
import { EphemeralMessageData } from '../../src/modules/messages/ephemeral/ephemeral-messages.events.js';
import { InvitationData, InvitationEndedData } from '../../src/modules/participants/invitations/invitations.events.js';
import {
  JoinRequestData,
  JoinRequestEndedData,
} from '../../src/modules/participants/join-requests/join-requests.events.js';
import { DiscoveryService } from '@nestjs/core';
import { LiveStatsDto, type WatchFrameDto } from '../../src/modules/admin/monitoring/monitoring.dto.js';
import { ReportCreatedData, UserWarnedData } from '../../src/modules/admin/moderation/moderation.events.js';
import { SessionRevokedData } from '../../src/modules/auth/auth.events.js';
import {
  ConversationAddedData,
  ConversationDeletedData,
  ConversationRemovedData,
  ConversationUpdatedData,
  PreferencesChangedData,
} from '../../src/modules/conversations/conversations.events.js';
import { FileData, type FileFrameDto } from '../../src/modules/files/files.dto.js';
import { ScannedFileData } from '../../src/modules/files/files.events.js';
import type {
  EditMessageFrameDto,
  MessageIdFrameDto,
  SendMessageFrameDto,
} from '../../src/modules/messages/messages.dto.js';
import type { ReactionFrameDto } from '../../src/modules/messages/reactions/reactions.dto.js';
import type { HistoryFrameDto } from '../../src/modules/messages/message-queries.dto.js';
import { MessagePageDto } from '../../src/modules/messages/message-pages.dto.js';
import type { DeleteMessageFrameDto } from '../../src/modules/messages/history/history.dto.js';
import { ConversationClearedData, MessageHiddenData } from '../../src/modules/messages/history/history.events.js';
import { HiddenEventData, MessageData, PollData, ReactionData } from '../../src/modules/messages/messages.events.js';
import {
  ScheduledMessageData,
  ScheduledMessageRemovedData,
} from '../../src/modules/messages/scheduled/scheduled-messages.events.js';
import { DraftData, DraftRemovedData } from '../../src/modules/messages/drafts/drafts.events.js';
import {
  SavedMessageData,
  SavedMessageDueData,
  SavedMessageRemovedData,
} from '../../src/modules/messages/saved/saved-messages.events.js';
import {
  AppendedDto,
  type AppendToMessageFrameDto,
  type FinishMessageFrameDto,
} from '../../src/modules/messages/streaming/streaming-messages.dto.js';
import { MessageDeltaData } from '../../src/modules/messages/streaming/streaming-messages.events.js';
import { ThreadUnreadData, ThreadUpdatedData } from '../../src/modules/messages/threads.events.js';
import type { SubscribeFrameDto, UnsubscribeFrameDto } from '../../src/modules/messages/sync.dto.js';
import { ReadStateDto, type MarkFrameDto } from '../../src/modules/participants/participants.dto.js';
import {
  BanData,
  CapabilitiesData,
  ParticipantData,
  ParticipantLeftData,
  ReceiptsData,
  UnbanData,
  UnreadData,
} from '../../src/modules/participants/participants.events.js';
import { PresenceDto, type SetPresenceDto, type TypingFrameDto } from '../../src/modules/presence/presence.dto.js';
import { ProfileData, TypingData } from '../../src/modules/presence/presence.events.js';
import { UserUpdatedData } from '../../src/modules/users/users.events.js';
import { WebhookDisabledData } from '../../src/modules/webhooks/webhooks.events.js';
import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import { FrameRouter } from '../../src/platform/realtime/commands/frame-router.js';
import type { AuthRefreshFrameDto } from '../../src/platform/realtime/commands/realtime.gateway.js';
import { declaredSignals } from '../../src/platform/realtime/protocol/declared-signals.js';
import { ExpiringData, ServerTimeData } from '../../src/platform/realtime/protocol/protocol-frames.js';
import type { DurableEvents, Replies, Requests, Signals } from '../../src/protocol-types.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

/** The DTO of each handler. */
interface Handled {
  'admin.watch': WatchFrameDto;
  'admin.unwatch': WatchFrameDto;
  'auth.refresh': AuthRefreshFrameDto;
  'message.send': SendMessageFrameDto;
  'message.send_ephemeral': SendEphemeralMessageFrameDto;
  'message.edit': EditMessageFrameDto;
  'message.delete': DeleteMessageFrameDto;
  'message.append': AppendToMessageFrameDto;
  'message.finish': FinishMessageFrameDto;
  'message.cancel': MessageIdFrameDto;
  'reaction.add': ReactionFrameDto;
  'reaction.remove': ReactionFrameDto;
  'message.read': MarkFrameDto;
  'message.delivered': MarkFrameDto;
  'typing.start': TypingFrameDto;
  'typing.stop': TypingFrameDto;
  'presence.set': SetPresenceDto;
  'file.get': FileFrameDto;
  subscribe: SubscribeFrameDto;
  unsubscribe: UnsubscribeFrameDto;
  history: HistoryFrameDto;
}

type Class<Data> = new () => Data;

type SameFields<A, B> = [keyof A] extends [keyof B] ? ([keyof B] extends [keyof A] ? true : never) : never;

/** Compiles only if the types for clients name exactly the fields that the handlers accept. */
const SAME_FIELDS: { [Type in keyof Handled]: SameFields<Handled[Type], Requests[Type]> } = {
  'admin.watch': true,
  'admin.unwatch': true,
  'auth.refresh': true,
  'message.send': true,
  'message.send_ephemeral': true,
  'message.edit': true,
  'message.delete': true,
  'message.append': true,
  'message.finish': true,
  'message.cancel': true,
  'reaction.add': true,
  'reaction.remove': true,
  'message.read': true,
  'message.delivered': true,
  'typing.start': true,
  'typing.stop': true,
  'presence.set': true,
  'file.get': true,
  subscribe: true,
  unsubscribe: true,
  history: true,
};

/** The classes of `data` for the types for clients: another class does not compile. */
const EVENTS: { [Type in keyof DurableEvents]: Class<DurableEvents[Type]> | Class<DurableEvents[Type]>[] } = {
  'message.created': MessageData,
  'message.updated': MessageData,
  'message.deleted': MessageData,
  'message.pinned': MessageData,
  'message.unpinned': MessageData,
  'reaction.added': ReactionData,
  'reaction.removed': ReactionData,
  'poll.updated': PollData,
  'thread.updated': ThreadUpdatedData,
  'scheduled_message.updated': ScheduledMessageData,
  'scheduled_message.removed': ScheduledMessageRemovedData,
  'event.hidden': HiddenEventData,
  'message.hidden': MessageHiddenData,
  'conversation.cleared': ConversationClearedData,
  'saved_message.updated': SavedMessageData,
  'saved_message.removed': SavedMessageRemovedData,
  'saved_message.due': SavedMessageDueData,
  'draft.updated': DraftData,
  'draft.removed': DraftRemovedData,
  'conversation.truncated': ConversationClearedData,
  'participant.joined': ParticipantData,
  'participant.left': ParticipantLeftData,
  'participant.updated': ParticipantData,
  'participant.banned': BanData,
  'participant.unbanned': UnbanData,
  'conversation.updated': [ConversationUpdatedData, PreferencesChangedData],
  'conversation.deleted': ConversationDeletedData,
  'conversation.added': ConversationAddedData,
  'conversation.removed': ConversationRemovedData,
  'invitation.created': InvitationData,
  'invitation.ended': InvitationEndedData,
  'join_request.created': JoinRequestData,
  'join_request.ended': JoinRequestEndedData,
  'join_request.received': JoinRequestData,
  'join_request.closed': JoinRequestEndedData,
  'user.updated': UserUpdatedData,
  'session.revoked': SessionRevokedData,
  'user.warned': UserWarnedData,
  'webhook.disabled': WebhookDisabledData,
};

const SIGNALS: { [Type in keyof Signals]: Class<Signals[Type]> } = {
  'receipt.updated': ReceiptsData,
  'presence.changed': PresenceDto,
  'profile.changed': ProfileData,
  'unread.changed': UnreadData,
  'capabilities.changed': CapabilitiesData,
  'thread.unread': ThreadUnreadData,
  'file.scanned': ScannedFileData,
  'report.created': ReportCreatedData,
  'admin.figures': LiveStatsDto,
  'message.ephemeral': EphemeralMessageData,
  'message.delta': MessageDeltaData,
  typing: TypingData,
};

const REPLIES: { [Type in keyof Replies]: Class<Replies[Type]> } = {
  'auth.refresh': ExpiringData,
  ping: ServerTimeData,
  'admin.watch': LiveStatsDto,
  'message.send': MessageData,
  'message.send_ephemeral': SentEphemeralMessageDto,
  'message.edit': MessageData,
  'message.append': AppendedDto,
  'message.finish': MessageData,
  'message.cancel': MessageData,
  'message.delete': MessageData,
  'reaction.add': MessageData,
  'reaction.remove': MessageData,
  'message.read': ReadStateDto,
  'message.delivered': ReadStateDto,
  'presence.set': PresenceDto,
  'file.get': FileData,
  history: MessagePageDto,
};

describe('the declaration of types for clients', () => {
  let app: TestApp['app'];
  let close: TestApp['close'];

  beforeAll(async () => ({ app, close } = await startTestApp()));
  afterAll(() => close());

  it('includes every request', () => {
    const types = app.get(FrameRouter).definitions.map(({ type }) => type);
    expect(Object.keys(SAME_FIELDS).concat('ping').sort()).toEqual(types.sort());
  });

  it('has the class of every reply, durable event and signal', () => {
    const replies = app.get(FrameRouter).definitions.flatMap(({ type, reply }) => (reply ? [[type, reply]] : []));
    expect(Object.fromEntries(replies)).toEqual(REPLIES);
    expect(
      Object.fromEntries(
        app
          .get(EventCatalogue)
          .all()
          .map(({ type, data }) => [type, data]),
      ),
    ).toEqual(EVENTS);
    const signals = declaredSignals(app.get(DiscoveryService, { strict: false }));
    expect(Object.fromEntries(Object.entries(signals).map(([type, { data }]) => [type, data]))).toEqual(SIGNALS);
  });
});
