import { ApiProperty } from '@nestjs/swagger';
import { requireCursor } from '../../platform/pagination/page.js';
import { RequiredBy } from '../../platform/validation/required-by.js';
import {
  BooleanField,
  EnumField,
  IntField,
  TextField,
  TextListField,
  TimeField,
  UuidField,
} from '../../platform/validation/fields.js';
import { RuledBy } from '../../platform/validation/ruled-by.js';
import { problemsOfWebhook } from './webhook-rules.js';

export const WEBHOOK_SCOPES = ['own', 'all'] as const;
export const WEBHOOK_STATUSES = ['active', 'pending_verification', 'disabled'] as const;
/** How a delivery stands; `cancelled`: its owner may not see the event any more, or nothing is left to tell. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type ShownDeliveryStatus = (typeof DELIVERY_STATUSES)[number];

const URL_MAX = 2048;
const EVENTS_MAX = 50;
const DESCRIPTION_MAX = 200;
const SECRET = 'Text to sign with, 12 to 256 printable ASCII characters; made up when left out';

@RuledBy(problemsOfWebhook)
export class CreateWebhookDto {
  @TextField({
    min: 1,
    max: URL_MAX,
    description: 'Where to send it; https',
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
    description: 'own: what its owner may see. all: everything; for admins',
  })
  scope?: (typeof WEBHOOK_SCOPES)[number];

  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;
}

@RuledBy((input: Partial<UpdateWebhookDto>, config) => problemsOfWebhook({ ...input, scope: 'all' }, config))
export class UpdateWebhookDto {
  @TextField({ min: 1, max: URL_MAX, optional: true })
  url?: string;

  @TextListField({ max: EVENTS_MAX, maxLength: 64, optional: true })
  events?: string[];

  @TextField({ max: DESCRIPTION_MAX, optional: true })
  description?: string;

  @BooleanField({ optional: true, description: 'true also lifts a disabling' })
  is_active?: boolean;
}

export class RotateSecretDto {
  @TextField({ max: 256, optional: true, description: SECRET })
  secret?: string;
}

export class ReplayDto {
  @TimeField({
    optional: true,
    description: 'Everything that happened from here on; with nothing given, all that failed',
  })
  from?: string;

  @TimeField({ optional: true, description: 'Up to here; now when left out' })
  to?: string;
}

export class WebhookParams {
  @UuidField()
  id: string;
}

export class WebhookPageQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 when left out' })
  limit?: number;

  @RequiredBy(requireCursor)
  @TextField({ max: 256, optional: true, description: '`next_cursor` of the page before' })
  cursor?: string;
}

export class ListDeliveriesQuery extends WebhookPageQuery {
  @EnumField({ values: DELIVERY_STATUSES, optional: true })
  status?: ShownDeliveryStatus;

  @TextField({ max: 64, optional: true, description: 'A type of event' })
  event?: string;
}

/** What came of asking the address of a webhook whether it wants events. */
export class WebhookVerificationDto {
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'null until the address has answered',
  })
  verified_at: string | null;

  @ApiProperty({ description: 'Challenges that were sent to this address since it was last asked for' })
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

  @ApiProperty({ type: String, nullable: true, description: 'The call that has the address asked again' })
  request_again: string | null;
}

export class WebhookDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid', description: 'Its owner' })
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
    description:
      'pending_verification: its address has not answered the challenge; events are kept, and nothing is sent',
  })
  status: (typeof WEBHOOK_STATUSES)[number];

  @ApiProperty({ description: 'Whether it is sent events now: its status is active' })
  is_active: boolean;

  @ApiProperty({ type: WebhookVerificationDto })
  verification: WebhookVerificationDto;

  @ApiProperty({ type: String, nullable: true, enum: ['owner', 'gone', 'failing', 'unverified'] })
  disabled_reason: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  disabled_at: string | null;

  @ApiProperty({ description: 'Tries that failed since the last that did not' })
  failures: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failing_since: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'So long the secret before signs along',
  })
  previous_secret_until: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class WebhookWithSecretDto extends WebhookDto {
  @ApiProperty({ description: 'Shown here and never again' })
  secret: string;
}

export class WebhookPageDto {
  @ApiProperty({ type: [WebhookDto] })
  data: WebhookDto[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;

  @ApiProperty()
  has_more: boolean;
}

export class WebhookEventDto {
  @ApiProperty()
  type: string;

  @ApiProperty()
  summary: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'A whole body, without its signature' })
  sample: object;
}

export class WebhookCatalogueDto {
  @ApiProperty({ type: [WebhookEventDto] })
  data: WebhookEventDto[];
}

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

  @ApiProperty({ type: String, nullable: true, description: 'The first 500 characters of the answer' })
  answer: string | null;

  @ApiProperty({
    description: 'Whether there may be an answer that only admins see: the receiver is in a private network',
  })
  is_answer_withheld: boolean;
}

export class DeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  webhook_id: string;

  @ApiProperty({ format: 'uuid', description: 'The webhook-id header: the same at every try' })
  event_id: string;

  @ApiProperty()
  event: string;

  @ApiProperty({ format: 'date-time', description: 'When it happened' })
  event_at: string;

  @ApiProperty({ enum: DELIVERY_STATUSES })
  status: ShownDeliveryStatus;

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

export class DeliveryPageDto {
  @ApiProperty({ type: [DeliveryDto] })
  data: DeliveryDto[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;

  @ApiProperty()
  has_more: boolean;
}

export class ReplayedDto {
  @ApiProperty({ description: 'Deliveries that are sent again' })
  replayed: number;

  @ApiProperty({ description: 'There are more of them: narrow the range, or ask again' })
  has_more: boolean;
}
