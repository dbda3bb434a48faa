import { EventCatalogue } from '../../src/platform/event-log/event-catalogue.js';
import { webhookCatalogue } from '../../src/modules/webhooks/webhook-catalogue.js';
import { declaredErrors } from '../../src/platform/errors/app-error.js';
import { detailsSchema } from '../../src/platform/errors/error-details.js';
import { openApiDocument } from '../../src/platform/http/openapi-document.js';
import { FrameRouter } from '../../src/platform/realtime/commands/frame-router.js';
import { protocolDocument } from '../../src/platform/realtime/protocol/protocol-document.js';
import { request } from '../support/client/http.js';
import { type JsonSchema, SchemaDifferences } from '../support/schema-differences.js';
import { sourceFiles } from '../support/source-files.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import {
  type ApiDocument,
  type ApiOperation,
  codesOf,
  differencesFromDocument,
  operationsOf,
  resolve,
  type Schema,
} from './contract.js';

let test: TestApp;
let api: ApiDocument;
let operations: ApiOperation[];

beforeAll(async () => {
  test = await startTestApp();
  api = openApiDocument(test.app) as unknown as ApiDocument;
  operations = operationsOf(api);
});
afterAll(() => test.close());

/** Every `$ref` of a document that cannot be resolved. */
function danglingRefs(document: object): string[] {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
  return [...new Set(refs)].filter((ref) => {
    const found = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    return !ref.startsWith('#/') || found === undefined;
  });
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'];

/** Violations of the rules of JSON Schema that matter to a generator. */
function schemaProblems(schema: Schema, where: string): string[] {
  const problems: string[] = [];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  for (const type of types) if (!TYPES.includes(type)) problems.push(`${where}: type ${type}`);
  if (types.includes('array') && !schema.items) problems.push(`${where}: an array without items`);
  if ('nullable' in schema) problems.push(`${where}: nullable is not part of 3.1`);
  for (const name of schema.required ?? [])
    if (schema.properties && !schema.properties[name])
      problems.push(`${where}: requires ${name}, which does not exist`);
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    problems.push(...schemaProblems(inner, `${where}.${name}`));
  for (const inner of [schema.items, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])])
    if (inner) problems.push(...schemaProblems(inner, where));
  return problems;
}

/** Every schema of a document that does not describe the fields of its objects. */
function openSchemas(node: unknown, where = ''): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { type, properties, additionalProperties, items, schema } = node as Schema & { schema?: Schema };
  const parts = Object.entries({ ...properties, items, additionalProperties, schema });
  const isOpen =
    [type].flat().includes('object') &&
    (additionalProperties === true || (properties === undefined && additionalProperties === undefined));
  return [
    ...(isOpen ? [where] : []),
    ...parts.flatMap(([name, part]) => (JSON.stringify(part) === '{}' ? [`${where}/${name}`] : [])),
    ...Object.entries(node)
      .filter(([name]) => name !== 'example')
      .flatMap(([name, inner]) => openSchemas(inner, `${where}/${name}`)),
  ];
}

describe('the OpenAPI document', () => {
  it('has version 3.1 and no dangling reference', async () => {
    const served = (await request('GET', `${test.url}/openapi.json`)).body as ApiDocument;
    expect(served).toEqual(JSON.parse(JSON.stringify(api)));
    expect(served.openapi).toMatch(/^3\.1\./);
    expect(danglingRefs(served)).toEqual([]);
  });

  it('contains schemas that a generator can read', () => {
    const problems = Object.entries(api.components.schemas).flatMap(([name, schema]) => schemaProblems(schema, name));
    expect(problems).toEqual([]);
    expect(schemaProblems({ type: 'array', properties: { a: { type: 'text' } } }, 'planted')).toHaveLength(2);
  });

  it('describes the fields of every object but those of clients', () => {
    expect(openSchemas(api)).toEqual(['/components/schemas/Metadata']);
  });

  it('has a webhook catalogue whose samples it describes', () => {
    const differences = new SchemaDifferences(api.components.schemas as Record<string, JsonSchema>);
    expect(differences.of({ $ref: 'WebhookCatalogueDto' }, webhookCatalogue(), 'catalogue')).toEqual([]);
  });

  it('describes every parameter of every path', () => {
    for (const { key, path, parameters } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect([key, described.sort()]).toEqual([key, inPath.sort()]);
      for (const { name, schema } of parameters)
        expect([key, name, schema?.type ?? schema?.$ref]).not.toContain(undefined);
    }
  });

  it('gives every operation a unique name, a tag, and a response with a schema', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { key, tags, responses } of operations) {
      expect([key, tags?.length]).toEqual([key, 1]);
      const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      expect([key, successes.length > 0]).toEqual([key, true]);
      for (const [status, answer] of successes) {
        const shape = Object.values(resolve(api, answer).content ?? {})[0]?.schema;
        expect([key, status, status === '204' || shape !== undefined]).toEqual([key, status, true]);
      }
    }
  });

  it('describes every operation and every response', () => {
    for (const { key, summary, responses } of operations) {
      expect([key, summary]).toEqual([key, expect.stringMatching(/^[A-Z].{5,120}\.$/)]);
      for (const [status, answer] of Object.entries(responses)) {
        const { description } = resolve(api, answer);
        expect([key, status, description]).toEqual([key, status, expect.stringMatching(/\w{2} .*[^:]$/s)]);
      }
    }
  });

  it('documents Idempotency-Key on exactly the routes that honour it', () => {
    const taking = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'Idempotency-Key'));
    const keys = taking.map(({ key }) => key);
    expect(keys).toEqual(
      expect.arrayContaining(['POST /api/v1/conversations/{id}/messages', 'POST /api/v1/files', 'POST /messages']),
    );
    expect(keys.filter((key) => !key.startsWith('POST ') || /auth\/ticket|webhooks$|rotate-secret/.test(key))).toEqual(
      [],
    );
  });

  it('lists the error codes of every response, and Retry-After for limits', () => {
    for (const operation of operations) {
      const { key, responses, isPublic } = operation;
      expect([key, responses['401'] !== undefined || isPublic]).toEqual([key, true]);
      for (const [status, answer] of Object.entries(responses).filter(([code]) => Number(code) >= 400)) {
        const { headers } = resolve(api, answer);
        if (status === '429') expect(Object.keys(headers ?? {})).toContain('Retry-After');
        // The probes return their state instead.
        const isError = !['GET /healthz 503', 'GET /readyz 503'].includes(`${key} ${status}`);
        expect([key, status, codesOf(api, operation, Number(status)).length > 0]).toEqual([key, status, isError]);
      }
    }
  });
});

describe('the list of errors', () => {
  it('contains every declared error', () => {
    const text = sourceFiles('src').map((file) => file.text);
    const codes = text.flatMap((source) =>
      [...source.matchAll(/class \w+ extends defineError[^']*'([A-Z_]+)'/g)].map(([, code]) => code),
    );
    const declared = declaredErrors().map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(60);
    expect(declared.sort()).toEqual(codes.sort());
  });

  it('has the same details for all errors with the same code', () => {
    const shapes = new Map<string, Set<string>>();
    for (const { code, details } of declaredErrors())
      shapes.set(code, (shapes.get(code) ?? new Set()).add(JSON.stringify(detailsSchema(details))));
    expect([...shapes].filter(([, { size }]) => size > 1)).toEqual([]);
  });
});

describe('the AsyncAPI document', () => {
  it('is served and has no dangling reference', async () => {
    const document = protocolDocument(test.app);
    expect((await request('GET', `${test.url}/asyncapi.json`)).body).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.asyncapi).toBe('3.0.0');
    expect(danglingRefs(document)).toEqual([]);
    const schemas = document.components.schemas as Record<string, Schema>;
    expect(Object.entries(schemas).flatMap(([name, schema]) => schemaProblems(schema, name))).toEqual([]);
  });

  it('describes every request over both transports, and every durable event', () => {
    const { operations: known, components } = protocolDocument(test.app);
    for (const { type } of test.app.get(FrameRouter).definitions) {
      expect(known).toHaveProperty([`webSocket.${type}`, 'reply']);
      expect(known).toHaveProperty([`socketIo.${type}`, 'action'], 'receive');
    }
    const declared = test.app.get(EventCatalogue).types();
    expect(declared.filter((type) => !components.messages[type])).toEqual([]);
  });

  it('describes the fields of every object but those of clients', () => {
    expect(openSchemas(protocolDocument(test.app))).toEqual(['/components/schemas/Metadata']);
  });
});

describe('the check of documents as a control', () => {
  it('finds dangling references', () => {
    expect(danglingRefs({ a: { $ref: '#/b' }, c: { $ref: '#/a' } })).toEqual(['#/b']);
  });

  it('finds a body with another code, or with one field more or less', () => {
    const operation = operations.find(({ key }) => key === 'GET /api/v1/users/{id}')!;
    const error = { code: 'USER_NOT_FOUND', message: '', details: {}, request_id: '' };
    const differences = (changed: object): string[] =>
      differencesFromDocument(api, operation, {
        status: 404,
        text: JSON.stringify({ error: { ...error, ...changed } }),
      });
    expect(differences({})).toEqual([]);
    expect(differences({ details: { more: 1 } })).toEqual(['404.error.details.more: not described']);
    expect(differences({ details: undefined })).toEqual(['404.error.details: missing']);
    expect(differences({ code: 'FILE_NOT_FOUND' })).toEqual(['404.error.code: "FILE_NOT_FOUND" is not listed']);
  });

  it('finds open objects', () => {
    const object = { type: 'object', properties: { a: {}, b: { type: ['object', 'null'] }, c: { type: 'string' } } };
    expect(openSchemas({ list: { type: 'array', items: {} }, object })).toEqual([
      '/list/items',
      '/object/a',
      '/object/properties/b',
    ]);
    expect(
      openSchemas({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: {} }),
    ).toHaveLength(1);
  });
});
