/** What decorators alone do not say of the routes of files in the OpenAPI document. */

export const UPLOAD_FORM = {
  type: 'object',
  required: ['file'],
  additionalProperties: false,
  properties: {
    file: { type: 'string', contentMediaType: 'application/octet-stream', description: 'At most 50 MiB, by its kind' },
    conversation_id: { type: 'string', format: 'uuid', description: 'The only conversation it may be sent to' },
    description: { type: 'string', maxLength: 1000, description: 'For those who cannot see it' },
  },
};

export const BINARY = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };

export const CONTENT_HEADERS = {
  'Content-Disposition': { description: 'inline or attachment, with the name', schema: { type: 'string' } },
  ETag: { description: 'Changes with the content', schema: { type: 'string' } },
  'Accept-Ranges': { description: 'One range a request', schema: { type: 'string' } },
};
