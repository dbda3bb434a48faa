import { defineError } from '../../../platform/errors/app-error.js';
import { integer } from '../../../platform/errors/error-details.js';

/** The version of the protocol. */
export const TUS_VERSION = '1.0.0';

export class UploadNotFound extends defineError('UPLOAD_NOT_FOUND', 404, {
  message: 'No such upload.',
  meaning: 'The upload does not exist, belongs to another user, was ended, or has expired.',
  action: 'Begin a new upload.',
}) {}

export class UploadOffsetMismatch extends defineError('UPLOAD_OFFSET_MISMATCH', 409, {
  message: 'The upload continues at another offset.',
  meaning: '`Upload-Offset` of the request is not the number of bytes that are stored: `details.offset`.',
  action: 'Continue at `details.offset`, which is also in the header `Upload-Offset`.',
  details: {
    fields: { offset: integer('The bytes that are stored') },
    of: (offset: number = 0) => ({ offset }),
  },
}) {
  readonly headers: Record<string, string>;

  constructor(offset = 0) {
    super(offset);
    this.headers = { 'Upload-Offset': String(offset) };
  }
}

export class UploadTakenOver extends defineError('UPLOAD_TAKEN_OVER', 423, {
  message: 'Another request continues this upload.',
  meaning: 'A later request with the right offset continues the upload, or ended it. What it has stored is complete.',
  action: 'Ask for the offset with HEAD, and continue from there if no other request of the client does.',
}) {}

export class TooManyPieces extends defineError('UPLOAD_TOO_MANY_PIECES', 422, {
  message: 'The upload has arrived in too many pieces.',
  meaning: 'The upload was continued too often, each time with few bytes.',
  action: 'Begin a new upload, and send as much as possible in one request.',
}) {}

export class UnsupportedTusVersion extends defineError('TUS_VERSION_NOT_SUPPORTED', 412, {
  message: `Send the header Tus-Resumable: ${TUS_VERSION}.`,
  meaning: 'The header `Tus-Resumable` is missing or names a version that the server does not support.',
  action: `Send \`Tus-Resumable: ${TUS_VERSION}\`; the header \`Tus-Version\` lists the supported versions.`,
}) {
  readonly headers = { 'Tus-Version': TUS_VERSION };
}
