import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, type ApiPropertyOptions, getSchemaPath } from '@nestjs/swagger';
import { ReportFacts } from '../admin/moderation/moderation.events.js';
import { ConversationUpdatedData } from '../conversations/conversations.events.js';
import { ConversationClearedData } from '../messages/history/history.events.js';
import { MessageData, PollData, ReactionData, UnreadReminderData } from '../messages/messages.events.js';
import {
  BanData,
  ParticipantData,
  ParticipantLeftData,
  ReceiptsData,
  UnbanData,
} from '../participants/participants.events.js';
import { SavedMessageDueData } from '../messages/saved/saved-messages.events.js';
import { InvitationData, InvitationEndedData } from '../participants/invitations/invitations.events.js';
import { JoinRequestData, JoinRequestEndedData } from '../participants/join-requests/join-requests.events.js';
import { UserUpdatedData } from '../users/users.events.js';
import { WebhookDisabledData } from './webhooks.events.js';

const MEMBER_IDS: ApiPropertyOptions = {
  type: [String],
  format: 'uuid',
  required: false,
  description: 'Only with the scope all: the users who were participants at that position, by id, the first 100',
};
const MEMBER_COUNT: ApiPropertyOptions = {
  type: 'integer',
  required: false,
  description: 'Only with the scope all: how many participants there were; above 100 the number may be 5 s old',
};

/** Adds the fields that every event of a conversation has. */
function WithConversationFields<Data extends object>(data: Type<Data>) {
  class ConversationEvent extends (data as Type<object>) {
    @ApiProperty({ format: 'uuid' })
    conversation_id: string;

    @ApiProperty({ type: 'integer', description: 'Position in the conversation' })
    seq: number;

    @ApiProperty({ type: String, format: 'uuid', nullable: true })
    actor_id: string | null;

    @ApiProperty(MEMBER_IDS)
    member_ids?: string[];

    @ApiProperty(MEMBER_COUNT)
    member_count?: number;
  }
  return ConversationEvent as Type<ConversationEvent & Data>;
}

/** Adds the fields that every event of a user has. */
function WithUserFields<Data extends object>(data: Type<Data>) {
  class UserEvent extends (data as Type<object>) {
    @ApiProperty({ type: String, format: 'uuid', nullable: true })
    actor_id: string | null;

    @ApiProperty({ format: 'uuid' })
    user_id: string;
  }
  return UserEvent as Type<UserEvent & Data>;
}

/** `conversation.deleted` has no other fields. */
export class ConversationWebhookData extends WithConversationFields(class {}) {}
export class ConversationChangeWebhookData extends WithConversationFields(ConversationUpdatedData) {}
export class ParticipantWebhookData extends WithConversationFields(ParticipantData) {}
export class ParticipantLeftWebhookData extends WithConversationFields(ParticipantLeftData) {}
export class BanWebhookData extends WithConversationFields(BanData) {}
export class UnbanWebhookData extends WithConversationFields(UnbanData) {}
export class PollWebhookData extends WithConversationFields(PollData) {}
export class TruncationWebhookData extends WithConversationFields(ConversationClearedData) {}
export class ReactionWebhookData extends WithConversationFields(ReactionData) {}

export class MessageWebhookData extends WithConversationFields(MessageData) {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty({ description: 'Empty if the message is deleted' })
  content: string;
}

export class ReceiptsWebhookData extends ReceiptsData {
  @ApiProperty(MEMBER_IDS)
  member_ids?: string[];

  @ApiProperty(MEMBER_COUNT)
  member_count?: number;
}

export class ReportWebhookData extends ReportFacts {
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The user who reported or resolved' })
  actor_id: string | null;
}

export class SavedMessageDueWebhookData extends WithUserFields(SavedMessageDueData) {}
export class UnreadReminderWebhookData extends WithUserFields(UnreadReminderData) {}
export class InvitationWebhookData extends WithUserFields(InvitationData) {}
export class InvitationEndedWebhookData extends WithUserFields(InvitationEndedData) {}
export class JoinRequestWebhookData extends WithUserFields(JoinRequestData) {}
export class JoinRequestEndedWebhookData extends WithUserFields(JoinRequestEndedData) {}
export class UserWebhookData extends WithUserFields(UserUpdatedData) {}

export class UserBannedWebhookData extends UserWebhookData {
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null for a permanent ban' })
  until: string | null;
}

export class FileScannedWebhookData extends WithUserFields(class {}) {
  @ApiProperty({ format: 'uuid' })
  file_id: string;

  @ApiProperty({ enum: ['ready', 'rejected'] })
  status: 'ready' | 'rejected';

  @ApiProperty({ type: String, nullable: true, description: 'Why the file is rejected' })
  reason: string | null;
}

export class WebhookDisabledWebhookData extends WithUserFields(WebhookDisabledData) {}

const DATA_CLASSES = [
  ...[MessageWebhookData, PollWebhookData, ReactionWebhookData, ConversationChangeWebhookData, ConversationWebhookData],
  ...[BanWebhookData, UnbanWebhookData, InvitationWebhookData, InvitationEndedWebhookData],
  ...[JoinRequestWebhookData, JoinRequestEndedWebhookData],
  TruncationWebhookData,
  ...[ParticipantWebhookData, ParticipantLeftWebhookData, UserWebhookData, UserBannedWebhookData],
  ...[UnreadReminderWebhookData, SavedMessageDueWebhookData],
  ...[FileScannedWebhookData, WebhookDisabledWebhookData, ReceiptsWebhookData, ReportWebhookData],
] as const;

/** The `data` of an event that a webhook can subscribe to. */
export type WebhookData = InstanceType<(typeof DATA_CLASSES)[number]>;

/** The body of a delivery, without its signature. */
@ApiExtraModels(...DATA_CLASSES)
export class WebhookBodyDto {
  @ApiProperty({ example: 'message.created' })
  event: string;

  @ApiProperty({ format: 'date-time', description: 'Time of the event' })
  timestamp: string;

  @ApiProperty({
    anyOf: DATA_CLASSES.map((type) => ({ $ref: getSchemaPath(type) })),
    description: 'If its subject no longer exists, only the ids are not null',
  })
  data: WebhookData;
}
