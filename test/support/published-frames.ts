import { readFileSync } from 'node:fs';
import type { AnyFrame } from './realtime-client.js';

interface FrameSchema {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  format?: string;
  required?: string[];
  properties?: Record<string, FrameSchema>;
  additionalProperties?: boolean | FrameSchema;
  items?: FrameSchema;
  allOf?: FrameSchema[];
  anyOf?: FrameSchema[];
  oneOf?: FrameSchema[];
}

interface Published {
  components: { messages: Record<string, { payload: FrameSchema }>; schemas: Record<string, FrameSchema> };
}

const FORMATS: Record<string, RegExp> = {
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
};

const { messages, schemas } = (JSON.parse(readFileSync('docs/asyncapi.json', 'utf8')) as Published).components;

/** The names of all messages that the AsyncAPI document describes. */
export const PUBLISHED_MESSAGES: readonly string[] = Object.keys(messages);

/**
 * How a frame that the server sent differs from its schema in the AsyncAPI document; a reply has the schema of its
 * request. A field that the schema does not describe is a difference.
 */
export function differencesFromPublished(frame: AnyFrame, request?: string): string[] {
  const name = frame.type !== 'reply' ? frame.type : frame.ok ? `${request}.reply` : 'refusal';
  const message = messages[name];
  return message ? differences(message.payload, frame, name) : [`${name}: not described`];
}

function differences(schema: FrameSchema, value: unknown, at: string): string[] {
  if (schema.$ref) return differences(schemas[schema.$ref.split('/').at(-1)!]!, value, at);
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) {
    const found = alternatives.map((one) => differences(one, value, at));
    return found.some(({ length }) => length === 0) ? [] : found.flat();
  }
  if (schema.allOf?.length === 1) return differences(schema.allOf[0]!, value, at);
  if ('const' in schema) return schema.const === value ? [] : [`${at}: ${JSON.stringify(value)}`];
  if (!hasType(schema.type, value)) return [`${at}: ${JSON.stringify(value)} is not ${String(schema.type)}`];
  if (value === null) return [];
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not listed`];
  if (Array.isArray(value)) return value.flatMap((item, i) => differences(schema.items!, item, `${at}[${i}]`));
  if (typeof value === 'object') return differencesOfObject(schema, value, at);
  const format = typeof value === 'string' ? FORMATS[schema.format ?? ''] : undefined;
  return format?.test(value as string) === false ? [`${at}: ${String(value)} is no ${schema.format}`] : [];
}

function differencesOfObject(schema: FrameSchema, value: object, at: string): string[] {
  // Any JSON of the client's, for example the metadata of a message.
  if (!schema.properties && schema.additionalProperties === undefined) return [];
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name}: missing`);
  const wrong = Object.entries(value).flatMap(([name, inner]) => {
    const field = properties[name];
    if (field) return differences(field, inner, `${at}.${name}`);
    if (typeof additionalProperties === 'object') return differences(additionalProperties, inner, `${at}.${name}`);
    return additionalProperties === true ? [] : [`${at}.${name}: not described`];
  });
  return [...missing, ...wrong];
}

function hasType(type: string | string[] | undefined, value: unknown): boolean {
  if (type === undefined) return true;
  const own = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return [type].flat().some((one) => one === own || (one === 'integer' && Number.isInteger(value)));
}
