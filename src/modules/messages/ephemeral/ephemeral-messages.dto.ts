import { ApiProperty } from '@nestjs/swagger';
import { TextField, UuidField } from '../../../platform/validation/fields.js';
import { JsonField } from '../../../platform/validation/json-field.js';
import { AudienceField } from '../audience-field.js';

/** Together they fit a notification of PostgreSQL, which carries the signal to the other nodes. */
export const EPHEMERAL_CONTENT_MAX = 1000;
export const EPHEMERAL_METADATA_MAX_BYTES = 1024;

export class SendEphemeralMessageDto {
  @TextField({ min: 1, max: EPHEMERAL_CONTENT_MAX, description: 'The text', example: 'I am on my way' })
  content: string;

  @JsonField({ maxBytes: EPHEMERAL_METADATA_MAX_BYTES, optional: true })
  metadata?: Record<string, unknown>;

  @AudienceField()
  visible_to?: string[];
}

export class SendEphemeralMessageFrameDto extends SendEphemeralMessageDto {
  @UuidField()
  conversation_id: string;
}

/** The response to the sender. */
export class SentEphemeralMessageDto {
  @ApiProperty({ format: 'uuid', description: 'That of the signal; it is the id of no message' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  sent_at: string;
}
