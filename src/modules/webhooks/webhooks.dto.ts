import { ApiProperty } from '@nestjs/swagger';
import { ListOf, PageOf, requireCursor } from '../../platform/pagination/page.js';
import {
  BooleanField,
  EnumField,
  IntField,
  TextField,
  TextListField,
  UuidField,
} from '../../platform/validation/fields.js';
import { TimeField } from '../../platform/validation/time-field.js';
import { FieldRule, InputRule } from '../../platform/validation/input-rules.js';
import { WebhookBodyDto } from './webhook-data.dto.js';
import { problemsOfWebhook } from './webhook-fields.policy.js';

export const WEBHOOK_SCOPES = ['own', 'all'] as const;
export const WEBHOOK_STATUSES = ['active', 'pending_verification', 'disabled'] as const;
/** The status of a delivery. `cancelled`: the owner may no longer see the event, or nothing is left to send. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type PublicDeliveryStatus = (typeof DELIVERY_STATUSES)[number];

const URL_MAX = 2048;
const EVENTS_MAX = 50;
const DESCRIPTION_MAX = 200;
const SECRET = 'Signing secret, 12 to 256 printable ASCII characters; generated if omitted';

@InputRule(problemsOfWebhook)
export class CreateWebhookDto {
  @TextField({
    min: 1,
    max: URL_MAX,
    description: 'The target of deliveries; https',
    example: 'https://your-server.com/webhook',
  })
  url: string;

  @TextListField({
    max: EVENTS_MAX,
    maxLength: 64,
    description: 'Types of GET /webhooks/events',
    example: ['message.created'],
  })
  events: string[];

  @TextField({ max: 256, optional: true, description: SECRET })
  secret?: string;

  @EnumField({
    values: WEBHOOK_SCOPES,
    optional: true,
    description: 'own: events that its owner may see. all: every event; for admins',
  })
  scope?: (typeof WEBHOOK_SCOPES)[number];

  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;
}

@InputRule((input: Partial<UpdateWebhookDto>, config) => problemsOfWebhook({ ...input, scope: 'all' }, config))
export class UpdateWebhookDto {
  @TextField({ min: 1, max: URL_MAX, optional: true })
  url?: string;

  @TextListField({ max: EVENTS_MAX, maxLength: 64, optional: true })
  events?: string[];

  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;

  @BooleanField({ optional: true, description: 'true also enables a webhook that was disabled' })
  is_active?: boolean;
}

export class RotateSecretDto {
  @TextField({ max: 256, optional: true, description: SECRET })
  secret?: string;
}

export class ReplayDto {
  @TimeField({
    optional: true,
    description: 'Replays deliveries of events from this time on. Without a range, all failed deliveries',
  })
  from?: string;

  @TimeField({ optional: true, description: 'The end of the range; now if omitted' })
  to?: string;
}

export class WebhookParams {
  @UuidField()
  id: string;
}

export class WebhookPageQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

export class ListDeliveriesQuery extends WebhookPageQuery {
  @EnumField({ values: DELIVERY_STATUSES, optional: true })
  status?: PublicDeliveryStatus;

  @TextField({ max: 64, optional: true, description: 'A type of event' })
  event?: string;
}

/** The verification of the URL of a webhook. */
export class WebhookVerificationDto {
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null until the URL has passed the challenge',
  })
  verified_at: string | null;

  @ApiProperty({ description: 'Challenges sent to this URL since verification was last requested' })
  challenges: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why the last one failed',
    example: 'challenge_not_answered',
  })
  error: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_challenge_at: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The request that sends a new challenge' })
  request_again: string | null;
}

export class WebhookDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid', description: 'The owner of the webhook' })
  user_id: string;

  @ApiProperty()
  url: string;

  @ApiProperty({ type: [String] })
  events: string[];

  @ApiProperty({ enum: WEBHOOK_SCOPES })
  scope: string;

  @ApiProperty()
  description: string;

  @ApiProperty({
    enum: WEBHOOK_STATUSES,
    description: 'pending_verification: the URL has not passed the challenge; events are stored, and nothing is sent',
  })
  status: (typeof WEBHOOK_STATUSES)[number];

  @ApiProperty({ description: 'Whether events are sent now: the status is active' })
  is_active: boolean;

  @ApiProperty({ type: WebhookVerificationDto })
  verification: WebhookVerificationDto;

  @ApiProperty({ type: String, nullable: true, enum: ['owner', 'gone', 'failing', 'unverified'] })
  disabled_reason: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  disabled_at: string | null;

  @ApiProperty({ description: 'Failed attempts since the last success' })
  failures: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failing_since: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'The previous secret remains valid until this time',
  })
  previous_secret_until: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class WebhookWithSecretDto extends WebhookDto {
  @ApiProperty({ description: 'Only this response contains it' })
  secret: string;
}

export class WebhookPageDto extends PageOf(WebhookDto) {}

export class WebhookEventDto {
  @ApiProperty()
  type: string;

  @ApiProperty()
  summary: string;

  @ApiProperty({ type: WebhookBodyDto, description: 'A complete body, without its signature' })
  sample: WebhookBodyDto;
}

export class WebhookCatalogueDto extends ListOf(WebhookEventDto) {}

export class AttemptDto {
  @ApiProperty()
  number: number;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty()
  duration_ms: number;

  @ApiProperty({ type: Number, nullable: true })
  status_code: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'null for a success' })
  error: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The first 500 characters of the response' })
  answer: string | null;

  @ApiProperty({
    description: 'Whether there may be a response that only admins see, because the receiver is in a private network',
  })
  is_answer_withheld: boolean;
}

export class DeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  webhook_id: string;

  @ApiProperty({ format: 'uuid', description: 'The webhook-id header; the same in every attempt' })
  event_id: string;

  @ApiProperty()
  event: string;

  @ApiProperty({ format: 'date-time', description: 'When the event happened' })
  event_at: string;

  @ApiProperty({ enum: DELIVERY_STATUSES })
  status: PublicDeliveryStatus;

  @ApiProperty({ type: String, nullable: true, description: 'Why it is not delivered (yet)' })
  reason: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_attempt_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  settled_at: string | null;

  @ApiProperty({ type: [AttemptDto] })
  attempts: AttemptDto[];

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class DeliveryPageDto extends PageOf(DeliveryDto) {}

export class ReplayedDto {
  @ApiProperty({ description: 'Number of deliveries that are sent again' })
  replayed: number;

  @ApiProperty({ description: 'There are more deliveries: narrow the range, or repeat the request' })
  has_more: boolean;
}
