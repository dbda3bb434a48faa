/** Parts of the OpenAPI document that decorators cannot express for the routes of files. */

const FILE = {
  type: 'string',
  contentMediaType: 'application/octet-stream',
  description: 'The size limit depends on the kind of the file',
};
const FIELDS = {
  conversation_id: {
    type: 'string',
    format: 'uuid',
    description: 'The only conversation that the file may be sent to',
  },
  description: { type: 'string', maxLength: 1000, description: 'A description for users who cannot see the file' },
};

/** The form of an upload: the file, and other fields of a route. */
export function uploadForm(...fields: (keyof typeof FIELDS)[]): object {
  const others = Object.fromEntries(fields.map((field) => [field, FIELDS[field]]));
  return { type: 'object', required: ['file'], additionalProperties: false, properties: { file: FILE, ...others } };
}

export const BINARY = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };

export const CONTENT_HEADERS = {
  'Content-Disposition': { description: 'inline or attachment, with the file name', schema: { type: 'string' } },
  ETag: { description: 'Changes with the content', schema: { type: 'string' } },
  'Accept-Ranges': { description: 'One range per request', schema: { type: 'string' } },
};
