/**
 * The schema of the only open objects of the API: clients choose their members. Properties refer to it with `METADATA`,
 * and the documents have it as `Metadata`.
 */
export const METADATA_SCHEMA = {
  type: 'object',
  additionalProperties: true,
  description:
    'A JSON object whose members the client chooses: at most 20 levels deep, with at most 1,000 keys and 20,000 values. Its size is limited where a client sends it.',
};

/** The schema of a property with such an object. */
export const METADATA = { allOf: [{ $ref: '#/components/schemas/Metadata' }] };
