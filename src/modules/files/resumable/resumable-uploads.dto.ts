import { ApiProperty } from '@nestjs/swagger';
import { IntField, TextField, UuidField } from '../../../platform/validation/fields.js';

/** What `Upload-Length` and `Upload-Metadata` say of a new upload. */
export class NewUploadDto {
  @IntField({ min: 1, max: Number.MAX_SAFE_INTEGER, description: 'The size of the file in bytes' })
  length: number;

  @TextField({ min: 1, max: 1000 })
  filename: string;

  @TextField({ max: 200, optional: true })
  filetype?: string;

  @UuidField({ optional: true, description: 'The only conversation that the file may be sent to; any if omitted' })
  conversation_id?: string;

  @TextField({ max: 1000, optional: true, description: 'A description for users who cannot see the file' })
  description?: string;
}

export class UploadIdParam {
  @UuidField()
  id: string;
}

/** As read from the table. */
export interface UploadRow {
  readonly id: string;
  readonly name: string;
  readonly declared_type: string;
  readonly description: string;
  readonly conversation_id: string | null;
  readonly length: string;
  readonly received: string;
  readonly file_id: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly completed_at: Date | null;
}

export class UploadDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  file_name: string;

  @ApiProperty({ type: 'integer', description: 'The announced size of the file in bytes' })
  length: number;

  @ApiProperty({
    type: 'integer',
    description: 'The bytes that are stored; it is `length` only when the file exists',
  })
  offset: number;

  @ApiProperty({ format: 'uuid', required: false, description: 'The file, once the upload is complete' })
  file_id?: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time', description: 'When the upload ends unless more bytes arrive' })
  expires_at: string;

  static of(row: UploadRow): UploadDto {
    return {
      id: row.id,
      file_name: row.name,
      length: Number(row.length),
      offset: Number(row.received),
      ...(row.completed_at !== null && row.file_id !== null && { file_id: row.file_id }),
      created_at: row.created_at.toISOString(),
      expires_at: row.expires_at.toISOString(),
    };
  }
}
