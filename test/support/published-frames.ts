import { readFileSync } from 'node:fs';
import type { Frame } from './client/inbox.js';
import { type JsonSchema, SchemaDifferences } from './schema-differences.js';

interface Published {
  components: { messages: Record<string, { payload: JsonSchema }>; schemas: Record<string, JsonSchema> };
}

const { messages, schemas } = (JSON.parse(readFileSync('docs/asyncapi.json', 'utf8')) as Published).components;
const published = new SchemaDifferences(schemas);

/** The names of all messages that the AsyncAPI document describes. */
export const PUBLISHED_MESSAGES: readonly string[] = Object.keys(messages);

/**
 * How a frame that the server sent differs from its schema in the AsyncAPI document; a reply has the schema of its
 * request. A field that the schema does not describe is a difference.
 */
export function differencesFromPublished(frame: Frame, request?: string): string[] {
  const name = frame.type !== 'reply' ? frame.type : frame.ok ? `${request}.reply` : 'refusal';
  const message = messages[name];
  return message ? published.of(message.payload, frame, name) : [`${name}: not described`];
}
