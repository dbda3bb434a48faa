import type { ApiBodyOptions, ApiHeaderOptions } from '@nestjs/swagger';
import type { Response } from 'express';
import { TUS_VERSION } from './resumable-uploads.errors.js';

const BINARY = { type: 'string', contentMediaType: 'application/offset+octet-stream' } as const;

/** The bodies that continue an upload. */
export const BODY = {
  type: 'application/offset+octet-stream',
  ofCreation: { required: false, schema: { ...BINARY, description: 'The first bytes of the file' } },
  ofContinuation: { schema: { ...BINARY, description: 'The bytes of the file from `Upload-Offset` on' } },
} as const satisfies Record<string, string | ApiBodyOptions>;

/** The headers of requests. */
export const HEADERS = {
  version: {
    name: 'Tus-Resumable',
    required: true,
    description: 'The version of the protocol',
    schema: { type: 'string', enum: [TUS_VERSION] },
  },
  length: {
    name: 'Upload-Length',
    required: true,
    description: 'The size of the file in bytes',
    schema: { type: 'integer', minimum: 1 },
  },
  metadata: {
    name: 'Upload-Metadata',
    required: true,
    description:
      'Pairs of a name and a value in base64, separated by commas: `filename` (required), `filetype`, `conversation_id`, ' +
      '`description`; other names are ignored',
    schema: { type: 'string', example: 'filename bm90ZS50eHQ=,filetype dGV4dC9wbGFpbg==' },
  },
  offset: {
    name: 'Upload-Offset',
    required: true,
    description: 'The bytes that are stored already',
    schema: { type: 'integer', minimum: 0 },
  },
} as const satisfies Record<string, ApiHeaderOptions>;

/** Responds to a client that asks what the server supports. */
export function sendCapabilities(response: Response, maxBytes: number): void {
  response.status(204).set({
    'Tus-Resumable': TUS_VERSION,
    'Tus-Version': TUS_VERSION,
    'Tus-Extension': 'creation,creation-with-upload,expiration,termination',
    'Tus-Max-Size': String(maxBytes),
  });
  response.end();
}
