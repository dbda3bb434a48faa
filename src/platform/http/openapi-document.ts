import type { Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express, NextFunction, Response } from 'express';
import { DocumentBuilder, getSchemaPath, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { ErrorClass } from '../errors/app-error.js';
import { ErrorFormats } from '../errors/error-formats.js';
import { EventCatalogue } from '../event-log/event-catalogue.js';
import { METADATA_SCHEMA } from '../validation/safe-json.js';
import { API_HEADERS, ErrorResponses, errorsOf, headersFor, type Responses } from './openapi-responses.js';
import { Limits } from '../throttling/limits.service.js';
import { routeMetadata, type RouteMetadata } from './route-metadata.js';
import { exampleOf } from './openapi-examples.js';
import type { Scope } from '../identity/server-key.js';
import type { ParleyRequest } from './parley-request.js';
import { CachedJsonDocument } from './cached-json-document.js';
import { CALL_LIMIT } from '../throttling/limits.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = Record<string, object>;

type Success = { headers?: object; description: string };

/** The description of a successful response if the route has none. */
const SUCCESSES: Readonly<Record<string, string>> = {
  200: 'The requested resource, or its new state.',
  201: 'The created resource.',
  202: 'The request is accepted and will be processed.',
  204: 'The request was successful; the response has no body.',
};

/** The name of the security scheme of server keys. */
const SERVER_KEY = 'serverKey';
const SERVER_KEYS =
  'A server key of the host’s backend. Each route names the scope that the key needs (`x-required-scope`). ' +
  'With the header `X-Act-As: <user id>` and the scope `act-as` the call is made as that user, on any route.';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/**
 * Builds the OpenAPI 3.1 document of all routes from their decorators, and adds what applies to every route: errors,
 * headers, credentials, and that unknown fields are rejected. It also describes `extraModels`.
 */
export function openApiDocument(app: NestExpressApplication, extraModels: Type[] = []): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('Parley')
    .setDescription('A self-hosted chat backend. The realtime protocol is described in /asyncapi.json.')
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addServer('/')
    .addBearerAuth()
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'psk_<id>_<secret>', description: SERVER_KEYS },
      SERVER_KEY,
    )
    .addSecurityRequirements('bearer')
    .build();
  const eventData = app.get(EventCatalogue, { strict: false }).dataClasses();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (controller, method) => `${controller}_${method}`,
    extraModels: [...extraModels, ...eventData],
  });
  Object.assign(document.components!.schemas!, {
    Metadata: METADATA_SCHEMA,
    EventData: { anyOf: eventData.map((type) => ({ $ref: getSchemaPath(type) })) },
  });
  completeDocument(document, routeMetadata(app), app.get(ErrorFormats));
  return document;
}

/**
 * Serves the document at `/openapi.json` and a page that presents it at `/docs`. These are not routes of Nest, so each
 * request is counted here, as a call of the client's IP address.
 */
export function serveOpenApiDocument(app: NestExpressApplication): void {
  const document = new CachedJsonDocument(() => openApiDocument(app));
  app.use(['/openapi.json', '/docs'], countAsCall(app.get(Limits)));
  (app.getHttpAdapter().getInstance() as Express).get('/openapi.json', document.serve);
  // The page loads the document like any other client instead of containing a second copy.
  SwaggerModule.setup('docs', app, () => undefined as never, {
    raw: false,
    customSiteTitle: 'Parley API',
    // Without this the page sends the document to a public validator.
    swaggerOptions: { url: '../openapi.json', validatorUrl: null, persistAuthorization: false },
  });
}

/** Counts a request outside Nest's routes as a call of the IP address. Rejects it with RateLimitExceeded. */
export function countAsCall(limits: Limits) {
  return async (request: ParleyRequest, _response: Response, next: NextFunction): Promise<void> => {
    try {
      request.isCounted = true;
      await limits.checkIp(CALL_LIMIT, request.ip);
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}

function completeDocument(
  document: OpenAPIObject,
  metadata: ReadonlyMap<string, RouteMetadata>,
  formats: ErrorFormats,
): void {
  const schemas: Schemas = { ...document.components?.schemas };
  const errorResponses = new ErrorResponses();
  const names = new Map<string, number>();
  const tags = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const handler = /^\w+/.exec(operation.operationId ?? '')?.[0] ?? '';
      const known = metadata.get(handler);
      if (!known) throw new Error(`The route ${operation.operationId} is not known.`);
      operation.operationId = uniqueName(handler.replace('Controller_', '_'), names);
      const format = formats.at(path, method.toUpperCase());
      completeOperation(operation, method, known, (errors, isLimited) => errorResponses.of(errors, isLimited, format));
      forbidUnknownInput(operation, schemas);
      addExample(operation, schemas);
      operation.tags?.forEach((tag) => tags.add(tag));
    }
  }
  document.tags = [...tags].map((name) => ({ name }));
  delete (document.info as { contact?: object }).contact;
  Object.assign(schemas, errorResponses.schemas());
  const { responses } = errorResponses;
  document.components = { ...document.components, schemas, headers: API_HEADERS, responses } as never;
}

function completeOperation(
  operation: Operation,
  method: string,
  metadata: RouteMetadata,
  responsesOf: (errors: ErrorClass[], isLimited: boolean) => Responses,
): void {
  if (metadata.isPublic) operation.security = [];
  else describeKeys(operation, metadata.scope);
  if (method === 'post' && metadata.supportsIdempotencyKey) {
    (operation.parameters ??= []).push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'The same key and body return the same response again for a day',
      schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
    });
  }
  for (const [status, response] of Object.entries(operation.responses) as [string, Success][]) {
    response.headers = headersFor(metadata, method);
    response.description ||= SUCCESSES[status] ?? '';
  }
  const errors = responsesOf(errorsOf(metadata, method), metadata.limit !== undefined);
  operation.responses = { ...errors, ...operation.responses };
}

/** Says whether a server key may call the operation, and with which scope. */
function describeKeys(operation: Operation, scope: Scope | undefined): void {
  const sentence = scope ? `A server key needs the scope \`${scope}\`.` : 'A server key may call this only as a user.';
  operation.description = [operation.description, sentence].filter((part) => part).join(' ');
  operation.security = [{ bearer: [] }, { [SERVER_KEY]: [] }];
  if (scope) Object.assign(operation, { 'x-required-scope': scope });
}

/** Declares that a request body has no other fields than the described ones. */
function forbidUnknownInput({ requestBody }: Operation, schemas: Schemas): void {
  if (requestBody && 'content' in requestBody)
    forbidUnknownFields(requestBody.content['application/json']?.schema, schemas);
}

/** The page of the document sends this body unedited; without it, it would send every optional field with any value. */
function addExample({ requestBody }: Operation, schemas: Schemas): void {
  const json = requestBody && 'content' in requestBody ? requestBody.content['application/json'] : undefined;
  if (json?.schema && json.example === undefined) json.example = exampleOf(json.schema, schemas);
}

/** Declares that a schema, and the schemas it contains, have no additional properties. */
export function forbidUnknownFields(schema: object | undefined, schemas: Schemas): void {
  if (!schema) return;
  const { $ref, properties, allOf, additionalProperties } = schema as {
    $ref?: string;
    properties?: Schemas;
    allOf?: object[];
    additionalProperties?: unknown;
  };
  if ($ref) return forbidUnknownFields(schemas[$ref.slice('#/components/schemas/'.length)], schemas);
  if (properties && additionalProperties === undefined) Object.assign(schema, { additionalProperties: false });
  for (const inner of [...(allOf ?? []), ...Object.values(properties ?? {})]) forbidUnknownFields(inner, schemas);
}

/** Returns an unused operation id: a handler with several paths has several operations. */
function uniqueName(name: string, names: Map<string, number>): string {
  const count = (names.get(name) ?? 0) + 1;
  names.set(name, count);
  return count === 1 ? name : `${name}_${count}`;
}
