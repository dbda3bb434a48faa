import type { ApiOperation, Schema } from './contract.js';

/** The id in examples. */
const EXAMPLE_ID = '01930000-0000-7000-8000-000000000000';

/** Existing ids by the name of the field or parameter, for tests that need valid ones. */
export interface KnownIds {
  readonly conversationId: string;
  readonly messageId: string;
  readonly fileId: string;
  readonly webhookId: string;
  readonly deliveryId: string;
  /** Of the installation, and of the conversation. */
  readonly ruleId: string;
  readonly conversationRuleId: string;
  readonly heldId: string;
  readonly conversationHeldId: string;
  readonly reportId: string;
  readonly holdId: string;
  readonly conversationTypeName: string;
  readonly scheduledId: string;
  readonly keyId: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** The id for a parameter of a path: `{id}` is named by the segment before it. */
export function idFor(path: string, name: string, ids: KnownIds): string {
  if (name === 'user_id') return ids.userId;
  if (name === 'rule_id') return ids.conversationRuleId;
  if (name === 'link_id') return ids.messageId; // of no link
  if (name === 'held_id') return ids.conversationHeldId;
  if (name === 'emoji') return '%F0%9F%91%8D';
  const collection = new RegExp(`/([a-z_-]+)/\\{${name}\\}`).exec(path)?.[1];
  const known: Record<string, string> = {
    conversations: ids.conversationId,
    messages: ids.messageId,
    files: ids.fileId,
    pictures: ids.fileId,
    webhooks: ids.webhookId,
    deliveries: ids.deliveryId,
    'content-rules': ids.ruleId,
    'held-messages': ids.heldId,
    reports: ids.reportId,
    'legal-holds': ids.holdId,
    'conversation-types': ids.conversationTypeName,
    'scheduled-messages': ids.scheduledId,
    // Of no user of the tests.
    uploads: ids.messageId,
    invitations: ids.messageId,
    'join-requests': ids.messageId,
    keys: ids.keyId,
    users: ids.userId,
    sessions: ids.sessionId,
    rooms: ids.conversationId,
  };
  const id = known[collection ?? ''];
  if (id === undefined) throw new Error(`Unknown id for ${name} in ${path}: add it to samples.ts.`);
  return id;
}

/** Valid values of required headers. */
const HEADERS: Readonly<Record<string, string>> = {
  'Tus-Resumable': '1.0.0',
  'Upload-Length': '9',
  'Upload-Metadata': 'filename YS50eHQ=',
  'Upload-Offset': '0',
};

/** The required headers of an operation, with valid values. */
export function headersFor({ parameters }: ApiOperation): Record<string, string> {
  const required = parameters.filter((parameter) => parameter.in === 'header' && parameter.required);
  return Object.fromEntries(required.map(({ name }) => [name, HEADERS[name]!]));
}

/** The path with valid ids, or with `instead` for one parameter. */
export function addressOf(path: string, ids: KnownIds, instead: Record<string, string> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => instead[name] ?? idFor(path, name, ids));
}

function uuidFor(name: string, ids: KnownIds): string {
  if (/conversation/.test(name)) return ids.conversationId;
  if (/message|reply|before|after|around/.test(name)) return ids.messageId;
  if (/session/.test(name)) return ids.sessionId;
  if (/file|attachment/.test(name)) return ids.fileId;
  return ids.userId;
}

/** Whether the value is a UUID; that of a user may also be an external reference. */
export function isIdFormat(schema: Schema | undefined): boolean {
  return schema?.format === 'uuid' || schema?.format === 'user-id';
}

/** A valid value of this schema. */
export function sample(schema: Schema, name: string, ids: KnownIds): unknown {
  if (schema.properties) return sampleObject(schema, ids);
  const type = [schema.type ?? 'string'].flat()[0];
  if (schema.enum) return schema.enum[0];
  switch (type) {
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 1);
    case 'boolean':
      return true;
    case 'array':
      return isIdFormat(schema.items) ? [uuidFor(name, ids)] : [sample(schema.items ?? {}, name, ids)];
    case 'object':
      return {};
    default:
      if (isIdFormat(schema)) return uuidFor(name, ids);
      if (schema.format === 'date-time') return schema.example ?? '2026-01-01T00:00:00Z';
      return 'x'.repeat(Math.max(schema.minLength ?? 1, 1));
  }
}

/** The required fields of an object, and the text of a message, which is optional only beside attachments. */
export function sampleObject(schema: Schema, ids: KnownIds): Record<string, unknown> {
  const isMessage = schema.properties !== undefined && 'attachment_ids' in schema.properties;
  const names = new Set([
    ...(schema.required ?? []),
    ...(isMessage && 'content' in schema.properties! ? ['content'] : []),
  ]);
  return Object.fromEntries([...names].map((name) => [name, sample(schema.properties?.[name] ?? {}, name, ids)]));
}

/** Every field of an object and of its nested objects, with its path. */
export function fieldsOf(
  schema: Schema,
  path: string[] = [],
): { path: string[]; schema: Schema; isRequired: boolean }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    { path: [...path, name], schema: inner, isRequired: schema.required?.includes(name) ?? false },
    ...fieldsOf(inner, [...path, name]),
  ]);
}

/** JSON of `base` with the JSON text `value` at `path`, or without it if undefined. */
export function jsonWith(base: Record<string, unknown>, path: readonly string[], value: string | undefined): string {
  const [name = '', ...rest] = path;
  const members = Object.entries(base)
    .filter(([key]) => key !== name)
    .map(([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`);
  if (rest.length > 0) members.push(`${JSON.stringify(name)}:${jsonWith({}, rest, value)}`);
  else if (value !== undefined) members.push(`${JSON.stringify(name)}:${value}`);
  return `{${members.join()}}`;
}

/** The example of an operation with ids that exist in place of its ids. */
export function exampleWith(example: unknown, ids: KnownIds, name = ''): unknown {
  if (Array.isArray(example)) return example.map((item) => exampleWith(item, ids, name));
  if (typeof example === 'object' && example !== null) {
    return Object.fromEntries(Object.entries(example).map(([key, value]) => [key, exampleWith(value, ids, key)]));
  }
  return example === EXAMPLE_ID ? uuidFor(name, ids) : example;
}
