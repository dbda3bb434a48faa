import { ApiExtraModels, ApiProperty, getSchemaPath, IntersectionType } from '@nestjs/swagger';
import { ConversationUpdatedData } from '../conversations/conversations.events.js';
import { MessageData, ReactionData } from '../messages/messages.events.js';
import { ParticipantData, ParticipantLeftData } from '../participants/participants.events.js';
import { UserUpdatedData } from '../users/users.events.js';
import { WebhookDisabledData } from './webhooks.events.js';

/** The `data` of an event of a conversation; of `conversation.deleted` there is nothing more. */
export class ConversationWebhookData {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: 'integer', description: 'Position in the conversation' })
  seq: number;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  actor_id: string | null;
}

class MessageIds {
  @ApiProperty({ format: 'uuid' })
  message_id: string;

  @ApiProperty({ format: 'uuid' })
  sender_id: string;

  @ApiProperty({ description: 'Empty if the message is deleted' })
  content: string;
}

export class MessageWebhookData extends IntersectionType(ConversationWebhookData, MessageIds, MessageData) {}
export class ReactionWebhookData extends IntersectionType(ConversationWebhookData, ReactionData) {}
export class ConversationChangeWebhookData extends IntersectionType(ConversationWebhookData, ConversationUpdatedData) {}
export class ParticipantWebhookData extends IntersectionType(ConversationWebhookData, ParticipantData) {}
export class ParticipantLeftWebhookData extends IntersectionType(ConversationWebhookData, ParticipantLeftData) {}

class EventUser {
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  actor_id: string | null;

  @ApiProperty({ format: 'uuid' })
  user_id: string;
}

class BanTerms {
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null for a permanent ban' })
  until: string | null;
}

class ScanResult {
  @ApiProperty({ format: 'uuid' })
  file_id: string;

  @ApiProperty({ enum: ['ready', 'rejected'] })
  status: 'ready' | 'rejected';

  @ApiProperty({ type: String, nullable: true, description: 'Why the file is rejected' })
  reason: string | null;
}

export class UserWebhookData extends IntersectionType(EventUser, UserUpdatedData) {}
export class UserBannedWebhookData extends IntersectionType(UserWebhookData, BanTerms) {}
export class FileScannedWebhookData extends IntersectionType(EventUser, ScanResult) {}
export class WebhookDisabledWebhookData extends IntersectionType(EventUser, WebhookDisabledData) {}

const DATA_CLASSES = [
  ...[MessageWebhookData, ReactionWebhookData, ConversationChangeWebhookData, ConversationWebhookData],
  ...[ParticipantWebhookData, ParticipantLeftWebhookData, UserWebhookData, UserBannedWebhookData],
  ...[FileScannedWebhookData, WebhookDisabledWebhookData],
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
