import { ApiProperty } from '@nestjs/swagger';
import { EnumField, TextField, UuidField, UuidListField } from '../../platform/validation/fields.js';
import { FILE_CATEGORIES, type FileCategory } from './file-types.js';

export const FILE_STATUSES = ['pending', 'scanning', 'ready', 'rejected'] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

export const DISPOSITIONS = ['inline', 'attachment'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** As the function `file_json` of the schema makes it. */
export interface FileRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly category: FileCategory;
  readonly size: number;
  readonly status: FileStatus;
  readonly reason: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly blurhash: string | null;
  readonly duration: number | null;
  readonly description: string;
  readonly has_thumbnail: boolean;
  readonly uploaded_at: string;
}

export class FileIdParam {
  @UuidField()
  id: string;
}

export class FileFrameDto {
  @UuidField()
  file_id: string;
}

export class UploadFileDto {
  @UuidField({ optional: true, description: 'The only conversation it may be sent to; left out: any' })
  conversation_id?: string;

  @TextField({ max: 1000, optional: true, description: 'For those who cannot see it' })
  description?: string;
}

export class DownloadQuery {
  @TextField({ max: 256, optional: true, description: 'Of a signed address: stands in for the credential' })
  token?: string;

  @EnumField({
    values: DISPOSITIONS,
    optional: true,
    description: 'attachment asks for a download where the file would be shown',
  })
  disposition?: Disposition;
}

export class SignAddressesDto {
  @UuidListField({ max: 100, description: 'Files; those one may not see, or that are not ready, are left out' })
  file_ids: string[];

  @EnumField({ values: DISPOSITIONS, optional: true, description: 'As in a download' })
  disposition?: Disposition;
}

export class FileAddressDto {
  @ApiProperty({ format: 'uuid' })
  file_id: string;

  @ApiProperty({ description: 'Good for `<img src>`; bound to the caller and what he may see at the time it is used' })
  url: string;

  @ApiProperty({ required: false })
  thumbnail_url?: string;

  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

export class FileAddressListDto {
  @ApiProperty({ type: [FileAddressDto] })
  data: FileAddressDto[];
}

export class FileDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  file_name: string;

  @ApiProperty({ description: 'By its content', example: 'image/png' })
  file_type: string;

  @ApiProperty({ enum: FILE_CATEGORIES })
  file_category: FileCategory;

  @ApiProperty({ type: 'integer', description: 'In bytes; of an image, as it is served' })
  file_size: number;

  @ApiProperty({ enum: FILE_STATUSES, description: 'Only what is ready can be downloaded' })
  status: FileStatus;

  @ApiProperty({ required: false, description: 'Of a rejected file: the code of what is wrong with it' })
  reason?: string;

  @ApiProperty({ type: 'integer', required: false })
  width?: number;

  @ApiProperty({ type: 'integer', required: false })
  height?: number;

  @ApiProperty({ required: false, description: 'To show until the image is there' })
  blurhash?: string;

  @ApiProperty({ required: false, description: 'Of audio and video, in seconds' })
  duration?: number;

  @ApiProperty({ required: false })
  description?: string;

  @ApiProperty({ description: 'With a credential; for `<img>` see the signed addresses' })
  url: string;

  @ApiProperty({ required: false })
  thumbnail_url?: string;

  @ApiProperty({ format: 'date-time' })
  uploaded_at: string;

  /** The file as everybody sees it who may see it at all. */
  static of(row: FileRow): FileDto {
    const url = `/api/v1/files/${row.id}`;
    return {
      id: row.id,
      file_name: row.name,
      file_type: row.type,
      file_category: row.category,
      file_size: row.size,
      status: row.status,
      ...(row.reason !== null && { reason: row.reason }),
      ...(row.width !== null && { width: row.width }),
      ...(row.height !== null && { height: row.height }),
      ...(row.blurhash !== null && { blurhash: row.blurhash }),
      ...(row.duration !== null && { duration: row.duration }),
      ...(row.description !== '' && { description: row.description }),
      url: `${url}/content`,
      ...(row.has_thumbnail && { thumbnail_url: `${url}/thumbnail` }),
      uploaded_at: new Date(row.uploaded_at).toISOString(),
    };
  }
}
