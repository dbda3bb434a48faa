import type { Scope } from '../../src/platform/identity/server-key.js';
import { type JsonSchema, SchemaDifferences } from '../support/schema-differences.js';

/** The documents as the generators of tests read them. */
export interface Schema {
  type?: string | string[];
  $ref?: string;
  format?: string;
  pattern?: string;
  enum?: unknown[];
  example?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  additionalProperties?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema?: Schema;
}

export interface ApiAnswer {
  $ref?: string;
  description?: string;
  headers?: Record<string, object>;
  content?: Record<string, { schema?: Schema }>;
}

interface OperationObject {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  'x-required-scope'?: Scope;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown } | undefined> };
  responses: Record<string, ApiAnswer>;
}

export interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, ApiAnswer> };
}

/** One method of one address. `key` is how tables name it: `POST /api/v1/conversations/{id}/messages`. */
export interface ApiOperation {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string | undefined;
  readonly tags: string[] | undefined;
  readonly isPublic: boolean;
  /** The scope that a server key needs. */
  readonly scope: Scope | undefined;
  readonly parameters: Parameter[];
  readonly body: Schema | undefined;
  /** The body that the page of the document sends. */
  readonly example: unknown;
  readonly responses: Record<string, ApiAnswer>;
}

export function operationsOf(document: ApiDocument): ApiOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      key: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operationId: operation.operationId,
      summary: operation.summary,
      tags: operation.tags,
      isPublic: operation.security?.length === 0,
      scope: operation['x-required-scope'],
      parameters: operation.parameters ?? [],
      body: jsonBodyOf(document, operation),
      example: operation.requestBody?.content['application/json']?.example,
      responses: operation.responses,
    })),
  );
}

/** Undefined for what takes no body, or another kind of body. */
function jsonBodyOf(document: ApiDocument, { requestBody }: OperationObject): Schema | undefined {
  const json = requestBody?.content['application/json'];
  return json && flat(document, json.schema);
}

/** What a `$ref` into the components stands for; anything else as it is. */
export function resolve<Value extends { $ref?: string }>(document: object, value: Value): Value {
  if (!value.$ref) return value;
  const target = value.$ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
  return resolve(document, target as Value);
}

/** A schema with its references, and those one level in, replaced by what they stand for. */
export function flat(document: object, schema: Schema): Schema {
  const [only, nothing] = schema.allOf ?? schema.anyOf ?? [];
  if (only && nothing?.type === 'null') return { ...flat(document, only), type: ['object', 'null'] };
  const own = resolve(document, schema.allOf?.length === 1 ? only! : schema);
  const properties = Object.entries(own.properties ?? {}).map(([name, inner]) => [name, flat(document, inner)]);
  return { ...own, ...(own.properties && { properties: Object.fromEntries(properties) as Record<string, Schema> }) };
}

/** The error codes an operation says it may answer with a status. */
export function codesOf(document: ApiDocument, { responses }: ApiOperation, status: number): string[] {
  const answer = responses[status];
  return answer ? codesIn(document, bodyOf(document, answer)) : [];
}

/**
 * How the body of an answer differs from the document; empty if it does not, or is no JSON. A field that the
 * document does not describe is a difference.
 */
export function differencesFromDocument(
  document: ApiDocument,
  { responses }: ApiOperation,
  { status, text }: { status: number; text: string },
): string[] {
  if (!responses[status]) return [`${status}: not described`];
  const schema = bodyOf(document, responses[status]);
  if (!schema) return [];
  return new SchemaDifferences(document.components.schemas as Record<string, JsonSchema>).of(
    schema as JsonSchema,
    JSON.parse(text),
    String(status),
  );
}

function bodyOf(document: ApiDocument, answer: ApiAnswer): Schema | undefined {
  return resolve(document, answer).content?.['application/json']?.schema;
}

/** Wherever a form has its code. */
function codesIn(document: ApiDocument, schema: Schema | undefined): string[] {
  if (!schema) return [];
  const { oneOf, anyOf, properties = {} } = resolve(document, schema);
  const alternatives = oneOf ?? anyOf;
  if (alternatives) return alternatives.flatMap((one) => codesIn(document, one));
  const { code, error_code: errorCode, error } = properties;
  return ((code ?? errorCode)?.enum ?? error?.properties?.code?.enum ?? []) as string[];
}

/** A request frame and what it takes. */
export interface Frame {
  readonly type: string;
  readonly data: Schema;
}

interface Protocol {
  readonly operations: Record<string, object>;
  readonly components: { messages: Record<string, object>; schemas: Record<string, object> };
}

/** Every request a signed-in client may send. */
export function framesOf(protocol: Protocol): Frame[] {
  return Object.keys(protocol.operations)
    .filter((name) => name.startsWith('webSocket.') && 'reply' in protocol.operations[name]!)
    .map((name) => name.slice('webSocket.'.length))
    .filter((type) => type !== 'auth')
    .map((type) => {
      const { payload } = protocol.components.messages[type] as { payload: Schema };
      return { type, data: flat(protocol, payload.properties!.data!) };
    });
}

/** The codes an error frame may carry. */
export function errorCodesOf({ components }: Protocol): string[] {
  const { payload } = components.messages.error as { payload: Schema };
  return payload.properties!.error!.anyOf!.flatMap((one) => one.properties!.code!.enum as string[]);
}

/** How the error of a refused request differs from the document; empty if it does not. */
export function differencesOfRefusal({ components }: Protocol, error: object): string[] {
  const { payload } = components.messages.refusal as { payload: Schema };
  return new SchemaDifferences(components.schemas as Record<string, JsonSchema>).of(
    payload.properties!.error as JsonSchema,
    error,
    'error',
  );
}
