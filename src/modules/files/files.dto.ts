import { ApiProperty } from '@nestjs/swagger';
import { ListOf } from '../../platform/pagination/page.js';
import { EnumField, TextField, UuidField, UuidListField } from '../../platform/validation/fields.js';
import { IMAGE_SIZES, type ImageSize } from './storage/file-storage.js';
import { FILE_CATEGORIES, type FileCategory } from './file-types.js';

export const FILE_STATUSES = ['pending', 'scanning', 'ready', 'rejected'] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

export const DISPOSITIONS = ['inline', 'attachment'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** As returned by the SQL function `file_json`. */
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
  readonly image_sizes: readonly { name: ImageSize; width: number; height: number }[] | null;
  readonly waveform: number[] | null;
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
  @UuidField({ optional: true, description: 'The only conversation that the file may be sent to; any if omitted' })
  conversation_id?: string;

  @TextField({ max: 1000, optional: true, description: 'A description for users who cannot see the file' })
  description?: string;
}

export class DownloadQuery {
  @TextField({ max: 256, optional: true, description: 'The token of a signed URL; replaces the credential' })
  token?: string;

  @EnumField({
    values: DISPOSITIONS,
    optional: true,
    description: 'attachment forces a download of files that are otherwise displayed',
  })
  disposition?: Disposition;
}

export class PictureQuery {
  @EnumField({ values: IMAGE_SIZES, optional: true, description: 'As for a thumbnail' })
  size?: ImageSize;
}

export class ThumbnailQuery extends DownloadQuery {
  @EnumField({
    values: IMAGE_SIZES,
    optional: true,
    description:
      'small when omitted; an image that is not larger has no larger thumbnail, and the largest up to this size is returned. ' +
      'Only HEIC and HEIF have full, a JPEG of the whole image',
  })
  size?: ImageSize;
}

export class SignFileUrlsDto {
  @UuidListField({
    max: 100,
    description: 'Files; those that the user may not see, or that are not ready, are omitted from the response',
  })
  file_ids: string[];

  @EnumField({ values: DISPOSITIONS, optional: true, description: 'As for a download' })
  disposition?: Disposition;

  @EnumField({ values: IMAGE_SIZES, optional: true, description: 'The size of `thumbnail_url`; small when omitted' })
  size?: ImageSize;
}

export class SignedFileUrlDto {
  @ApiProperty({ format: 'uuid' })
  file_id: string;

  @ApiProperty({ description: 'For use in `<img src>`; bound to the user, whose access is checked again at every use' })
  url: string;

  @ApiProperty({ required: false })
  thumbnail_url?: string;

  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

export class SignedFileUrlListDto extends ListOf(SignedFileUrlDto) {}

export class ImageSizeDto {
  @ApiProperty({ enum: IMAGE_SIZES })
  name: ImageSize;

  @ApiProperty({ type: 'integer' })
  width: number;

  @ApiProperty({ type: 'integer' })
  height: number;

  @ApiProperty({ description: 'Requires a credential; for `<img>` use a signed URL' })
  url: string;
}

export class FileDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  file_name: string;

  @ApiProperty({ description: 'Detected from the content', example: 'image/png' })
  file_type: string;

  @ApiProperty({ enum: FILE_CATEGORIES })
  file_category: FileCategory;

  @ApiProperty({ type: 'integer', description: 'In bytes; for an image, the size of the served version' })
  file_size: number;

  @ApiProperty({ enum: FILE_STATUSES, description: 'Only a file that is ready can be downloaded' })
  status: FileStatus;

  @ApiProperty({ required: false, description: 'Why the file was rejected, as an error code' })
  reason?: string;

  @ApiProperty({ type: 'integer', required: false })
  width?: number;

  @ApiProperty({ type: 'integer', required: false })
  height?: number;

  @ApiProperty({ required: false, description: 'A placeholder to display until the image has loaded' })
  blurhash?: string;

  @ApiProperty({ required: false, description: 'The duration of audio and video, in seconds' })
  duration?: number;

  @ApiProperty({ required: false })
  description?: string;

  @ApiProperty({ description: 'Requires a credential; for `<img>` use a signed URL' })
  url: string;

  @ApiProperty({ required: false })
  thumbnail_url?: string;

  @ApiProperty({
    type: [ImageSizeDto],
    required: false,
    description:
      'The thumbnails (WebP, at most 400, 1000 and 2000 pixels) of an image, or of a frame of a video, smallest first; of ' +
      'HEIC and HEIF also full, a JPEG',
  })
  image_sizes?: ImageSizeDto[];

  @ApiProperty({
    type: 'integer',
    isArray: true,
    required: false,
    description: 'Of audio that can be decoded: the loudest sample of each of 64 equal parts, from 0 to 100',
  })
  waveform?: number[];

  @ApiProperty({ format: 'date-time' })
  uploaded_at: string;

  /** The file in the same form for everyone who may see it. */
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
      ...(row.image_sizes !== null && {
        image_sizes: row.image_sizes.map((size) => ({ ...size, url: `${url}/thumbnail?size=${size.name}` })),
      }),
      ...(row.waveform !== null && { waveform: row.waveform }),
      uploaded_at: new Date(row.uploaded_at).toISOString(),
    };
  }
}

/** A file as replies and signals have it. */
export class FileData {
  @ApiProperty({ type: FileDto })
  file: FileDto;
}
