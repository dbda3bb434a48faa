/** What decorators alone do not say of the routes of files in the OpenAPI document. */

const FILE = {
  type: 'string',
  contentMediaType: 'application/octet-stream',
  description: 'Its kind says how large it may be',
};
const FIELDS = {
  conversation_id: { type: 'string', format: 'uuid', description: 'The only conversation it may be sent to' },
  description: { type: 'string', maxLength: 1000, description: 'For those who cannot see it' },
};

/** The form of an upload: the file, and what else a route takes. */
export function uploadForm(...fields: (keyof typeof FIELDS)[]): object {
  const others = Object.fromEntries(fields.map((field) => [field, FIELDS[field]]));
  return { type: 'object', required: ['file'], additionalProperties: false, properties: { file: FILE, ...others } };
}

export const BINARY = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };

export const CONTENT_HEADERS = {
  'Content-Disposition': { description: 'inline or attachment, with the name', schema: { type: 'string' } },
  ETag: { description: 'Changes with the content', schema: { type: 'string' } },
  'Accept-Ranges': { description: 'One range a request', schema: { type: 'string' } },
};
