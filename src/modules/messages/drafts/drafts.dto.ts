import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../../../platform/pagination/page.js';
import { BODY_TEXT_MAX, TextField, UuidField } from '../../../platform/validation/fields.js';
import { JsonField } from '../../../platform/validation/json-field.js';
import { METADATA_REF } from '../../../platform/validation/safe-json.js';
import { METADATA_MAX_BYTES } from '../messages.dto.js';

export class DraftQuery {
  @UuidField({ optional: true, description: 'The root of a thread; the draft of the conversation when omitted' })
  thread_root_id?: string;
}

export class SaveDraftDto {
  @TextField({ max: BODY_TEXT_MAX, description: 'The text, at most CONTENT_MAX_LENGTH code points', example: 'Hello' })
  content: string;

  @UuidField({ optional: true, nullable: true, description: 'The message that it will reply to' })
  reply_to_id?: string | null;

  @JsonField({
    maxBytes: METADATA_MAX_BYTES,
    optional: true,
    description: 'Of the client, for example files to attach',
  })
  metadata?: Record<string, unknown>;
}

export class DraftDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  thread_root_id: string | null;

  @ApiProperty()
  content: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  reply_to_id: string | null;

  @ApiProperty(METADATA_REF)
  metadata: Record<string, unknown>;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class CurrentDraftDto {
  @ApiProperty({ type: DraftDto, nullable: true, description: 'null: there is none' })
  draft: DraftDto | null;
}

export class DraftPageDto extends PageOf(DraftDto) {}
